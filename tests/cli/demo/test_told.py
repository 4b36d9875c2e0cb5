"""How the demo words what is written, and what the controller logs."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from gco_stream.cli.demo.told import Source, Told, of_change, of_log, of_new_record
from gco_stream.core.writing import Change

AT = datetime(2026, 5, 20, 9, 30, tzinfo=UTC)
ITEM = {"endpoint_name": "chat", "desired_state": "running", "spec": {"image": "vllm:v1", "replicas": Decimal(2)}}


def a_change(sets: dict[tuple[str, ...], Any]) -> Change:
    return Change(before=ITEM, sets=sets, unchanged=())


def logged(message: str, **facts: Any) -> list[Told]:
    line = {"timestamp": AT.isoformat(), "level": "INFO", "message": message, "endpoint": "chat", **facts}
    return list(of_log(line))


def texts(told: list[Told]) -> list[str]:
    return [one.text for one in told]


def test_a_new_record_is_told_by_what_its_spec_asks_for() -> None:
    assert of_new_record(ITEM) == "new record: image vllm:v1, replicas 2"


def test_a_change_is_told_field_by_field() -> None:
    change = a_change({("spec", "replicas"): 3, ("updated_at",): "later"})

    assert of_change(change) == "spec.replicas: 2 → 3"


def test_what_is_added_and_what_is_taken_away_is_told() -> None:
    spec = {"image": "vllm:v1", "canary": {"image": "vllm:v2", "weight": 20}}

    told = of_change(a_change({("spec",): spec}))

    assert told == "spec.replicas removed, spec.canary.image vllm:v2, spec.canary.weight 20"


def test_a_plan_is_told_action_by_action() -> None:
    reason = "apply Service chat: missing; apply Deployment chat: spec.replicas: 1 → 3; spec.paused: 'x; y' → none"

    told = logged("plan carried out", actions=["apply Service chat", "apply Deployment chat"], reason=reason)

    assert texts(told) == [
        "apply Service chat: missing",
        "apply Deployment chat: spec.replicas: 1 → 3; spec.paused: 'x; y' → none",
    ]
    assert all(one.may_be_cut for one in told)


def test_a_status_is_told_with_its_reason() -> None:
    (told,) = logged("status written", state="error", reason="spec.port is 'abc'", level="WARNING")

    assert told == Told(
        at=AT, source=Source.CONTROLLER, endpoint="chat", text="status: error (spec.port is 'abc')", is_trouble=True
    )


def test_a_status_without_a_reason_is_told_without() -> None:
    assert texts(logged("status written", state="running", reason=None)) == ["status: running"]


def test_whatever_else_is_logged_is_told_as_it_is() -> None:
    assert texts(logged("promoted to running")) == ["promoted to running"]
    assert texts(logged("pass failed, will try again", reason="no answer")) == [
        "pass failed, will try again: no answer"
    ]


def test_a_line_without_a_time_is_passed_over() -> None:
    assert list(of_log({"message": "started"})) == []
