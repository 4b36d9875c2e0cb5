"""Taking over costs one list of each kind: that of the watch, even where it is still under way."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from gco_stream.core.claims import Claims
from gco_stream.core.mirror import Mirror, WatchEvent
from gco_stream.core.models import Kind
from gco_stream.errors import Transient
from gco_stream.feeds.cluster import ClusterFeed
from gco_stream.feeds.resync import Resync, ResyncRequests
from gco_stream.queue import WorkQueue
from tests.builders import SCOPE, an_item
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.controller import serving, with_records
from tests.fakes.line import soon
from tests.fakes.records import FakeRecords

pytestmark = pytest.mark.looptime


class SlowLists(FakeCluster):
    """A cluster whose lists take a second; the first ones may fail instead."""

    def __init__(self, *, failing: int = 0) -> None:
        super().__init__()
        self.failing = failing
        self.lists: list[Kind] = []

    async def watch(self, kind: Kind, *, since: str | None) -> AsyncGenerator[WatchEvent, None]:
        if since is None:
            self.lists.append(kind)
            await asyncio.sleep(1)
            if self.failing > 0:
                self.failing -= 1
                raise Transient("no list")
        async for event in super().watch(kind, since=since):
            yield event


async def started(cluster: SlowLists) -> Resync:
    """Let a controller find a table with one record, and return once it has compared it."""
    clock, mirror, requests, records = FakeClock(), Mirror(), ResyncRequests(), FakeRecords()
    records.put(an_item("one"))
    resync = Resync(
        records=records,
        cluster=cluster,
        mirror=mirror,
        claims=Claims(SCOPE.region),
        queue=WorkQueue(clock),
        requests=requests,
        clock=clock,
        scope=SCOPE,
        interval=timedelta(hours=1),
    )
    async with asyncio.TaskGroup() as group:
        feed = ClusterFeed(cluster=cluster, mirror=mirror, clock=clock)
        resync.listed = feed.listed
        tasks = [group.create_task(feed.run()), group.create_task(resync.run())]
        await soon(lambda: set(cluster.lists) == set(Kind))
        requests.ask("start")
        await soon(lambda: resync.counts.complete == 1)
        for task in tasks:
            task.cancel()
    return resync


@pytest.mark.behaviour("B4")
async def test_a_list_that_is_under_way_is_not_asked_for_again() -> None:
    cluster = SlowLists()

    resync = await started(cluster)

    assert sorted(cluster.lists) == sorted(Kind)
    assert resync.counts.queued == 1


@pytest.mark.behaviour("B4")
async def test_nor_does_a_whole_controller_ask_for_it() -> None:
    controller, cluster = with_records(), SlowLists()
    controller.cluster = cluster

    async with serving(controller):
        await soon(lambda: controller.states() == {"running"})

    assert sorted(cluster.lists) == sorted(Kind)


@pytest.mark.behaviour("B4")
async def test_a_list_that_fails_is_asked_for_at_once_and_what_cannot_be_listed_is_looked_at() -> None:
    cluster = SlowLists(failing=len(Kind))

    resync = await started(cluster)

    assert set(cluster.lists) == set(Kind)
    assert resync.counts.queued == 1
