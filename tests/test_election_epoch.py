"""A leader's number, and Leases that somebody takes away by hand, on virtual time."""

import asyncio

import pytest

from gco_stream.errors import LostLeadership, Transient
from tests.fakes.clock import THE_BEGINNING
from tests.fakes.lease import Board
from tests.test_election import THEIRS, Candidate, holding, now

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B4")]


@pytest.fixture
def me() -> Candidate:
    return Candidate(Board())


async def test_the_epoch_is_the_leases_count(me: Candidate) -> None:
    me.board.put(THEIRS.released(at=THE_BEGINNING))
    await me.election.win()

    me.tenure.follow(0)

    assert await me.tenure.epoch() == 6


async def test_a_lease_that_is_behind_is_put_ahead_at_once_by_one_write(me: Candidate) -> None:
    async with holding(me) as task:
        await asyncio.sleep(0.5)
        me.line.calls.clear()
        me.tenure.follow(41)

        assert await me.tenure.epoch() == 42
        assert now() == 0.5
        assert me.line.operations() == ["write_lease"]
        assert me.board.lease is not None
        assert me.board.lease.transitions == 42
        assert not task.done()


async def test_a_lease_that_is_ahead_costs_no_write(me: Candidate) -> None:
    me.board.put(THEIRS.released(at=THE_BEGINNING))
    async with holding(me):
        me.line.calls.clear()
        me.tenure.follow(5)
        await asyncio.sleep(0.5)

        assert me.line.calls == []


async def test_trouble_with_it_is_tried_again_at_the_pace_of_renewals(me: Candidate) -> None:
    async with holding(me) as task:
        me.line.fail("write_lease", Transient("unreachable"))
        me.line.calls.clear()
        me.tenure.follow(41)
        await asyncio.sleep(7)
        assert len(me.line.calls) <= 8
        me.line.mend("write_lease")

        assert await me.tenure.epoch() == 42
        assert not task.done()


async def test_who_is_deposed_gets_no_epoch(me: Candidate) -> None:
    async with holding(me) as task:
        me.board.put(THEIRS)
        me.tenure.follow(41)

        with pytest.raises(LostLeadership):
            await task

        assert me.board.lease is not None
        assert me.board.lease.transitions == 5


async def test_one_that_was_deleted_is_not_taken_by_who_has_seen_it_held(me: Candidate) -> None:
    other = Candidate(me.board, "other")
    async with holding(me):
        standing_by = asyncio.create_task(other.election.win())
        await asyncio.sleep(60.1)
        me.line.cut("write_lease")
        me.board.lease = None
        await asyncio.sleep(9)
        assert (me.leads, other.leads) == (True, False)

        await standing_by

        assert now() >= 58 + 15
        assert me.board.lease is not None
        assert me.board.lease.transitions == 2


@pytest.mark.parametrize("seconds", [1.0, 60.0], ids=["in the middle", "over by then"])
async def test_a_lease_is_left_to_run_out_where_a_write_was_cut_off(me: Candidate, seconds: float) -> None:
    await me.election.win()

    async def write() -> None:
        async with me.tenure.writing():
            await asyncio.sleep(2)

    writing = asyncio.create_task(write())
    await asyncio.wait([writing], timeout=seconds)
    writing.cancel()
    await asyncio.wait([writing])
    me.tenure.extend(now() + 10, epoch=1)
    await me.election.release()

    assert (me.board.holder, me.leads) == ("me" if seconds < 2 else "", False)


@pytest.mark.parametrize(("later", "holder"), [(5.0, "me"), (20.0, "")], ids=["a moment ago", "long ago"])
async def test_a_write_that_was_cut_off_or_took_too_long_counts_for_as_long_as_it_may_still_be_done(
    me: Candidate, later: float, holder: str
) -> None:
    await me.election.win()
    me.tenure.extend(now() + 100, epoch=1)
    with pytest.raises(Transient):
        async with me.tenure.writing():
            await asyncio.sleep(60)

    await asyncio.sleep(later)
    me.tenure.extend(now() + 10, epoch=1)
    await me.election.release()

    assert me.board.holder == holder
