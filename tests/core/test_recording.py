"""The format of a capture, both ways."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from gco_stream.core.recording import Recorded, from_line, to_line
from gco_stream.errors import InvalidRecord

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVERYTHING: dict[str, Any] = {
    "text": {"S": "é\u2028\n"},
    "number": {"N": "1.10"},
    "big": {"N": "12345678901234567890123456789012345678"},
    "truth": {"BOOL": True},
    "nothing": {"NULL": True},
    "bytes": {"B": b"\x00\xff"},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.50"]},
    "several": {"BS": [b"\x00", b"\x01"]},
    "list": {"L": [{"B": b"\x02"}, {"M": {"deep": {"B": b"\x03"}}}]},
    "map": {"M": {"N": {"N": "1"}, "B": {"S": "a name, no type"}, "L": {"L": []}}},
}


def recorded(**fields: Any) -> Recorded:
    given: dict[str, Any] = {
        "shard": "shardId-1",
        "sequence": "000000000000000000007",
        "at": NOON,
        "event": "MODIFY",
        "keys": {"endpoint_name": {"S": "llama"}},
        "before": EVERYTHING,
        "after": {},
    }
    return Recorded(**given | fields)


def a_line(**fields: Any) -> bytes:
    document = {**json.loads(to_line(recorded(before=None))), **fields}
    return json.dumps({key: value for key, value in document.items() if value is not ...}).encode()


def problem_of(line: bytes) -> str:
    with pytest.raises(InvalidRecord) as failure:
        from_line(line)
    return str(failure.value)


@pytest.mark.parametrize(
    "record",
    [
        recorded(),
        recorded(event="INSERT", before=None),
        recorded(event="REMOVE", after=None),
        recorded(at=None),
        recorded(at=NOON + timedelta(microseconds=1000)),
        recorded(keys={"other": {"N": "1"}}),
        recorded(after={"odd": {"WHAT": "1"}, "far": {"N": "-1E+200"}}),
    ],
    ids=["all types", "insert", "remove", "no time", "milliseconds", "another table's", "unknown type"],
)
def test_what_is_written_is_read_as_it_was(record: Recorded) -> None:
    line = to_line(record)

    assert "\n" not in line
    assert from_line(line.encode()) == record


def test_times_of_any_zone_are_written_in_utc() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))

    assert json.loads(to_line(recorded(at=elsewhere)))["time"] == "2026-03-01T12:00:00+00:00"


def test_the_line_is_a_document_whose_fields_are_a_contract() -> None:
    line = to_line(recorded(before={"n": {"N": "1.10"}, "b": {"B": b"\xff"}}, after=None, event="REMOVE"))

    assert json.loads(line) == {
        "shard": "shardId-1",
        "sequence": "000000000000000000007",
        "time": "2026-03-01T12:00:00+00:00",
        "event": "REMOVE",
        "keys": {"endpoint_name": {"S": "llama"}},
        "before": {"n": {"N": "1.10"}, "b": {"B": "/w=="}},
        "after": None,
    }


def test_images_and_time_may_be_missing() -> None:
    read = from_line(a_line(before=..., after=..., time=...))

    assert (read.before, read.after, read.at) == (None, None, None)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"shard": "s", "seq', "must be a JSON document: Unterminated string"),
        (b"\xff\xfe", "must be UTF-8 text"),
        (b"[1]", "must be a JSON object"),
        (b"[" * 100_000, "must not be nested that deep"),
        (a_line(event="UPDATE"), "event is 'UPDATE': must be 'INSERT' or 'MODIFY' or 'REMOVE'"),
        (a_line(sequence=7), "sequence is 7: must be a string"),
        (a_line(shard=...), "shard is missing: must be a string"),
        (a_line(time="noon"), "time is 'noon': must be a time such as"),
        (a_line(time="2026-03-01T12:00:00"), "must be a time such as"),
        (a_line(time=12), "time is 12: must be a time such as"),
        (a_line(keys=...), "keys is missing: must be an item"),
        (a_line(after={"a": "b"}), "must be null or an item in DynamoDB's notation"),
        (a_line(after={"a": {"B": "?"}}), "after is unreadable: must be in DynamoDB's notation: '?' is not base64"),
        (a_line(after={"a": {"L": [{"B": 1}]}}), "1 is not base64"),
        (a_line(after={"a": {"N": "many"}}), "'many' is no number in a string"),
        (a_line(after={"a": {"N": 1}}), "1 is no number in a string"),
        (a_line(after={"a": {"M": {"b": {"NS": ["1", "NaN"]}}}}), "'NaN' is no number in a string"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_broken_line_says_what_is_wrong(line: bytes, told: str) -> None:
    assert told in problem_of(line)


def test_every_problem_of_a_line_is_told() -> None:
    problem = problem_of(a_line(event=..., sequence=...))

    assert "event is missing" in problem
    assert "sequence is missing" in problem
