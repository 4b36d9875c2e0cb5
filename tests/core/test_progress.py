from dataclasses import replace
from datetime import timedelta

import pytest

from gco_stream.core.backlog import Again
from gco_stream.core.models import Kind, ObjectKey, Observed
from gco_stream.core.plan import Plan
from gco_stream.core.progress import AT_ONCE, EVENTUALLY, HANDED_ON, SOON, next_look
from gco_stream.core.publication import Publication
from gco_stream.core.route import Route
from gco_stream.core.status import RegionStatus, State
from gco_stream.core.wish import Request
from tests.builders import (
    INGRESS,
    NOW,
    SCOPE,
    a_deployment_status,
    a_request,
    an_endpoint,
    everything_of,
    foreign,
    leaving,
)


def a_status(state: State, *, reason: str | None = None, published: bool = True, ready: int = 1) -> RegionStatus:
    return RegionStatus(
        state=state,
        reason=reason,
        replicas_ready=ready,
        replicas_desired=ready,
        published=published,
        observed_spec="x",
        cluster=SCOPE.cluster,
    )


def look(
    status: RegionStatus | None, seen: Observed | None = None, request: Request | None = None, plan: Plan | None = None
) -> Again | None:
    there = Observed() if seen is None else seen
    return next_look(request or a_request(), there, status, plan or Plan(), now=NOW)


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (State.STOPPING, None, SOON),
        (State.DELETING, None, SOON),
        (State.CREATING, None, EVENTUALLY),
        (State.UPDATING, "Unavailable", EVENTUALLY),
        (State.RUNNING, "Degraded", EVENTUALLY),
        (State.RUNNING, "LoadBalancerFull", EVENTUALLY),
        (State.STOPPING, "Held", EVENTUALLY),
        (State.RUNNING, "Held", None),
        (State.RUNNING, None, None),
        (State.STOPPED, None, None),
        (State.DELETED, None, None),
        (State.ERROR, "Invalid", None),
    ],
)
def test_another_look_is_due_where_something_may_change_by_itself_soon_where_nobody_else_tells(
    state: State, reason: str | None, expected: Again | None
) -> None:
    assert look(a_status(state, reason=reason)) == expected


def test_a_rollout_over_its_deadline_may_come_to_its_end_yet() -> None:
    overdue = a_deployment_status(1, ready=0, progress="ProgressDeadlineExceeded")
    seen = everything_of(an_endpoint(), **overdue)

    assert look(a_status(State.ERROR, reason="ImagePullBackOff"), seen) == EVENTUALLY
    assert look(a_status(State.ERROR, reason="Invalid"), everything_of(an_endpoint())) is None


@pytest.mark.behaviour("B29")
def test_a_decision_that_is_due_is_taken_then_and_not_at_some_later_look() -> None:
    soon = Plan(publication=Publication(route=Route(), due=NOW + timedelta(seconds=7)))
    long_ago = Plan(publication=Publication(route=Route(), due=NOW - timedelta(seconds=7)))

    assert look(a_status(State.RUNNING), plan=soon) == Again.at(7)
    assert look(a_status(State.UPDATING), plan=soon) == EVENTUALLY.not_after(7)
    assert look(a_status(State.RUNNING), plan=long_ago) == Again.at(0)
    assert look(a_status(State.RUNNING), plan=replace(soon, held="maintenance")) is None


def test_the_next_step_of_what_was_done_follows_at_once() -> None:
    assert look(a_status(State.RUNNING), plan=Plan(is_unfinished=True)) == AT_ONCE


@pytest.mark.behaviour("B19")
def test_an_endpoint_whose_pod_got_ready_during_the_pass_is_published_by_another() -> None:
    assert look(a_status(State.RUNNING, published=False)) == SOON
    assert look(a_status(State.RUNNING, published=False, ready=0)) is None


@pytest.mark.behaviour("B27")
def test_an_object_that_is_going_is_looked_for_until_it_is_gone() -> None:
    seen = everything_of(an_endpoint())
    going = seen.after(INGRESS, leaving(seen.objects[INGRESS]))

    assert look(a_status(State.RUNNING), going) == SOON
    assert look(None, going) == SOON


def test_somebody_elses_object_that_is_going_is_none_of_our_business() -> None:
    seen = everything_of(an_endpoint())

    assert look(None, Observed().after(INGRESS, foreign(leaving(seen.objects[INGRESS])))) is None


@pytest.mark.behaviour("B13")
def test_another_endpoints_object_that_is_in_the_way_is_looked_for_until_it_is_gone() -> None:
    of_another = everything_of(an_endpoint("other")).objects[ObjectKey(Kind.INGRESS, "inference-other")]
    in_the_way, told = Observed().after(INGRESS, of_another), a_status(State.ERROR, reason="ForeignObject")

    assert look(told, in_the_way, plan=Plan(foreign=(INGRESS,))) == HANDED_ON
    assert look(told, Observed().after(INGRESS, foreign(of_another)), plan=Plan(foreign=(INGRESS,))) is None


@pytest.mark.behaviour("B11")
def test_a_record_that_cannot_be_read_waits_for_its_change() -> None:
    assert look(a_status(State.CREATING), request=a_request(spec={"port": "abc"})) is None
