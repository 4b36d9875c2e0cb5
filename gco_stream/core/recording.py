"""A capture's format: one JSON document a line, each a record of a stream as the service gave it.

Values stay as DynamoDB writes them (``{"N": "1.10"}``, binary values in base64), so that numbers, sets and binary
values survive, and so do images that this program cannot read.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from gco_stream.errors import InvalidRecord, Problem, Shown, shown

Attributes = Mapping[str, Any]
"""An item in DynamoDB's own notation, binary values as ``bytes``."""

_Image = TypeVar("_Image", Attributes, Attributes | None)

EVENTS = ("INSERT", "MODIFY", "REMOVE")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FIELDS = ("shard", "sequence", "time", "event", "keys", "before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One record of a stream, as it was given.

    Attributes:
        shard: Where it was; sequence numbers are comparable within one shard only.
        at: When it was written, as exactly as the service says; None where it does not.
        before, after: None where the stream carries none, or there was none.
    """

    shard: str
    sequence: str
    at: datetime | None
    event: str
    keys: Attributes
    before: Attributes | None
    after: Attributes | None


def to_line(recorded: Recorded) -> str:
    """Write a record as one line, without its end."""
    document = {
        "shard": recorded.shard,
        "sequence": recorded.sequence,
        "time": None if recorded.at is None else recorded.at.astimezone(UTC).isoformat(),
        "event": recorded.event,
        "keys": recorded.keys,
        "before": recorded.before,
        "after": recorded.after,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=_base64)


def from_line(line: bytes) -> Recorded:
    """Read a record from one line.

    Raises:
        InvalidRecord: The line is none; with every problem.
    """
    document = _document(line)
    problems = [problem for field in _FIELDS for problem in _problems(field, document.get(field))]
    if problems:
        raise InvalidRecord(problems)
    time = document.get("time")
    return Recorded(
        shard=document["shard"],
        sequence=document["sequence"],
        at=None if time is None else datetime.fromisoformat(time).astimezone(UTC),
        event=document["event"],
        keys=_image("keys", document["keys"]),
        before=_image("before", document.get("before")),
        after=_image("after", document.get("after")),
    )


def _base64(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"no attribute of DynamoDB holds a {type(value).__name__}")


def _document(line: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(line.decode())
    except UnicodeDecodeError:
        raise InvalidRecord([Problem("the line", Shown("unreadable"), "must be UTF-8 text")]) from None
    except json.JSONDecodeError as error:
        what = f"must be a JSON document: {error.msg} at column {error.colno}"
        raise InvalidRecord([Problem("the line", line.decode(), what)]) from None
    except RecursionError:
        raise InvalidRecord([Problem("the line", Shown("nested"), "must not be nested that deep")]) from None
    if not isinstance(document, Mapping):
        raise InvalidRecord([Problem("the line", document, "must be a JSON object")])
    return document


def _problems(field: str, value: Any) -> list[Problem]:
    match field:
        case "shard" | "sequence":
            is_right, expected = isinstance(value, str) and bool(value), "must be a string"
        case "time":
            is_right, expected = value is None or _is_time(value), "must be a time such as '2026-03-01T12:00:00+00:00'"
        case "event":
            is_right, expected = value in EVENTS, "must be " + " or ".join(f"'{event}'" for event in EVENTS)
        case "keys":
            is_right, expected = _is_image(value), "must be an item in DynamoDB's notation"
        case _:
            is_right, expected = value is None or _is_image(value), "must be null or an item in DynamoDB's notation"
    return [] if is_right else [Problem(field, value, expected)]


def _is_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _is_image(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(attribute, Mapping) for attribute in value.values())


def _image(field: str, attributes: _Image) -> _Image:
    if attributes is None:
        return attributes
    try:
        return {name: _attribute(value) for name, value in attributes.items()}
    except ValueError as error:
        problem = Problem(field, Shown("unreadable"), f"must be in DynamoDB's notation: {error}")
        raise InvalidRecord([problem]) from None


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise ValueError(f"{shown(value)} is not base64") from None


def _number(value: Any) -> str:
    """Check a number; one beyond what can be reckoned with is still one."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise ValueError(f"{shown(value)} is no number in a string")
    return value


def _attribute(attribute: Any) -> Any:
    """Read the binary values of an attribute; what is none of the known kinds stays as it is."""
    if not isinstance(attribute, Mapping):
        return attribute
    return {kind: _value(kind, value) for kind, value in attribute.items()}


def _value(kind: str, value: Any) -> Any:
    if kind in _READ:
        return _READ[kind](value)
    if not isinstance(value, list | Mapping):
        return value
    match kind:
        case "BS" | "NS":
            return [_READ[kind[0]](entry) for entry in value]
        case "L":
            return [_attribute(entry) for entry in value]
        case "M" if isinstance(value, Mapping):
            return {name: _attribute(entry) for name, entry in value.items()}
        case _:
            return value


_READ: Mapping[str, Callable[[Any], Any]] = {"B": _bytes, "N": _number}
