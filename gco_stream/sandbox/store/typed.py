"""Whether what was sent fits the schema, and the form in which it is stored."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from gco_stream.sandbox.store.amounts import canonical
from gco_stream.sandbox.store.paths import Path, dotted, step_of, steps
from gco_stream.sandbox.store.schema import Listing, Map, Scalar, Struct, Type

_NUMBERS = (int, float)
_GO_TYPES = {str: "string", bool: "bool"}
# Pointers in the API server's own types: what is empty there is still there.
_KEEPS_EMPTY = ("holderIdentity", "storageClassName", "ingressClassName", "valueFrom", "note")
_DROPPED_ZEROS = ("minReadySeconds", "initialDelaySeconds", "hostPort", "nodePort", "healthCheckNodePort", "weight")
_DROPPED_FALSE = ("paused", "hostNetwork", "hostPID", "hostIPC", "readOnly", "stdin", "stdinOnce", "tty")
_DROPPED_FALSE_TOO = ("publishNotReadyAddresses", "controllerManaged")
_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")
_QUANTITIES = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


class Misfit(Exception):
    """What was sent does not fit; the message says where and why."""


def misfits(value: Any, of: Type, path: Path = ()) -> Iterator[str]:
    """Say everything about an intent that the schema does not have, in the words of server-side apply."""
    if value is None:
        return
    wrong = _wrong(value, of)
    if wrong is not None:
        yield f"{dotted(path)}: {wrong}"
    elif isinstance(of, Struct):
        yield from _misfits_of_struct(value, of, path)
    elif isinstance(of, Listing):
        yield from _misfits_of_list(value, of, path)
    elif isinstance(of, Map):
        for name, entry in value.items():
            yield from misfits(entry, of.of, (*path, f"f:{name}"))


def _wrong(value: Any, of: Type) -> str | None:
    if isinstance(of, Listing):
        return None if isinstance(value, list) else f"expected list, got &{{{value}}}"
    if isinstance(of, Struct | Map):
        return None if isinstance(value, dict) else f"expected map, got &{{{value}}}"
    is_bool, is_number = isinstance(value, bool), isinstance(value, _NUMBERS) and not isinstance(value, bool)
    match of.name:
        case "string" if not isinstance(value, str):
            return f"expected string, got {_go(value)}"
        case "integer" | "number" if not is_number:
            return f"expected numeric (int or float), got {_GO_TYPES.get(type(value), 'object')}"
        case "boolean" if not is_bool:
            return f"expected boolean, got &{{{value}}}"
    return None


def _go(value: Any) -> str:
    shown = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return f"&value.valueUnstructured{{Value:{shown}}}"


def _misfits_of_struct(value: Mapping[str, Any], of: Struct, path: Path) -> Iterator[str]:
    for name, entry in value.items():
        below = of.field(name)
        if below is None:
            yield f"{dotted((*path, f'f:{name}'))}: field not declared in schema"
        else:
            yield from misfits(entry, below, (*path, f"f:{name}"))


def _misfits_of_list(value: list[Any], of: Listing, path: Path) -> Iterator[str]:
    seen: set[str] = set()
    for number, entry in enumerate(value):
        step = f"i:{number}"
        if of.keys and isinstance(entry, Mapping):
            missing = [key for key in of.keys if key not in entry and key != "protocol"]
            if missing:
                why = f'associative list with keys has an element that omits key field "{missing[0]}"'
                yield f"{dotted(path)}: element {number}: {why} (and doesn't have default value)"
                continue
        if of.is_set or (of.keys and isinstance(entry, Mapping)):
            step = step_of(entry, of)
            if step in seen:
                yield f"{dotted(path)}: duplicate entries for key {dotted((step,))}"
            seen.add(step)
        yield from misfits(entry, of.of, (*path, step))


def stored(value: Any, of: Type, name: str = "") -> Any:
    """Write a value as it is stored: without nulls and what is empty, amounts and times in their one form.

    Raises:
        Misfit: An amount, a time, or a whole number is none.
    """
    if isinstance(of, Scalar):
        return _stored_scalar(value, of)
    if isinstance(of, Listing):
        return [stored(entry, of.of) for entry in value]
    if isinstance(of, Map):
        return {key: stored("" if entry is None else entry, of.of) for key, entry in value.items()}
    kept: dict[str, Any] = {}
    for step, entry, below in steps(value, of):
        field = step[2:]
        if entry is not None and (field in of.required or not _is_nothing(field, entry, below)):
            kept[field] = stored(entry, below, field)
    return kept


def _is_nothing(field: str, value: Any, of: Type) -> bool:
    if value == "" and isinstance(value, str):
        return field not in _KEEPS_EMPTY
    if value is False:
        return field in _DROPPED_FALSE or field in _DROPPED_FALSE_TOO
    if value == 0 and isinstance(of, Scalar):
        return field in _DROPPED_ZEROS
    return isinstance(of, Listing | Map) and not value


def _stored_scalar(value: Any, of: Scalar) -> Any:
    match of.name:
        case "quantity":
            text = canonical(value)
            if text is None:
                raise Misfit(_QUANTITIES)
            return text
        case "integer":
            if value != int(value):
                raise Misfit(f"cannot convert float64 to int64: {value}")
            return int(value)
        case "micro-time":
            return _micro_time(value)
    return value


def _micro_time(value: Any) -> str:
    if not isinstance(value, str) or not _MICRO_TIME.fullmatch(value):
        rest = re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "", str(value))
        form = "2006-01-02T15:04:05.000000Z07:00"
        raise Misfit(f'parsing time "{value}" as "{form}": cannot parse "{rest}" as ".000000"')
    return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
