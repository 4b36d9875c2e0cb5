"""What the queue, and those who work on it, count."""

import asyncio

import pytest

from gco_stream.core.backlog import Again, Urgency
from gco_stream.core.models import EndpointName
from gco_stream.errors import Conflict, Refused, Transient
from gco_stream.meters import Ending
from gco_stream.queue import WorkQueue
from tests.builders import an_item
from tests.fakes.clock import FakeClock
from tests.fakes.controller import Controller, serving
from tests.fakes.line import soon
from tests.fakes.meters import FakeMeters

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B39")]

LLAMA, MISTRAL = EndpointName("llama"), EndpointName("mistral")


async def test_a_name_waits_from_when_it_was_asked_for_first() -> None:
    meters = FakeMeters()
    queue = WorkQueue(FakeClock(), meters)
    await queue.add(LLAMA)
    await asyncio.sleep(2)
    await queue.add(LLAMA)
    await asyncio.sleep(1)

    await queue.take()

    assert (meters.adds, meters.waits) == (2, [3.0])


async def test_a_name_that_is_asked_for_while_it_is_in_hand_waits_from_then_on() -> None:
    meters = FakeMeters()
    queue = WorkQueue(FakeClock(), meters)
    await queue.add(LLAMA)
    await queue.take()
    await queue.add(LLAMA)
    await asyncio.sleep(5)
    await queue.done(LLAMA, None)

    await queue.take()

    assert meters.waits == [0.0, 5.0]
    assert meters.works == [(5.0, False)]


async def test_a_look_that_falls_due_by_itself_has_not_waited() -> None:
    meters = FakeMeters()
    queue = WorkQueue(FakeClock(), meters)
    await queue.add(LLAMA)
    await queue.take()
    await queue.done(LLAMA, Again.at(60.0))
    assert queue.later == 1

    await queue.take()

    assert meters.waits == [0.0, 0.0]
    assert meters.works == [(0.0, True)]


async def test_a_queue_tells_why_names_wait_and_for_how_long_others_are_in_hand() -> None:
    queue = WorkQueue(FakeClock())
    await queue.add(LLAMA)
    await queue.take()
    await asyncio.sleep(3)
    await queue.add(MISTRAL, Urgency.RESYNC)

    assert queue.waiting() == {Urgency.FRESH: 0, Urgency.AGAIN: 0, Urgency.RESYNC: 1}
    assert queue.in_hand() == {LLAMA: 3.0}
    await queue.done(LLAMA, None)
    assert queue.in_hand() == {}


@pytest.mark.parametrize(
    ("operation", "error", "ending"),
    [
        ("get", Transient("throttled"), Ending.FAILED),
        ("get", Conflict("read again"), Ending.AGAIN_AT_ONCE),
        ("observe", Refused("never", reason="Invalid"), Ending.REFUSED),
        ("observe", ZeroDivisionError("a bug"), Ending.CRASHED),
    ],
)
async def test_every_end_of_a_pass_is_counted(operation: str, error: Exception, ending: Ending) -> None:
    controller = Controller()
    async with serving(controller):
        await asyncio.sleep(5)
        controller.line.fail_next(operation, error)
        controller.records.put(an_item("llama"))

        await soon(lambda: controller.meters.endings, within=1)

    assert next(iter(controller.meters.endings)) is ending


async def test_a_pass_over_its_deadline_is_counted_as_one() -> None:
    controller = Controller(K8S_API_TIMEOUT="1")
    controller.line.cut("observe")
    async with serving(controller):
        controller.records.put(an_item("llama"))

        await soon(lambda: controller.meters.endings, within=60)

    assert controller.meters.endings == {Ending.TIMED_OUT: 1}


async def test_a_pass_that_wants_another_look_is_told_from_one_that_is_done() -> None:
    controller = Controller()
    async with serving(controller):
        controller.records.put(an_item("llama"))

        await soon(lambda: controller.states() == {"running"})
        await asyncio.sleep(10)

    assert controller.meters.endings[Ending.AGAIN_LATER] >= 1
    assert controller.meters.endings[Ending.SUCCESS] >= 1
    assert sum(controller.meters.endings.values()) == len(controller.meters.works)
    assert [until for until, _ in controller.meters.waited] == ["applied", "running"]
