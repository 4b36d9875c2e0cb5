from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gco_stream.core import fields

_count: TypeAdapter[int] = TypeAdapter(Annotated[int, fields.whole_number(0, 100)])
_switch: TypeAdapter[bool] = TypeAdapter(fields.Switch)
_quantity: TypeAdapter[str] = TypeAdapter(fields.Quantity)
_count_or_percent: TypeAdapter[Any] = TypeAdapter(fields.CountOrPercent)
_environment: TypeAdapter[Any] = TypeAdapter(fields.Environment)


@pytest.mark.parametrize("value", [8, Decimal(8), Decimal("8.0"), "8", "8.0", " 8 ", 8.0, "+8", Decimal("8E0")])
def test_whole_numbers_are_read_from_whatever_the_writers_made_of_them(value: object) -> None:
    assert _count.validate_python(value) == 8


@pytest.mark.parametrize(
    "value", ["", "abc", "0.5", 0.5, Decimal("0.5"), True, None, [], -1, "-1", 101, Decimal("1E+3"), "1e2", "0x8"]
)
def test_anything_else_is_no_whole_number(value: object) -> None:
    with pytest.raises(ValidationError, match="must be a whole number from 0 to 100"):
        _count.validate_python(value)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), Decimal("Infinity"), Decimal("NaN"), Decimal("sNaN")])
def test_numbers_without_end_are_refused_like_any_other_wrong_value(value: object) -> None:
    for kind in (_count, _count_or_percent, _quantity):
        with pytest.raises(ValidationError, match="must be a"):
            kind.validate_python(value)


@pytest.mark.parametrize(("value", "read"), [(True, True), (False, False), ("true", True), ("false", False)])
def test_switches_are_booleans_or_their_words(value: object, read: bool) -> None:
    assert _switch.validate_python(value) is read


@pytest.mark.parametrize("value", ["yes", 1, Decimal(1), "True", ""])
def test_anything_else_is_no_switch(value: object) -> None:
    with pytest.raises(ValidationError, match="must be true or false"):
        _switch.validate_python(value)


@pytest.mark.parametrize(
    ("value", "read"),
    [("500m", "500m"), ("16Gi", "16Gi"), (4, "4"), (Decimal("0.5"), "0.5"), ("1e3", "1e3"), (0.5, "0.5")],
)
def test_quantities_are_written_as_kubernetes_reads_them(value: object, read: str) -> None:
    assert _quantity.validate_python(value) == read


@pytest.mark.parametrize("value", ["", "4GB", "-1", True, "1 Gi", [], "Gi", None])
def test_anything_else_is_no_quantity(value: object) -> None:
    with pytest.raises(ValidationError, match="must be a Kubernetes quantity"):
        _quantity.validate_python(value)


@pytest.mark.parametrize(("value", "read"), [(1, 1), (Decimal(2), 2), ("3", 3), ("25%", "25%"), ("100%", "100%")])
def test_a_share_is_a_count_or_a_percentage(value: object, read: object) -> None:
    assert _count_or_percent.validate_python(value) == read


@pytest.mark.parametrize("value", ["25 %", "-1", -1, "a", True, 0.5, Decimal("0.5"), "²", "1000%"])
def test_anything_else_is_no_share(value: object) -> None:
    with pytest.raises(ValidationError, match="must be a whole number of at least 0 or a percentage"):
        _count_or_percent.validate_python(value)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("as it is ", "as it is "),
        ("", ""),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.1"),
        (Decimal("100"), "100"),
        (Decimal("1" * 38), "1" * 38),
        (True, "true"),
        (False, "false"),
        (7, "7"),
    ],
)
def test_values_of_environment_variables_become_the_strings_that_a_person_would_write(value: object, read: str) -> None:
    assert _environment.validate_python({"A": value}) == {"A": read}


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-(10**20), max_value=10**20))
def test_a_number_written_plainly_is_the_same_number(number: Decimal) -> None:
    text = fields.plain(number)

    assert Decimal(text) == number
    assert "E" not in text


@pytest.mark.parametrize("name", ["A", "_a", "HF_TOKEN", "a.b", "A-B", "A1"])
def test_names_of_environment_variables_that_kubernetes_takes(name: str) -> None:
    assert _environment.validate_python({name: "x"}) == {name: "x"}


@pytest.mark.parametrize("name", ["", "1A", "a b", "a=b", "é", "A\n"])
def test_names_of_environment_variables_that_it_does_not_take(name: str) -> None:
    with pytest.raises(ValidationError, match="must have valid environment variable names only"):
        _environment.validate_python({name: "x"})


def test_nulls_go_at_every_depth_of_maps() -> None:
    value = {"a": None, "b": {"c": None, "d": 0}, "e": [{"f": None}, None], "g": "", "h": False}

    assert fields.without_nulls(value) == {"b": {"d": 0}, "e": [{}, None], "g": "", "h": False}
