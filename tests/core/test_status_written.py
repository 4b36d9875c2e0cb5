"""What of a status is written, and when nothing is."""

from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.status import RegionStatus, State, held_by_another, to_write
from tests.builders import NOW, SCOPE, a_status, at


def a_report(**fields: Any) -> RegionStatus:
    return RegionStatus(**{"state": State.RUNNING, "observed_spec": "5d8f", "cluster": "gco", **fields})


def test_a_status_is_written_with_its_time_and_without_what_there_is_not() -> None:
    assert to_write(a_report(replicas_ready=1, replicas_desired=1, published=True), {}, now=NOW) == {
        "state": "running",
        "replicas_ready": 1,
        "replicas_desired": 1,
        "published": True,
        "observed_spec": "5d8f",
        "cluster": "gco",
        "last_sync": "2026-03-01T12:00:00.000000+00:00",
    }


def test_nothing_is_written_when_nothing_changed_but_the_time() -> None:
    written = to_write(a_report(error="x", reason="Y"), {}, now=NOW)
    assert written is not None

    later = NOW + timedelta(hours=1)
    assert to_write(a_report(error="x", reason="Y"), written, now=later) is None
    assert to_write(a_report(error="x", reason="Y"), {**written, "epoch": 3, "canary": {}}, now=later) is None
    for other in (
        a_report(error="x"),
        a_report(error="z", reason="Y"),
        a_report(state=State.ERROR, error="x", reason="Y"),
    ):
        assert to_write(other, written, now=later) is not None


def test_what_others_keep_in_our_status_survives() -> None:
    previous = a_status(error="old", reason="Old", epoch=3, unready_since=at(), canary={"weight": 10})

    written = to_write(a_report(), previous, now=NOW)

    assert written is not None
    assert {"epoch", "unready_since", "canary"} <= written.keys()
    assert not {"error", "reason"} & written.keys()


def test_a_long_error_is_cut() -> None:
    written = to_write(a_report(error="x" * 5000), {}, now=NOW)

    assert written is not None
    assert len(written["error"]) == 1000
    assert to_write(a_report(error="x" * 5000), written, now=NOW) is None


@pytest.mark.parametrize(
    ("previous", "other"),
    [
        (a_status(cluster="blue", last_sync=at(-60)), "blue"),
        (a_status(cluster="blue", last_sync=at(-3600)), None),
        (a_status(cluster=SCOPE.cluster, last_sync=at(-60)), None),
        (a_status(cluster=..., last_sync=at(-60)), None),
        (a_status(cluster="blue", last_sync="yesterday"), None),
        (a_status(cluster="blue", last_sync="2026-03-01T11:59:00"), None),
        ({}, None),
    ],
)
def test_a_fresh_status_of_another_cluster_is_left_to_it(previous: dict[str, Any], other: str | None) -> None:
    assert held_by_another(previous, SCOPE, now=NOW) == other
