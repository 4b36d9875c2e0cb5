import pytest

from gco_stream.core.models import Observed
from gco_stream.core.progress import is_unfinished
from gco_stream.core.status import RegionStatus, State
from gco_stream.core.wish import Request
from tests.builders import INGRESS, SCOPE, a_request, an_endpoint, everything_of, foreign, leaving


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


def unfinished(status: RegionStatus | None, seen: Observed | None = None, request: Request | None = None) -> bool:
    return is_unfinished(request or a_request(), Observed() if seen is None else seen, status)


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (State.CREATING, None, True),
        (State.UPDATING, "Unavailable", True),
        (State.STOPPING, None, True),
        (State.DELETING, None, True),
        (State.RUNNING, "Degraded", True),
        (State.RUNNING, "LoadBalancerFull", True),
        (State.ERROR, "ProgressDeadlineExceeded", True),
        (State.RUNNING, None, False),
        (State.STOPPED, None, False),
        (State.DELETED, None, False),
        (State.ERROR, "Invalid", False),
    ],
)
def test_another_look_is_due_where_time_alone_may_change_something(
    state: State, reason: str | None, expected: bool
) -> None:
    assert unfinished(a_status(state, reason=reason)) is expected


@pytest.mark.behaviour("B19")
def test_an_endpoint_whose_pod_got_ready_during_the_pass_is_published_by_another() -> None:
    assert unfinished(a_status(State.RUNNING, published=False))
    assert not unfinished(a_status(State.RUNNING, published=False, ready=0))


@pytest.mark.behaviour("B27")
def test_an_object_that_is_going_is_looked_for_until_it_is_gone() -> None:
    seen = everything_of(an_endpoint())
    going = seen.after(INGRESS, leaving(seen.objects[INGRESS]))

    assert unfinished(a_status(State.RUNNING), going)
    assert unfinished(None, going)


def test_somebody_elses_object_that_is_going_is_none_of_our_business() -> None:
    seen = everything_of(an_endpoint())

    assert not unfinished(None, Observed().after(INGRESS, foreign(leaving(seen.objects[INGRESS]))))


@pytest.mark.behaviour("B11")
def test_a_record_that_cannot_be_read_waits_for_its_change() -> None:
    assert not unfinished(a_status(State.CREATING), request=a_request(spec={"port": "abc"}))
