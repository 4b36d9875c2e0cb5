"""The queue of names, with whoever waits for work; its order is the backlog's."""

import asyncio

import pytest

from gco_stream.core.backlog import Again
from gco_stream.core.models import EndpointName
from gco_stream.queue import WorkQueue
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.looptime

LLAMA, MISTRAL = EndpointName("llama"), EndpointName("mistral")


async def test_who_waits_is_woken_by_a_name() -> None:
    queue = WorkQueue(FakeClock())

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(queue.take())
        await asyncio.sleep(100)
        await queue.add(LLAMA)

    assert waiting.result() == LLAMA


async def test_each_of_several_waiting_workers_gets_a_name_of_its_own() -> None:
    queue = WorkQueue(FakeClock())

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(queue.take()) for _ in range(2)]
        await asyncio.sleep(1)
        for name in (LLAMA, LLAMA, MISTRAL):
            await queue.add(name)

    assert {task.result() for task in waiting} == {LLAMA, MISTRAL}
    assert len(queue) == 0


async def test_a_name_in_hand_is_handed_out_again_only_after_it_was_given_back() -> None:
    queue = WorkQueue(FakeClock())
    await queue.add(LLAMA)
    assert await queue.take() == LLAMA
    await queue.add(LLAMA)

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(queue.take())
        await asyncio.sleep(100)
        assert not waiting.done()
        await queue.done(LLAMA, None)

    assert waiting.result() == LLAMA


async def test_a_name_put_off_comes_when_it_is_due() -> None:
    queue = WorkQueue(FakeClock(lot=0.5))
    await queue.add(LLAMA)
    await queue.take()
    before = asyncio.get_running_loop().time()

    await queue.done(LLAMA, Again(first=7.0, longest=60.0))

    assert await queue.take() == LLAMA
    assert asyncio.get_running_loop().time() - before == pytest.approx(7.0, abs=0.01)


@pytest.mark.parametrize("lot", [number / 17 for number in range(18)])
async def test_waiting_for_what_is_due_does_not_go_round_and_round(lot: float) -> None:
    clock = CountingClock(lot=lot)
    queue = WorkQueue(clock)
    await queue.add(LLAMA)
    await queue.take()
    await queue.done(LLAMA, Again(first=0.1, longest=60.0))
    clock.asked = 0

    assert await queue.take() == LLAMA

    assert clock.asked < 10


class CountingClock(FakeClock):
    asked = 0

    def monotonic(self) -> float:
        self.asked += 1
        return super().monotonic()


async def test_a_fresh_change_does_not_wait_for_a_back_off() -> None:
    queue = WorkQueue(FakeClock())
    await queue.add(LLAMA)
    await queue.take()
    await queue.done(LLAMA, Again(first=60.0, longest=60.0))

    await queue.add(LLAMA)

    async with asyncio.timeout(0.1):
        assert await queue.take() == LLAMA


@pytest.mark.behaviour("B5")
async def test_closing_sends_everybody_home_whatever_still_waits() -> None:
    queue = WorkQueue(FakeClock())

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(queue.take()) for _ in range(3)]
        await asyncio.sleep(1)
        await queue.close()

    await queue.add(LLAMA)
    assert [task.result() for task in waiting] == [None] * 3
    assert await queue.take() is None


@pytest.mark.behaviour("B13")
async def test_a_queue_that_is_not_open_yet_hands_out_nothing_until_it_is() -> None:
    queue = WorkQueue(FakeClock(), is_open=False)
    await queue.add(LLAMA)

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(queue.take()) for _ in range(2)]
        await asyncio.sleep(100)
        before = [task.done() for task in waiting]
        await queue.open()
        await asyncio.sleep(1)
        await queue.close()

    assert before == [False, False]
    assert {task.result() for task in waiting} == {LLAMA, None}
