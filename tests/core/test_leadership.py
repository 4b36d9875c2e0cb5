"""What is decided about a Lease, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gco_stream.core.leadership import (
    Acquire,
    Contender,
    Lease,
    Renew,
    Sight,
    StandBy,
    StepDown,
    Terms,
    lease_manifest,
    read_lease,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=365)
TERMS = Terms()
ME = Contender(name="me_1", terms=TERMS)


def a_lease(holder: str = "other_1", **fields: Any) -> Lease:
    """Another of ours holds it, as of now."""
    held = Lease(holder=holder, marked=holder, acquired=NOW, renewed=NOW, transitions=3, version="7")
    return replace(held, **fields)


def seen(lease: Lease | None, *, ago: float) -> Sight:
    """It was first seen like this some seconds ago; now is 1000."""
    return Sight(lease=lease, since=1000 - ago)


def contend(sight: Sight) -> Acquire | Renew | StandBy:
    return ME.contend(sight, now=1000, at=NOW)


@pytest.mark.behaviour("B4")
@pytest.mark.parametrize(
    "sight",
    [
        pytest.param(seen(None, ago=0), id="absent"),
        pytest.param(seen(a_lease(holder=""), ago=0), id="given back"),
        pytest.param(seen(a_lease(renewed=None), ago=0), id="never renewed"),
        pytest.param(seen(a_lease(), ago=15), id="not changed for its duration"),
        pytest.param(seen(a_lease(duration=timedelta(seconds=60)), ago=60), id="not changed for its longer duration"),
        pytest.param(seen(a_lease(duration=timedelta(seconds=3)), ago=3), id="not changed for its shorter duration"),
        pytest.param(seen(a_lease(marked=""), ago=45), id="a poller's, not changed for 45 s"),
        pytest.param(seen(a_lease(marked="other_0"), ago=45), id="a poller's after one of ours, not changed for 45 s"),
        pytest.param(seen(a_lease(renewed=NOW + timedelta(days=1)), ago=15), id="renewed tomorrow, by its own clock"),
    ],
)
def test_a_lease_that_nobody_holds_is_taken(sight: Sight) -> None:
    assert isinstance(contend(sight), Acquire)


@pytest.mark.behaviour("B4")
@pytest.mark.parametrize(
    ("sight", "until"),
    [
        pytest.param(seen(a_lease(), ago=14.9), 1000.1, id="nearly run out"),
        pytest.param(seen(a_lease(renewed=LONG_AGO), ago=0), 1015, id="renewed a year ago, by its own clock"),
        pytest.param(seen(a_lease(duration=timedelta(seconds=60)), ago=15), 1045, id="a longer duration"),
        pytest.param(seen(a_lease(marked=""), ago=15), 1030, id="a poller's"),
        pytest.param(seen(a_lease(marked="me_1"), ago=15), 1030, id="a poller's that took it from us"),
        pytest.param(
            seen(a_lease(marked="", duration=timedelta(seconds=90)), ago=45), 1045, id="a poller's with a long duration"
        ),
    ],
)
def test_a_lease_that_somebody_may_hold_is_left_alone(sight: Sight, until: float) -> None:
    step = contend(sight)

    assert isinstance(step, StandBy)
    assert step.holder == "other_1"
    assert step.until == pytest.approx(until)


def test_a_lease_that_is_ours_already_is_kept_not_taken_again() -> None:
    step = contend(seen(a_lease("me_1"), ago=0))

    assert isinstance(step, Renew)
    assert step.lease.transitions == 3


@pytest.mark.behaviour("B4")
def test_taking_it_says_who_since_when_and_that_it_changed_hands() -> None:
    before = a_lease(holder="", acquired=LONG_AGO, duration=timedelta(seconds=1))

    step = contend(seen(before, ago=0))

    assert step == Acquire(
        replace(before, holder="me_1", marked="me_1", acquired=NOW, renewed=NOW, transitions=4, duration=TERMS.duration)
    )


def test_the_first_taking_counts_as_one() -> None:
    step = contend(seen(None, ago=0))

    assert isinstance(step, Acquire)
    assert (step.lease.transitions, step.lease.version) == (1, None)


def test_renewing_changes_the_time_of_renewal_alone() -> None:
    held = a_lease("me_1")

    later = held.renewed_at(NOW + timedelta(seconds=2), TERMS)

    assert later == replace(held, renewed=NOW + timedelta(seconds=2))


@pytest.mark.behaviour("B4")
def test_giving_it_back_names_nobody_and_keeps_the_duration() -> None:
    held = a_lease("me_1")

    free = held.released(at=NOW)

    assert (free.holder, free.duration, free.transitions) == ("", timedelta(seconds=15), 3)
    assert isinstance(contend(seen(free, ago=0)), Acquire)


def test_the_time_counts_from_when_this_version_was_first_seen() -> None:
    first = Sight(lease=None, since=0).then(a_lease(version="7"), now=10)
    again = first.then(a_lease(version="7"), now=20)
    changed = again.then(a_lease(version="8"), now=30)
    gone = changed.then(None, now=40)

    assert [sight.since for sight in (first, again, changed, gone)] == [10, 10, 30, 40]


class TestDefending:
    """We led, and a write of ours met a Lease that is not as we left it."""

    held = a_lease("me_1")

    def test_somebody_else_in_it_is_the_end_whatever_its_times_say(self) -> None:
        for lease in (a_lease(), a_lease(renewed=None), a_lease(renewed=LONG_AGO), a_lease(marked="")):
            assert ME.defend(seen(lease, ago=100), self.held, at=NOW) == StepDown("other_1")

    def test_a_change_beside_the_holder_is_written_over(self) -> None:
        step = ME.defend(seen(a_lease("me_1", version="9", marked="x"), ago=0), self.held, at=NOW)

        assert isinstance(step, Renew)
        assert (step.lease.version, step.lease.marked) == ("9", "me_1")

    def test_one_that_was_emptied_is_taken_again(self) -> None:
        step = ME.defend(seen(a_lease(""), ago=0), self.held, at=NOW)

        assert isinstance(step, Acquire)
        assert (step.lease.holder, step.lease.transitions) == ("me_1", 4)

    def test_one_that_was_deleted_is_made_again_and_its_count_goes_on(self) -> None:
        step = ME.defend(seen(None, ago=0), self.held, at=NOW)

        assert isinstance(step, Acquire)
        assert (step.lease.version, step.lease.transitions) == (None, 4)

    @pytest.mark.parametrize("holder", ["me_1", ""])
    def test_a_count_that_was_set_back_by_hand_goes_on_where_it_was(self, holder: str) -> None:
        step = ME.defend(seen(a_lease(holder, transitions=0), ago=0), self.held, at=NOW)

        assert isinstance(step, Renew | Acquire)
        assert step.lease.transitions == (3 if holder else 4)


class TestManifest:
    def test_what_is_written_is_read_back(self) -> None:
        lease = a_lease(renewed=NOW.replace(microsecond=120))

        assert read_lease(lease_manifest(lease)) == lease

    @pytest.mark.parametrize("time", [NOW, NOW.replace(microsecond=120)], ids=["whole second", "microseconds"])
    def test_times_have_six_digits_and_a_zone(self, time: datetime) -> None:
        spec = lease_manifest(a_lease(renewed=time))["spec"]

        assert spec["renewTime"] == f"2026-03-01T12:00:00.{time.microsecond:06}+00:00"

    def test_a_count_is_never_more_than_the_field_can_hold(self) -> None:
        assert lease_manifest(a_lease(transitions=2**31))["spec"]["leaseTransitions"] == 2**31 - 1

    def test_what_others_wrote_into_it_stays(self) -> None:
        theirs = lease_manifest(a_lease())
        theirs["metadata"] |= {"labels": {"a": "b"}, "annotations": {"theirs": "yes", "gco.io/holder": "other_1"}}
        theirs["metadata"]["managedFields"] = [{}]
        theirs["spec"]["strategy"] = "OldestEmulationVersion"

        written = lease_manifest(read_lease(theirs).taken("me_1", TERMS, at=NOW))

        assert written["metadata"] == {
            "name": "inference-monitor-leader",
            "labels": {"a": "b"},
            "annotations": {"theirs": "yes", "gco.io/holder": "me_1"},
            "resourceVersion": "7",
        }
        assert written["spec"]["strategy"] == "OldestEmulationVersion"

    @pytest.mark.parametrize("spec", [None, {}, {"holderIdentity": None, "renewTime": None, "leaseTransitions": None}])
    def test_a_lease_with_nothing_in_it_is_free(self, spec: Any) -> None:
        lease = read_lease({"metadata": {"name": "x", "resourceVersion": "1"}, "spec": spec})

        assert isinstance(contend(seen(lease, ago=0)), Acquire)
        assert lease.transitions == 0

    def test_a_pollers_lease_without_duration_is_left_alone_for_45_s(self) -> None:
        spec = {"holderIdentity": "other_1", "renewTime": "2026-03-01T12:00:00Z"}
        lease = read_lease({"metadata": {"name": "x", "resourceVersion": "1"}, "spec": spec})

        assert contend(seen(lease, ago=0)) == StandBy("other_1", 1045)
