import asyncio

import pytest

from gco_stream.shell.pace import Pace
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.looptime


async def times_of(pace: Pace, turns: int) -> list[float]:
    """When each of so many turns came that were all asked for at once, in the order of asking."""
    times = [0.0] * turns

    async def take(number: int) -> None:
        await pace.turn()
        times[number] = asyncio.get_running_loop().time()

    async with asyncio.TaskGroup() as group:
        for number in range(turns):
            group.create_task(take(number))
    return times


async def test_the_first_turns_come_at_once_and_the_others_in_later_seconds() -> None:
    assert await times_of(Pace(FakeClock(), per_second=3), 8) == [0, 0, 0, 1, 1, 1, 2, 2]


async def test_whoever_comes_late_enough_does_not_wait() -> None:
    pace = Pace(FakeClock(), per_second=2)

    for number in range(10):
        await asyncio.sleep(0.5)
        await pace.turn()

        assert asyncio.get_running_loop().time() == pytest.approx(0.5 * (number + 1))


async def test_no_second_has_more_turns_than_allowed() -> None:
    pace, times = Pace(FakeClock(), per_second=5), list[float]()

    for number in range(60):
        await asyncio.sleep((number % 7) / 20)
        await pace.turn()
        times.append(asyncio.get_running_loop().time())

    assert all(later - earlier >= 1 - 1e-6 for earlier, later in zip(times, times[5:], strict=False))
