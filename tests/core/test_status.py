"""What of a status is written, and when nothing is."""

from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.models import Delete, Observed
from gco_stream.core.plan import Plan
from gco_stream.core.publication import Publication
from gco_stream.core.report import Outcome, region_status
from gco_stream.core.route import Route
from gco_stream.core.status import RegionStatus, State, held_by_another, to_write
from tests.builders import (
    DEPLOYMENT,
    ELSEWHERE,
    NOW,
    SCOPE,
    SERVICE,
    a_deployment_status,
    a_live,
    a_request,
    a_status,
    an_endpoint,
    at,
    deployment_of,
    everything_of,
    foreign,
    observed,
    status_of,
)


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
    assert to_write(a_report(error="x", reason="Y"), {**written, "epoch": 3, "note": {}}, now=later) is None
    for other in (
        a_report(error="x"),
        a_report(error="z", reason="Y"),
        a_report(state=State.ERROR, error="x", reason="Y"),
    ):
        assert to_write(other, written, now=later) is not None


def test_what_others_keep_in_our_status_survives() -> None:
    previous = a_status(
        error="old", reason="Old", epoch=3, note={"seen": at()}, canary={"weight": 10}, unready_since=at()
    )

    written = to_write(a_report(), previous, now=NOW)

    assert written is not None
    assert {"epoch", "note"} <= written.keys()
    assert not {"error", "reason", "canary", "unready_since"} & written.keys()


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


@pytest.mark.behaviour("B13")
@pytest.mark.parametrize("state", ["stopped", "deleted"])
def test_a_foreign_deployment_is_not_reported_as_stopped_or_deleted(state: str) -> None:
    theirs = foreign(a_live(deployment_of(an_endpoint()), **a_deployment_status(1)))

    status = status_of(a_request(desired_state=state), observed(theirs, pods=()), plan=Plan(foreign=(DEPLOYMENT,)))

    assert (status.state, status.reason) == (State.ERROR, "ForeignObject")


@pytest.mark.behaviour("B7", "B13")
def test_foreign_objects_of_an_endpoint_that_is_not_for_this_region_are_nobodys_business() -> None:
    request = a_request(target_regions=[ELSEWHERE])

    outcome = Outcome(plan=Plan(foreign=(SERVICE,)), observed=Observed())

    assert region_status(request, outcome, SCOPE, now=NOW) is None


@pytest.mark.behaviour("B26")
def test_what_was_only_just_deleted_is_looked_for_once_more() -> None:
    plan = Plan(actions=(Delete(key=SERVICE, uid="1", why="deleted"),))

    assert status_of(a_request(desired_state="deleted"), Observed(pods=()), plan=plan).state is State.DELETING


@pytest.mark.behaviour("B7", "B8")
def test_an_unknown_state_is_told_only_where_the_record_belongs() -> None:
    elsewhere = a_request(desired_state="paused", target_regions=[ELSEWHERE])

    assert status_of(a_request(desired_state="paused")).state is State.ERROR
    assert region_status(elsewhere, Outcome(plan=Plan(), observed=Observed()), SCOPE, now=NOW) is None


@pytest.mark.behaviour("B19")
def test_an_endpoint_without_room_on_the_load_balancer_runs_and_says_so() -> None:
    seen = everything_of(an_endpoint(), published=False)

    status = status_of(a_request(), seen, plan=Plan(publication=Publication(route=Route(), reason="LoadBalancerFull")))

    assert (status.state, status.reason, status.published) == (State.RUNNING, "LoadBalancerFull", False)
