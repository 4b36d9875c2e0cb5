"""A Lease that somebody took away by hand, and one that client-go's elections write."""

from dataclasses import replace

import pytest

from gco_stream.core.leadership import Acquire, Lease, Sight, StandBy, read_lease
from tests.core.test_leadership import ME, NOW, TERMS, a_lease, contend, seen

pytestmark = pytest.mark.behaviour("B4")


class TestTakenAwayByHand:
    """Who deletes or empties a Lease deposes nobody: its holder may not even have noticed."""

    def test_one_that_vanishes_is_kept_as_if_it_had_been_renewed_right_before(self) -> None:
        held = Sight(lease=a_lease(), since=970)

        gone = held.then(None, now=998).then(None, now=1000)

        assert contend(gone) == StandBy("", 1013)
        assert isinstance(ME.contend(gone, now=1013, at=NOW), Acquire)

    @pytest.mark.parametrize(
        "lease",
        [
            pytest.param(a_lease("", marked="other_1", version="8"), id="holder emptied"),
            pytest.param(a_lease(renewed=None, version="8"), id="renewTime emptied"),
            pytest.param(Lease(version="8"), id="deleted and made anew"),
        ],
    )
    def test_one_that_is_emptied_is_kept_as_long(self, lease: Lease) -> None:
        gone = Sight(lease=a_lease(), since=970).then(None, now=997) if not lease.marked else None

        emptied = (gone or Sight(lease=a_lease(), since=970)).then(lease, now=998)

        assert isinstance(contend(emptied), StandBy)
        assert emptied.runs_out() == (998 if lease.marked else 997) + 15

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            pytest.param(a_lease(), a_lease().released(at=NOW), id="ours"),
            pytest.param(a_lease(marked=""), a_lease("", marked=""), id="client-go's"),
            pytest.param(a_lease(marked="me_0"), a_lease("", marked="me_0"), id="client-go's after one of ours"),
        ],
    )
    def test_one_that_is_given_back_is_taken_at_once(self, before: Lease, after: Lease) -> None:
        free = Sight(lease=before, since=999).then(replace(after, version="8"), now=1000)

        assert isinstance(contend(free), Acquire)

    def test_its_count_goes_on(self) -> None:
        gone = Sight(lease=None, since=0).then(a_lease(transitions=7), now=900).then(None, now=910)

        step = contend(gone)

        assert isinstance(step, Acquire)
        assert (step.lease.version, step.lease.transitions) == (None, 8)

    def test_who_finds_none_and_never_saw_one_takes_it_at_once(self) -> None:
        assert isinstance(contend(Sight(lease=None, since=0).then(None, now=1000)), Acquire)


class TestClientGo:
    """Its elections write the same object, without our mark."""

    def test_a_leader_is_left_alone_as_long_as_a_poller(self) -> None:
        spec = {
            "holderIdentity": "node_7a0c",
            "leaseDurationSeconds": 15,
            "acquireTime": "2026-03-01T11:00:00.000000Z",
            "renewTime": "2026-03-01T12:00:00.123456Z",
            "leaseTransitions": 4,
        }
        lease = read_lease({"metadata": {"name": "x", "resourceVersion": "1"}, "spec": spec})

        assert contend(seen(lease, ago=0)) == StandBy("node_7a0c", 1045)

    def test_one_that_it_gave_back_is_taken_and_counted_on(self) -> None:
        spec = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": "2026-03-01T12:00:00.1Z"}
        lease = read_lease({"metadata": {"name": "x", "resourceVersion": "1"}, "spec": spec | {"leaseTransitions": 4}})

        step = contend(seen(lease, ago=0))

        assert isinstance(step, Acquire)
        assert (step.lease.transitions, step.lease.duration) == (5, TERMS.duration)
