"""What failed is looked at soon once something outside is known to be back, and in no crowd."""

import pytest

from gco_stream.core.backlog import Again, Backlog, Urgency
from gco_stream.core.models import EndpointName

pytestmark = pytest.mark.behaviour("B11")

A, B = EndpointName("a"), EndpointName("b")
FAILED = Again(first=0.5, longest=60.0, is_failure=True)
LATER = Again(first=5.0, longest=60.0)
MANY = [EndpointName(f"endpoint-{number}") for number in range(200)]


def after_looks(backlog: Backlog, name: EndpointName, again: Again | None, *, now: float) -> None:
    """Take one name that is due, and give it back."""
    backlog.add(name, Urgency.RESYNC)
    assert backlog.take(now) == name
    backlog.done(name, again, now=now, lot=0.5)


def failing(*names: EndpointName, looks: int = 9) -> Backlog:
    """A backlog of names that have failed so often that they wait for a minute from 0 on."""
    backlog = Backlog()
    for name in names:
        for _ in range(looks):
            after_looks(backlog, name, FAILED, now=0.0)
    return backlog


def taken(backlog: Backlog, *, until: float) -> dict[EndpointName, float]:
    """When each name is handed out, by whoever takes it the moment that it is due."""
    times = {}
    while (due := backlog.next_due()) is not None and due <= until:
        name = backlog.take(due)
        assert name is not None
        times[name] = due
    return times


def test_what_failed_is_due_at_once() -> None:
    backlog = failing(A, B)
    assert backlog.next_due() == 60.0

    backlog.hasten(20.0)

    assert list(taken(backlog, until=20.1)) == [A, B]


def test_what_is_put_off_for_another_reason_waits_as_before() -> None:
    backlog = failing(A)
    after_looks(backlog, B, LATER, now=19.0)

    backlog.hasten(20.0)

    assert taken(backlog, until=30.0) == {A: 20.0, B: 24.0}


def test_a_crowd_comes_one_by_one() -> None:
    backlog = failing(*MANY)

    backlog.hasten(20.0)

    times = taken(backlog, until=60.0)
    assert set(times) == set(MANY)
    assert max(times.values()) < 25.0
    assert all(sum(second <= at < second + 1 for at in times.values()) <= 51 for second in range(20, 26))


def test_whom_the_other_side_asked_for_patience_waits_as_long() -> None:
    backlog = Backlog()
    after_looks(backlog, A, FAILED.not_before(30.0), now=0.0)

    backlog.hasten(20.0)

    assert taken(backlog, until=60.0) == {A: 30.0}


def test_what_comes_and_goes_hastens_nobody_more_often_than_every_ten_seconds() -> None:
    backlog, times, now = failing(A), [], 0.0

    while now < 100.0:
        now += 0.5
        backlog.hasten(now)
        if backlog.take(now) is not None:
            times.append(now)
            backlog.done(A, FAILED, now=now, lot=0.5)

    assert len(times) <= 11


def test_a_second_time_that_comes_soon_after_the_first_is_not_forgotten() -> None:
    backlog = failing(A)
    backlog.hasten(20.0)
    assert backlog.take(20.0) == A
    backlog.done(A, FAILED, now=20.0, lot=0.5)

    backlog.hasten(23.0)

    assert taken(backlog, until=80.0) == {A: 30.0}


def test_what_is_in_hand_and_fails_at_what_was_before_waits_for_a_short_time_only() -> None:
    backlog = failing(A)
    assert backlog.take(60.0) == A

    backlog.hasten(61.0)
    backlog.done(A, FAILED, now=62.0, lot=0.5)

    assert backlog.next_due() == 62.5


def test_one_that_fails_no_longer_shows_that_others_may_be_lucky_too() -> None:
    backlog = failing(A, B)

    after_looks(backlog, A, None, now=20.0)

    assert taken(backlog, until=21.0) == {B: 20.0}


def test_one_that_never_failed_shows_nothing() -> None:
    backlog = failing(A)

    after_looks(backlog, B, None, now=20.0)

    assert taken(backlog, until=59.0) == {}
