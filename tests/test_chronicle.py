"""What is told of passes, and that telling it hurts none of them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from gco_stream.chronicle import Chronicle
from gco_stream.core.brake import Waiting
from gco_stream.core.events import Announcement
from gco_stream.core.models import EndpointName
from gco_stream.core.status import State
from gco_stream.errors import Denied, GcoStreamError, Refused, Transient
from tests.builders import NAME, NOW, SCOPE
from tests.core.an_account import an_account, applying
from tests.fakes.clock import FakeClock
from tests.fakes.events import FakeEvents
from tests.fakes.line import settled
from tests.fakes.meters import FakeMeters

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B39")]


class Desk:
    """A chronicle, and where its words go."""

    def __init__(self, **fields: Any) -> None:
        self.events, self.meters = FakeEvents(), FakeMeters()
        self.chronicle = Chronicle(events=self.events, clock=FakeClock(), scope=SCOPE, meters=self.meters, **fields)


@asynccontextmanager
async def at_work(desk: Desk) -> AsyncIterator[None]:
    writing = asyncio.create_task(desk.chronicle.run())
    try:
        yield
        assert not writing.done()
    finally:
        writing.cancel()
        await asyncio.wait([writing])


def an_announcement(reason: str = "Withdrawn", about: str | None = NAME) -> Announcement:
    return Announcement(about=EndpointName(about) if about else None, reason=reason, note="", at=NOW)


async def test_a_pass_is_told_in_the_roster_in_the_meters_and_in_an_event() -> None:
    desk = Desk()
    async with at_work(desk):
        desk.chronicle.hear(an_account(state=State.CREATING, plan=applying(), published=False))
        await settled()

    assert desk.chronicle.roster.states() == {"creating": 1}
    # By the fake clock the record is yet to be written.
    assert desk.meters.waited == [("applied", 0.0)]
    assert desk.events.reasons() == ["Created"]
    assert desk.meters.events == {"written": 1}


async def test_an_endpoint_without_a_record_is_forgotten() -> None:
    desk = Desk()
    desk.chronicle.hear(an_account())
    account = an_account(state=None)

    desk.chronicle.hear(replace(account, request=replace(account.request, item=None)))

    assert desk.chronicle.roster.states() == {}


async def test_a_pass_without_a_status_leaves_the_roster_as_it_was() -> None:
    desk = Desk()
    desk.chronicle.hear(an_account())

    desk.chronicle.hear(an_account(state=None))

    assert desk.chronicle.roster.states() == {"running": 1}


@pytest.mark.parametrize("trouble", [Transient("away"), Denied("no"), Refused("never", reason="Invalid")])
async def test_an_event_that_cannot_be_written_is_counted_and_hurts_nobody(
    trouble: GcoStreamError, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk = Desk()
    desk.events.line.fail_next("write_event", trouble)
    async with at_work(desk):
        desk.chronicle.announce(an_announcement("Withdrawn"))
        desk.chronicle.announce(an_announcement("Restored"))
        await settled()

    assert desk.events.reasons() == ["Restored"]
    assert desk.meters.events == {"failed": 1, "written": 1}
    assert [record.levelname for record in caplog.records] == ["DEBUG"]


async def test_what_an_unreachable_server_keeps_waiting_is_bounded_and_nobody_waits_for_it() -> None:
    desk = Desk()
    desk.events.line.cut("write_event")
    async with at_work(desk):
        for number in range(1000):
            desk.chronicle.announce(an_announcement(about=f"e{number}"))
            await asyncio.sleep(0)

    assert desk.meters.events["dropped"] == 1000 - 256 - 1
    assert desk.events.line.count("write_event") == 1


async def test_what_waits_at_the_end_has_a_moment_to_be_written_and_no_more() -> None:
    desk = Desk()
    async with at_work(desk):
        desk.chronicle.announce(an_announcement())
        await desk.chronicle.finish()
        assert desk.events.reasons() == ["Withdrawn"]

        desk.events.line.cut("write_event")
        desk.chronicle.announce(an_announcement("Restored"))
        before = asyncio.get_running_loop().time()
        await desk.chronicle.finish()

    assert asyncio.get_running_loop().time() - before == pytest.approx(2)


async def test_who_no_longer_leads_writes_no_event() -> None:
    desk = Desk(may_write=lambda: False)
    async with at_work(desk):
        desk.chronicle.announce(an_announcement())
        await settled()

    assert desk.events.line.calls == []
    assert desk.meters.events == {"dropped": 1}


async def test_a_flapping_endpoint_is_told_of_once_a_minute() -> None:
    desk = Desk()
    async with at_work(desk):
        for _ in range(120):
            desk.chronicle.announce(an_announcement())
            await asyncio.sleep(1)

    assert desk.events.reasons() == ["Withdrawn"] * 2
    assert desk.meters.events == {"written": 2, "spared": 118}


async def test_a_bug_in_what_is_told_is_logged_and_the_pass_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()

    desk.chronicle.hear(replace(an_account(), plan=None))  # type: ignore[arg-type]

    assert [record.message for record in caplog.records] == ["a pass cannot be told of"]


async def test_deletions_that_wait_are_told_again_only_when_others_do() -> None:
    desk = Desk()
    one, two = EndpointName("a"), EndpointName("b")
    async with at_work(desk):
        for endpoints in ((one,), (one,), (one, two)):
            desk.chronicle.hear_of_brake(Waiting(endpoints=endpoints, known=5, since=0.0))
            await asyncio.sleep(300)

    assert desk.events.reasons() == ["DeletionsBraked"] * 2
