"""A resync queues what is not as its record asks, and puts right what the watch has missed."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.claims import Claims
from gco_stream.core.mirror import Listed, Mirror, Vanished, WatchEvent
from gco_stream.core.models import EndpointName, Kind, ObjectKey
from gco_stream.core.settled import Settled
from gco_stream.errors import Denied, StreamGap, Transient
from gco_stream.feeds.resync import Resync, ResyncRequests
from gco_stream.queue import WorkQueue
from tests.builders import SCOPE, a_spec, an_item, container_of
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.line import soon
from tests.fakes.records import FakeRecords
from tests.fakes.region import a_region, at_work

pytestmark = pytest.mark.looptime

NAMES = ["alpha", "beta", "gamma"]


class Counting(Settled):
    """Counts how many endpoints were judged, and found to be as wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.judged = 0

    def note(self, name: EndpointName, sight: bytes | None) -> None:
        super().note(name, sight)
        self.judged += 1


@dataclass
class Resyncing:
    """A resync over a region whose endpoints have come to rest; nobody works on what it queues."""

    log: pytest.LogCaptureFixture
    cluster: FakeCluster
    records: FakeRecords
    mirror: Mirror = field(default_factory=Mirror)
    requests: ResyncRequests = field(default_factory=ResyncRequests)
    settled: Counting = field(default_factory=Counting)

    def __post_init__(self) -> None:
        self.queue = WorkQueue(FakeClock())
        self.resync = Resync(
            records=self.records,
            cluster=self.cluster,
            mirror=self.mirror,
            claims=Claims(SCOPE.region),
            queue=self.queue,
            requests=self.requests,
            clock=FakeClock(),
            scope=SCOPE,
            interval=timedelta(hours=1),
            settled=self.settled,
        )

    async def once(self, *, within: float = 30.0) -> tuple[int, int, int]:
        """Ask for a resync, and return how many endpoints it saw, queued, and found the watch to be behind with."""
        done = len(self.scans())
        self.requests.ask("test")
        return await self._facts_after(done, within=within)

    async def by_itself(self) -> tuple[int, int, int]:
        """Let the interval pass, and return the same of the resync that follows."""
        done = len(self.scans())
        await asyncio.sleep(self.resync.interval.total_seconds())
        return await self._facts_after(done, within=30.0)

    async def _facts_after(self, done: int, *, within: float) -> tuple[int, int, int]:
        await soon(lambda: len(self.scans()) > done, within=within)
        facts = vars(self.scans()[-1])
        return facts["endpoints"], facts["queued"], facts["behind"]

    def scans(self) -> list[logging.LogRecord]:
        """What the log said of every resync that was complete."""
        return [record for record in self.log.records if record.message == "table scanned"]

    async def queued(self) -> list[str]:
        found = []
        while len(self.queue):
            name = await self.queue.take()
            assert name is not None
            found.append(str(name))
        return sorted(found)


@asynccontextmanager
async def resyncing(
    caplog: pytest.LogCaptureFixture, *, cluster: FakeCluster | None = None
) -> AsyncIterator[Resyncing]:
    """Endpoints at rest, and a first resync that filled the mirror."""
    region = a_region()
    for name in NAMES:
        region.records.put(an_item(name, spec=a_spec(env={"A": "1"}, autoscaling={"enabled": True})))
    region.records.put(an_item("idle", desired_state="stopped"))
    async with at_work(region):
        await region.after(30, *NAMES, "idle")
    if cluster is not None:
        cluster.model = region.cluster.model
    caplog.set_level(logging.INFO, logger="gco_stream.feeds.resync")
    resync = Resyncing(caplog, cluster or region.cluster, region.records)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(resync.resync.run())
        assert await resync.once() == (4, 0, 0)
        region.line.calls.clear()
        yield resync
        running.cancel()


def touched(resync: Resyncing, name: str, change: Callable[[dict[str, Any]], object], kind: Kind) -> None:
    """Let somebody change an object by hand."""
    key = ObjectKey(kind, f"inference-{name}" if kind is Kind.INGRESS else name)
    live = resync.cluster.model.objects[key]
    change(live)
    live["metadata"]["resourceVersion"] = str(resync.cluster.model.version())


@pytest.mark.behaviour("B5")
async def test_what_is_as_it_should_be_is_not_queued_and_costs_no_request(caplog: pytest.LogCaptureFixture) -> None:
    async with resyncing(caplog) as resync:
        assert await resync.once() == (4, 0, 0)

        assert await resync.queued() == []
        assert resync.cluster.line.operations() == [*["watch"] * len(Kind), "scan"]


@pytest.mark.behaviour("B5")
async def test_what_has_not_changed_since_is_judged_again_only_where_somebody_asks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with resyncing(caplog) as resync:
        resync.settled.judged = 0
        assert await resync.by_itself() == (4, 0, 0)
        by_itself = resync.settled.judged

        await resync.once()

        assert (by_itself, resync.settled.judged) == (0, 4)


@pytest.mark.behaviour("B5")
@pytest.mark.behaviour("B14")
async def test_what_has_changed_since_is_judged_by_every_resync(caplog: pytest.LogCaptureFixture) -> None:
    async with resyncing(caplog) as resync:
        resync.records.change("beta", spec=a_spec(replicas=3))
        touched(resync, "gamma", lambda live: container_of(live).update(image="hacked"), Kind.DEPLOYMENT)

        first, second = await resync.by_itself(), await resync.by_itself()

        assert (first, second) == ((4, 2, 1), (4, 2, 0))


@pytest.mark.behaviour("B5")
async def test_a_record_that_no_stream_told_of_is_queued(caplog: pytest.LogCaptureFixture) -> None:
    async with resyncing(caplog) as resync:
        resync.records.put(an_item("new"))
        resync.records.change("beta", desired_state="stopped")
        resync.records.change("gamma", spec=a_spec(replicas=3))

        assert await resync.once() == (5, 3, 0)
        assert await resync.queued() == ["beta", "gamma", "new"]


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize("kind", Kind)
async def test_a_change_that_the_watch_missed_is_counted_and_repaired(
    caplog: pytest.LogCaptureFixture, kind: Kind
) -> None:
    async with resyncing(caplog) as resync:
        touched(resync, "beta", lambda live: live["metadata"]["labels"].update(project="theirs"), kind)

        assert await resync.once() == (4, 1, 1)
        assert await resync.queued() == ["beta"]
        assert await resync.once() == (4, 1, 0)


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize("kind", Kind)
async def test_a_deletion_that_the_watch_missed_is_counted_and_repaired(
    caplog: pytest.LogCaptureFixture, kind: Kind
) -> None:
    async with resyncing(caplog) as resync:
        name = "inference-gamma" if kind is Kind.INGRESS else "gamma"
        del resync.cluster.model.objects[ObjectKey(kind, name)]

        assert await resync.once() == (4, 1, 1)
        assert await resync.queued() == ["gamma"]


async def test_an_object_that_the_mirror_lost_is_found_again(caplog: pytest.LogCaptureFixture) -> None:
    async with resyncing(caplog) as resync:
        lost = resync.mirror.observed(EndpointName("beta")).deployment(EndpointName("beta"))
        assert lost is not None
        resync.mirror.take(Kind.DEPLOYMENT, Vanished(lost))
        touched(resync, "beta", lambda _live: None, Kind.DEPLOYMENT)

        assert await resync.once() == (4, 0, 1)


@pytest.mark.parametrize("error", [Transient("gone"), Denied("no")], ids=repr)
async def test_a_scan_that_fails_is_done_again_from_the_start(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async with resyncing(caplog) as resync:
        resync.records.change("beta", desired_state="stopped")
        resync.cluster.line.fail_next("scan", error, error)

        assert await resync.once() == (4, 1, 0)
        assert resync.cluster.line.operations()[-3:] == ["scan"] * 3
        assert await resync.queued() == ["beta"]


@pytest.mark.parametrize("error", [Transient("gone"), Denied("no"), StreamGap("too old")], ids=repr)
async def test_while_a_kind_cannot_be_listed_every_record_is_looked_at(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async with resyncing(caplog) as resync:
        resync.cluster.line.fail("watch", error)

        assert await resync.once() == (4, 4, 0)
        assert await resync.queued() == sorted([*NAMES, "idle"])


async def test_what_a_failed_attempt_found_missing_is_counted_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    async with resyncing(caplog) as resync:
        touched(resync, "beta", lambda live: container_of(live).update(image="theirs"), Kind.DEPLOYMENT)
        resync.cluster.line.fail_next("scan", Transient("throttled"))

        assert await resync.once() == (4, 1, 1)


@pytest.mark.behaviour("B5")
async def test_a_request_while_kinds_are_listed_is_one_more_resync_after(caplog: pytest.LogCaptureFixture) -> None:
    async with resyncing(caplog) as resync:
        resync.cluster.line.latency = 1.0
        resync.requests.ask("first")
        await soon(lambda: resync.cluster.line.count("watch") == 2)
        for _ in range(3):
            resync.requests.ask("SIGHUP")
        await asyncio.sleep(60)

        assert resync.cluster.line.operations() == [*["watch"] * len(Kind), "scan"] * 2
        assert [vars(scan)["reason"] for scan in resync.scans()[1:]] == ["first", "SIGHUP"]


class Unfinished(FakeCluster):
    """A cluster that lets nobody read on after a list."""

    open = 0

    async def watch(self, kind: Kind, *, since: str | None) -> AsyncGenerator[WatchEvent, None]:
        self.open += 1
        try:
            async for event in super().watch(kind, since=since):
                yield event
                assert not isinstance(event, Listed), "read on after the list"
        finally:
            self.open -= 1


async def test_watches_are_closed_once_they_have_listed(caplog: pytest.LogCaptureFixture) -> None:
    async with resyncing(caplog, cluster=Unfinished()) as resync:
        assert await resync.once() == (4, 0, 0)

        assert isinstance(resync.cluster, Unfinished)
        assert resync.cluster.open == 0
