"""Standing by, leading and giving back, on virtual time."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from gco_stream.core.leadership import Contender, Lease, Terms
from gco_stream.election import Election
from gco_stream.errors import Conflict, Denied, LostLeadership, Refused, Transient
from gco_stream.tenure import Tenure
from tests.fakes.clock import THE_BEGINNING, FakeClock
from tests.fakes.lease import Board, FakeLeases

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B4")]

THEIRS = Lease(holder="other", marked="other", acquired=THE_BEGINNING, renewed=THE_BEGINNING, transitions=5)
TROUBLE = [Transient("unreachable"), Denied("forbidden"), Refused("no", reason="Invalid")]


class Candidate:
    """One process' election, and its line to the Lease that all see."""

    def __init__(self, board: Board, name: str = "me") -> None:
        self.board = board
        self.leases = FakeLeases(board=board)
        self.line = self.leases.line
        self.tenure = Tenure(FakeClock(), write_seconds=5)
        self.election = Election(self.leases, FakeClock(), Contender(name=name, terms=Terms()), self.tenure)

    @property
    def leads(self) -> bool:
        return self.tenure.seconds_left() > 0


@pytest.fixture
def me() -> Candidate:
    return Candidate(Board())


@asynccontextmanager
async def holding(candidate: Candidate) -> AsyncIterator[asyncio.Task[None]]:
    """Win, and hold in a task of its own."""
    await candidate.election.win()
    task = asyncio.create_task(candidate.election.hold())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


def now() -> float:
    return asyncio.get_running_loop().time()


class TestStandingBy:
    async def test_where_nobody_leads_the_first_look_wins(self, me: Candidate) -> None:
        await me.election.win()

        assert now() == 0
        assert (me.board.holder, me.leads) == ("me", True)

    async def test_somebody_who_renews_is_never_disturbed(self, me: Candidate) -> None:
        me.board.put(THEIRS)
        winning = asyncio.create_task(me.election.win())
        for _ in range(100):
            await asyncio.sleep(10)
            me.board.put(THEIRS)

        winning.cancel()

        assert me.line.count("write_lease") == 0
        assert not me.leads

    async def test_somebody_who_died_is_followed_right_after_the_duration(self, me: Candidate) -> None:
        me.board.put(THEIRS)

        await me.election.win()

        assert 15 <= now() <= 15.5
        assert me.board.lease is not None
        assert (me.board.lease.holder, me.board.lease.transitions) == ("me", 6)

    async def test_a_lease_given_back_is_taken_at_the_next_look(self, me: Candidate) -> None:
        for later in range(0, 100, 10):
            asyncio.get_running_loop().call_later(later, me.board.put, THEIRS)
        asyncio.get_running_loop().call_later(100, me.board.put, THEIRS.released(at=THE_BEGINNING))
        await asyncio.sleep(0.1)

        await me.election.win()

        assert 100 <= now() <= 102

    async def test_a_slow_answer_is_not_counted_as_time_that_has_passed(self, me: Candidate) -> None:
        me.board.put(THEIRS)
        me.line.latency = 4

        await me.election.win()

        assert now() >= 4 + 15

    @pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
    @pytest.mark.parametrize("operation", ["read_lease", "write_lease"])
    async def test_trouble_neither_wins_nor_ends_it(self, me: Candidate, operation: str, trouble: Exception) -> None:
        me.line.fail(operation, trouble)
        winning = asyncio.create_task(me.election.win())
        await asyncio.sleep(600)

        assert (winning.done(), me.leads) == (False, False)
        me.line.mend(operation)
        async with asyncio.timeout(3):
            await winning

    async def test_trouble_is_told_once_as_long_as_it_lasts(
        self, me: Candidate, caplog: pytest.LogCaptureFixture
    ) -> None:
        me.line.fail("read_lease", Transient("unreachable"))
        winning = asyncio.create_task(me.election.win())

        await asyncio.sleep(600)
        winning.cancel()

        assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1

    async def test_who_was_slower_by_a_moment_stands_by(self, me: Candidate) -> None:
        me.line.meanwhile(1, lambda: me.board.put(THEIRS))
        winning = asyncio.create_task(me.election.win())
        await asyncio.sleep(5)

        winning.cancel()

        assert (me.board.holders, me.leads, me.election.leader) == (["other"], False, "other")

    async def test_of_many_who_start_at_once_one_leads(self) -> None:
        board = Board()
        many = [Candidate(board, f"c{number}") for number in range(10)]
        tasks = [asyncio.create_task(candidate.election.win()) for candidate in many]

        await asyncio.sleep(5)
        for task in tasks:
            task.cancel()

        assert [candidate.leads for candidate in many].count(True) == len(board.holders) == 1

    async def test_a_lease_that_was_taken_though_the_answer_got_lost_is_found_to_be_ours(self, me: Candidate) -> None:
        def loses_the_answer() -> None:
            raise Transient("no answer in time")

        me.leases.after_write = loses_the_answer

        await me.election.win()

        assert now() < 3
        assert me.board.holders == ["me", "me"]
        assert me.board.lease is not None
        assert me.board.lease.transitions == 1


class TestHolding:
    async def test_it_is_renewed_every_two_seconds_by_one_call(self, me: Candidate) -> None:
        async with holding(me) as task:
            me.line.calls.clear()
            await asyncio.sleep(60.5)

            assert me.line.operations() == ["write_lease"] * 30
            assert not task.done()
            assert me.tenure.seconds_left() >= 8

    async def test_trouble_for_less_than_the_deadline_is_survived(self, me: Candidate) -> None:
        async with holding(me) as task:
            me.line.fail("write_lease", Transient("unreachable"))
            await asyncio.sleep(7)
            me.line.mend("write_lease")
            await asyncio.sleep(30)

            assert not task.done()
            assert me.leads

    @pytest.mark.parametrize("trouble", TROUBLE, ids=lambda error: type(error).__name__)
    async def test_trouble_for_longer_ends_it_at_the_deadline(self, me: Candidate, trouble: Exception) -> None:
        async with holding(me) as task:
            me.line.fail("write_lease", trouble)

            with pytest.raises(LostLeadership):
                await task

            assert 9.9 <= now() <= 10.1
            assert not me.leads

    async def test_a_call_that_hangs_does_not_hold_up_the_end(self, me: Candidate) -> None:
        async with holding(me) as task:
            me.line.cut("write_lease")

            with pytest.raises(LostLeadership):
                await task

            assert 9.9 <= now() <= 10.1

    async def test_certainty_counts_from_before_the_request(self, me: Candidate) -> None:
        me.line.latency = 3

        await me.election.win()

        assert me.tenure.seconds_left() == pytest.approx(7)

    async def test_somebody_else_in_it_ends_it_at_once(self, me: Candidate) -> None:
        async with holding(me) as task:
            me.board.put(THEIRS)

            with pytest.raises(LostLeadership, match="other leads now"):
                await task

            assert now() <= 2.1
            assert not me.leads
            assert me.board.holder == "other"

    async def test_a_change_beside_the_holder_does_not_end_it(self, me: Candidate) -> None:
        async with holding(me) as task:
            assert me.board.lease is not None
            me.board.put(me.board.lease)
            await asyncio.sleep(30)

            assert not task.done()
            assert me.leads

    @pytest.mark.parametrize("emptied", [True, False], ids=["emptied", "deleted"])
    async def test_one_that_was_taken_away_by_hand_is_taken_back(self, me: Candidate, *, emptied: bool) -> None:
        async with holding(me) as task:
            me.board.lease = None
            if emptied:
                me.board.put(THEIRS.released(at=THE_BEGINNING))
            await asyncio.sleep(3)

            assert not task.done()
            assert (me.board.holder, me.leads) == ("me", True)
            assert me.board.lease is not None
            assert me.board.lease.transitions == (6 if emptied else 2)

    async def test_who_wakes_after_the_deadline_ends_without_a_call(self, me: Candidate) -> None:
        await me.election.win()
        me.tenure.extend(now(), epoch=1)
        me.line.calls.clear()

        with pytest.raises(LostLeadership):
            await me.election.hold()

        assert me.line.calls == []


class TestGivingBack:
    async def test_it_is_free_at_once_and_says_so(self, me: Candidate) -> None:
        await me.election.win()

        await me.election.release()

        assert (me.board.holder, me.leads) == ("", False)
        assert me.board.lease is not None
        assert me.board.lease.duration == timedelta(seconds=15)

    async def test_who_lost_it_leaves_it_alone(self, me: Candidate) -> None:
        await me.election.win()
        await asyncio.sleep(10)
        me.line.calls.clear()

        await me.election.release()

        assert me.line.calls == []

    async def test_an_answer_that_nobody_waited_for_is_made_good(self, me: Candidate) -> None:
        def is_told_to_stop() -> None:
            raise asyncio.CancelledError

        me.leases.after_write = is_told_to_stop
        await asyncio.wait([asyncio.create_task(me.election.win())])

        await me.election.release()

        assert me.board.holders == ["me", ""]

    @pytest.mark.parametrize("trouble", [*TROUBLE, Conflict("x")], ids=lambda error: type(error).__name__)
    async def test_trouble_is_tried_again_for_a_moment(self, me: Candidate, trouble: Exception) -> None:
        await me.election.win()
        me.line.fail_next("write_lease", trouble)

        await me.election.release()

        assert me.board.holder == ""

    async def test_an_answer_that_never_comes_is_not_waited_for(self, me: Candidate) -> None:
        await me.election.win()
        me.line.cut("write_lease")

        await me.election.release()

        assert now() <= 4
