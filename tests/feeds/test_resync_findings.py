"""What a resync counts and logs, and that it keeps nobody waiting who has just written something."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.brake import Brake
from gco_stream.core.claims import Claims
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import EndpointName, Kind, ObjectKey
from gco_stream.core.projection import project
from gco_stream.errors import Transient
from gco_stream.feeds.resync import Resync, ResyncRequests
from gco_stream.queue import WorkQueue
from tests.builders import SCOPE, an_endpoint, an_item, deployment_of
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.line import soon
from tests.fakes.records import FakeRecords

pytestmark = pytest.mark.looptime


class Stage:
    """A resync over endpoints of which everything has still to be made, or is left over."""

    def __init__(self, *, records: int = 0, left_over: int = 0) -> None:
        clock = FakeClock()
        self.records, self.cluster = FakeRecords(), FakeCluster()
        self.line = self.records.line
        self.queue, self.requests, self.brake = WorkQueue(clock), ResyncRequests(), Brake()
        for number in range(records):
            self.records.put(an_item(f"e{number:04}"))
        for number in range(left_over):
            self.cluster.make(deployment_of(an_endpoint(f"gone{number}")), manager="gco-stream")
        self.resync = Resync(
            records=self.records,
            cluster=self.cluster,
            mirror=Mirror(),
            claims=Claims(SCOPE.region),
            queue=self.queue,
            requests=self.requests,
            clock=clock,
            scope=SCOPE,
            interval=timedelta(hours=1),
            brake=self.brake,
        )

    async def once(self, reason: str = "test") -> None:
        before = self.resync.counts.complete
        self.requests.ask(reason)
        await soon(lambda: self.resync.counts.complete > before)


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[Stage]:
    task = asyncio.create_task(stage.resync.run())
    yield stage
    task.cancel()
    await asyncio.wait([task])


def scans(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    facts = ("reason", "endpoints", "queued", "behind", "gone", "seconds")
    found = [vars(record) for record in caplog.records if record.message == "table scanned"]
    return [{fact: line[fact] for fact in facts} for line in found]


@pytest.mark.behaviour("B12")
async def test_duration_and_findings_are_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stage = Stage(records=7, left_over=3)
    stage.records.page_size = 2
    stage.line.latency = 1.0

    async with running(stage):
        await stage.once()

    assert scans(caplog) == [{"reason": "test", "endpoints": 7, "queued": 7, "behind": 0, "gone": 3, "seconds": 4.0}]
    counts = stage.resync.counts
    assert (counts.complete, counts.failed, counts.queued, counts.gone, counts.seconds) == (1, 0, 7, 3, 4.0)


@pytest.mark.behaviour("B12")
async def test_a_scan_that_breaks_off_is_counted_and_judges_nothing() -> None:
    stage = Stage(records=3, left_over=3)
    stage.line.fail_next("scan", Transient("throttled"), Transient("throttled"))

    async with running(stage):
        stage.requests.ask("test")
        await soon(lambda: stage.resync.counts.failed == 2)
        waiting = stage.brake.waiting
        await soon(lambda: stage.resync.counts.complete)

    assert waiting is None
    assert stage.brake.waiting is not None
    assert stage.resync.counts.gone == 3


@pytest.mark.behaviour("B12")
async def test_every_resync_reminds_of_what_waits(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(records=1, left_over=6)

    async with running(stage):
        await stage.once()
        await stage.once()

    waits = [record for record in caplog.records if record.message == "deletions wait for a confirmation"]
    assert [vars(record)["endpoints"] for record in waits] == [6, 6]


@pytest.mark.behaviour("B5")
async def test_a_fresh_change_waits_for_one_endpoint_and_not_for_a_thousand() -> None:
    stage, waited = Stage(records=1000), list[float]()
    written: dict[str, float] = {}
    now = asyncio.get_running_loop().time

    async def work() -> None:
        """One worker, a tenth of a second for each."""
        while (name := await stage.queue.take()) is not None:
            if name in written:
                waited.append(now() - written.pop(name))
            await asyncio.sleep(0.1)
            await stage.queue.done(name, None)

    async with running(stage):
        worker = asyncio.create_task(work())
        stage.requests.ask("test")
        await soon(lambda: stage.resync.counts.complete)
        for number in range(20):
            name = f"fresh{number}"
            written[name] = now()
            await stage.queue.add(EndpointName(name))
            await asyncio.sleep(0.5)
        worker.cancel()

    assert len(waited) == 20
    assert max(waited) <= 0.2 + 0.01
    assert len(stage.queue) > 800


@pytest.mark.behaviour("B5")
async def test_a_change_is_handed_out_while_the_scan_is_still_under_way() -> None:
    stage = Stage(records=100)
    stage.records.page_size = 1
    stage.line.latency = 10.0

    async with running(stage):
        stage.requests.ask("test")
        await asyncio.sleep(50)
        await stage.queue.add(EndpointName("fresh"))
        async with asyncio.timeout(0.01):
            first = await stage.queue.take()

    assert first == "fresh"
    assert stage.resync.counts.complete == 0


@pytest.mark.behaviour("B12")
async def test_what_is_made_while_the_table_is_scanned_is_not_taken_for_gone() -> None:
    stage = Stage(records=6)
    stage.records.page_size = 2

    def make() -> None:
        """Somebody creates a record where the scan has been already, and its objects are seen at once."""
        stage.records.put(an_item("a-new-one"))
        live = stage.cluster.make(deployment_of(an_endpoint("a-new-one")), manager="gco-stream")
        stage.resync.mirror.note(ObjectKey(Kind.DEPLOYMENT, "a-new-one"), project(live))

    async with running(stage):
        stage.line.meanwhile(2, make)
        await stage.once()

    assert stage.resync.counts.gone == 0
