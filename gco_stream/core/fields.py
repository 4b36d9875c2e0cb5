"""The kinds of value that a record's fields hold.

DynamoDB hands numbers over as ``Decimal``, and the old command line wrote floats as strings, so what counts as a
number is wider here than in Python; everything else is exactly what it says. Each kind also says, for ``core.schema``,
what somebody may write who edits a record by hand.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from gco_stream.core.quantities import amount

_WHOLE = re.compile(r"[+-]?\d+(\.0+)?")
_LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_HEALTH_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
_LONGEST_HEALTH_PATH = 1024
_ENVIRONMENT_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


def wrong(expected: str, **shown: str) -> PydanticCustomError:
    """Make the error for a value that is not what it should be; ``expected`` says what would be right.

    ``shown``, as ``shown="…"``, stands in messages in place of a value that is too long or secret.
    """
    return PydanticCustomError("gco_record", "{expected}", {"expected": expected, **shown})


def whole_number(lowest: int, highest: int | None = None) -> BeforeValidator:
    """Accept whole numbers in a range, also written as a string (``"8000"``), never a bool."""
    span = f"from {lowest} to {highest}" if highest is not None else f"of at least {lowest}"

    def check(value: object) -> int:
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            value = Decimal(value.strip())
        if isinstance(value, float | int) and not isinstance(value, bool):
            value = Decimal(value)
        if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
            number = int(value)
            if lowest <= number <= (number if highest is None else highest):
                return number
        raise wrong(f"must be a whole number {span}")

    return BeforeValidator(check, json_schema_input_type=Annotated[int, Field(ge=lowest, le=highest)] | WrittenNumber)


def one_of(*allowed: str) -> BeforeValidator:
    """Accept exactly these strings."""

    def check(value: object) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        raise wrong("must be " + " or ".join(f"'{word}'" for word in allowed))

    written = Annotated[str, Field(json_schema_extra={"enum": [str(word) for word in allowed]})]
    return BeforeValidator(check, json_schema_input_type=written)


def matching(
    test: Callable[[str], bool], expected: str, *, pattern: str | None = None, longest: int | None = None
) -> BeforeValidator:
    """Accept strings that pass a test; ``pattern`` and ``longest`` are as much of it as a schema can say."""

    def check(value: object) -> str:
        if isinstance(value, str) and test(value):
            return value
        raise wrong(expected)

    return BeforeValidator(check, json_schema_input_type=Annotated[str, Field(pattern=pattern, max_length=longest)])


def plain(value: object) -> str:
    """Write a scalar as the string that a person would: ``1`` and not ``1E+0``, ``true`` and not ``True``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and value.is_finite():
        # Decimal.normalize would round to 28 digits, and the table holds 38.
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def kind_of(value: object) -> str:
    """Say what kind of value this is, for messages that must not show it."""
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, list | tuple | set | frozenset):
        return "a list"
    return "a string" if isinstance(value, str) else "a single value"


def _scalar(value: object) -> str:
    if isinstance(value, str | bool | int | float | Decimal):
        return plain(value)
    raise wrong("must be a string, a number or a boolean", shown=kind_of(value))


def is_health_path(path: str) -> bool:
    """Whether a load balancer can ask for health under this path.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    """
    return len(path) <= _LONGEST_HEALTH_PATH and _HEALTH_PATH.fullmatch(path) is not None


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise wrong("must be true or false")


def _quantity(value: object) -> str:
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        text = plain(value).strip()
        if text[:1] not in "+-" and amount(text) is not None:
            return text
    raise wrong("must be a Kubernetes quantity such as '500m', '4' or '16Gi'")


def _count_or_percent(value: object) -> int | str:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}%", value):
        return f"{int(value[:-1])}%"
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and _is_count(Decimal(value)):
        return int(value)
    raise wrong("must be a whole number of at least 0 or a percentage such as '25%'")


def _is_count(number: Decimal) -> bool:
    return number.is_finite() and number >= 0 and number == number.to_integral_value()


def _mapping(value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise wrong("must be a map", shown=kind_of(value))


def _listing(value: object) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    raise wrong("must be a list", shown=kind_of(value))


def _environment(value: object) -> Mapping[str, Any]:
    variables = _mapping(value)
    for name in variables:
        if not _ENVIRONMENT_NAME.fullmatch(name):
            raise wrong("must have valid environment variable names only", shown=f"a map with the name {name!r}")
    return variables


def _labels(value: object) -> Mapping[str, Any]:
    labels = _mapping(value)
    for key, text in labels.items():
        if not _LABEL_KEY.fullmatch(key) or len(key.rpartition("/")[2]) > 63:
            raise wrong("must have valid Kubernetes label keys only", shown=f"a map with the key {key!r}")
        if not isinstance(text, str) or not _LABEL_VALUE.fullmatch(text):
            expected = "must have strings of at most 63 letters, digits and '-_.' as values"
            raise wrong(expected, shown=f"a map with {key!r}: {text!r}")
    return labels


def without_nulls(value: Any) -> Any:
    """Drop every map entry that is null: in a record that means the same as absent."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {key: without_nulls(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [without_nulls(entry) for entry in value]
    return value


is_map = BeforeValidator(_mapping, json_schema_input_type=dict[str, Any])
is_list = BeforeValidator(_listing)

WrittenNumber = Annotated[str, Field(pattern=r"^\s*[+-]?\d+(\.0+)?\s*$")]
_Scalar = str | bool | int | float
_Key = Annotated[str, Field(pattern=f"^{_LABEL_KEY.pattern}$")]
_Percent = Annotated[str, Field(pattern="^[0-9]{1,3}%?$")]

Text = Annotated[str, matching(lambda text: bool(text.strip()), "must be a non-empty string", pattern=r"\S")]
AnyText = Annotated[str, matching(lambda _: True, "must be a string")]
Path = Annotated[
    str,
    matching(
        is_health_path,
        "must be a string that starts with '/' and has only characters that a URI may have",
        pattern=f"^{_HEALTH_PATH.pattern}$",
        longest=_LONGEST_HEALTH_PATH,
    ),
]
Switch = Annotated[bool, BeforeValidator(_boolean, json_schema_input_type=bool | Literal["true", "false"])]
Quantity = Annotated[str, BeforeValidator(_quantity, json_schema_input_type=str | int | float)]
CountOrPercent = Annotated[
    int | str, BeforeValidator(_count_or_percent, json_schema_input_type=Annotated[int, Field(ge=0)] | _Percent)
]
Texts = Annotated[tuple[AnyText, ...], is_list]
Labels = Annotated[
    Mapping[str, str],
    BeforeValidator(
        _labels, json_schema_input_type=dict[_Key, Annotated[str, Field(pattern=f"^{_LABEL_VALUE.pattern}$")]]
    ),
]
Quantities = Annotated[Mapping[str, Quantity], BeforeValidator(_mapping)]
Environment = Annotated[
    Mapping[str, Annotated[str, BeforeValidator(_scalar)]],
    BeforeValidator(
        _environment,
        json_schema_input_type=dict[Annotated[str, Field(pattern=f"^{_ENVIRONMENT_NAME.pattern}$")], _Scalar],
    ),
]
