"""What the API server's answers mean for what the controller does next."""

import json
from typing import Any

import pytest

from gco_stream.errors import Conflict, Denied, GcoStreamError, Refused, Transient
from gco_stream.shell.kubernetes_errors import Answer, error_of


def an_answer(code: int, body: object = "", *, retry_after: str | None = None) -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(doing="PATCH /x", code=code, body=text.encode(), retry_after=retry_after)


def a_status(message: str = "no", *, reason: str | None = None, causes: object = None) -> dict[str, Any]:
    status: dict[str, Any] = {"kind": "Status", "message": message}
    if reason:
        status["reason"] = reason
    if causes is not None:
        status["details"] = {"causes": causes}
    return status


@pytest.mark.parametrize(
    ("code", "body", "expected"),
    [
        (400, a_status(), Refused),
        (401, a_status(), Denied),
        (403, a_status(), Denied),
        (408, "", Transient),
        (409, a_status(), Conflict),
        (422, a_status(reason="Invalid"), Refused),
        (429, a_status(), Transient),
        (500, a_status("etcdserver: leader changed"), Transient),
        (500, a_status("failed to create typed patch object (ns/a; apps/v1, Kind=Deployment): x"), Refused),
        (500, a_status("failed to convert new object (ns/a; apps/v1, Kind=Deployment) to proper version: x"), Refused),
        (500, "failed to create typed patch object, says a proxy", Transient),
        (502, "<html>bad gateway</html>", Transient),
        (503, "", Transient),
        (504, a_status(reason="Timeout"), Transient),
        (302, "", Transient),
    ],
)
@pytest.mark.behaviour("B11")
def test_each_answer_means_one_thing(code: int, body: object, expected: type[GcoStreamError]) -> None:
    assert type(error_of(an_answer(code, body))) is expected


def test_a_refusal_carries_the_servers_reason() -> None:
    error = error_of(an_answer(422, a_status(reason="Invalid")))

    assert isinstance(error, Refused)
    assert error.reason == "Invalid"


def test_a_refusal_without_reason_gets_one() -> None:
    error = error_of(an_answer(500, a_status("failed to create typed patch object (…): duplicate entries")))

    assert isinstance(error, Refused)
    assert error.reason == "Invalid"


@pytest.mark.parametrize(
    ("message", "short"),
    [
        ("Invalid value: 70000: must be between 1 and 65535, inclusive", None),
        ('Invalid value: "500m": must be an integer', None),
        (
            "Invalid value: \"A_b\": a lowercase label must consist of … (e.g. 'my-name', regex used is '[a-z]…')",
            'Invalid value: "A_b": a lowercase label must consist of …',
        ),
        ('Unsupported value: "x": supported values: "y"; more', 'Unsupported value: "x": supported values: "y"'),
    ],
)
def test_a_cause_is_told_by_field_and_shortly(message: str, short: str | None) -> None:
    causes = [{"reason": "FieldValueInvalid", "message": message, "field": "spec.x"}]

    assert str(error_of(an_answer(422, a_status("long and winding", causes=causes)))) == (f"spec.x: {short or message}")


def test_an_apply_for_an_object_that_was_replaced_is_a_conflict() -> None:
    cause = {
        "reason": "FieldValueInvalid",
        "message": 'Invalid value: "u-1": field is immutable',
        "field": "metadata.uid",
    }

    assert isinstance(error_of(an_answer(422, a_status(reason="Invalid", causes=[cause]))), Conflict)


def test_a_cause_that_comes_twice_is_told_once() -> None:
    cause = {"message": "Invalid value", "field": "spec.x"}
    other = {"message": "Required value", "field": "spec.y"}

    told = str(error_of(an_answer(422, a_status(causes=[cause, cause, other]))))

    assert told == "spec.x: Invalid value; spec.y: Required value"


@pytest.mark.parametrize(
    "details",
    [None, "text", [], {"causes": None}, {"causes": "text"}, {"causes": ["text"]}, {"causes": [{"field": "spec.x"}]}],
    ids=json.dumps,
)
def test_odd_details_are_no_crash(details: object) -> None:
    error = error_of(an_answer(422, {"kind": "Status", "message": "no", "details": details}))

    assert isinstance(error, Refused)
    assert str(error) in ("no", "spec.x: invalid")


@pytest.mark.parametrize("body", ["<html><h1>Bad</h1></html>", {"error": "bad"}], ids=json.dumps)
def test_a_proxys_refusal_is_not_taken_for_the_api_servers(body: object) -> None:
    error = error_of(an_answer(400, body))

    assert isinstance(error, Transient)
    assert str(error) == "PATCH /x: HTTP 400"


@pytest.mark.parametrize("body", ["[]", "null", "3", '"text"', "{", "\x00\xff"], ids=repr)
def test_a_body_that_is_no_status_is_no_crash(body: str) -> None:
    assert isinstance(error_of(an_answer(503, body)), Transient)


def test_plain_text_is_not_repeated() -> None:
    assert str(error_of(an_answer(502, "<html>\n  <b>bad\tgateway</b>\n"))) == "PATCH /x: HTTP 502"


def test_an_empty_body_is_told_by_its_code() -> None:
    assert str(error_of(an_answer(503))) == "PATCH /x: HTTP 503"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("3600", 60.0),
        (None, None),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_is_read_where_it_is_a_number(header: str | None, seconds: float | None) -> None:
    error = error_of(an_answer(429, retry_after=header))

    assert isinstance(error, Transient)
    assert error.retry_after == seconds
