"""The system's clock."""

import asyncio
from datetime import UTC, timedelta

import pytest

from gco_stream.shell.clock import SystemClock


def test_now_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)
    assert SystemClock().now().tzinfo is UTC


def test_lots_lie_between_0_and_1_and_differ() -> None:
    lots = {SystemClock().lot() for _ in range(100)}

    assert len(lots) > 90
    assert all(0 <= lot < 1 for lot in lots)


@pytest.mark.looptime
async def test_waits_and_the_monotonic_clock_agree() -> None:
    clock = SystemClock()
    before = clock.monotonic()

    await clock.sleep(3)

    assert clock.monotonic() - before == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize("seconds", [0.0, -5.0])
async def test_a_wait_of_nothing_lets_others_have_their_turn(seconds: float) -> None:
    turns: list[str] = []

    async def other() -> None:
        turns.append("other")

    async with asyncio.TaskGroup() as group:
        group.create_task(other())
        await SystemClock().sleep(seconds)
        turns.append("we")

    assert turns == ["other", "we"]
