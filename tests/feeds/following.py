"""A stream's feed and a resync on fakes, with whoever takes names out of their queue."""

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from gco_stream.core.claims import Claims
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import EndpointName
from gco_stream.feeds.resync import Resync, ResyncRequests
from gco_stream.feeds.sources import EventSource
from gco_stream.feeds.stream import StreamFeed
from gco_stream.ports import Clock
from gco_stream.queue import WorkQueue
from tests.builders import SCOPE
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.line import Line, soon
from tests.fakes.records import FakeRecords
from tests.fakes.stream import FakeStream

REGION = "us-east-1"


@dataclass
class Following:
    """Everything between the table and the names that come out.

    Attributes:
        seen: Every name that came out, in order.
        versions: What a look at each name's record showed last: None where it was gone.
        stops_looking: Whether nobody takes names out at the moment.
    """

    line: Line
    stream: FakeStream
    records: FakeRecords
    resyncs: ResyncRequests
    queue: WorkQueue
    feed: StreamFeed
    resync: Resync
    seen: list[str] = field(default_factory=list)
    versions: dict[str, object] = field(default_factory=dict)
    stops_looking: bool = False

    def scans(self) -> int:
        return self.line.count("scan")

    def fastest(self, operation: str) -> int:
        """How often something was asked about the same in one second at the most."""
        asked: dict[str, list[float]] = {}
        for call in self.line.calls:
            if call.operation == operation:
                asked.setdefault(call.about if operation == "read" else "", []).append(call.at)
        return max((_most_in_a_second(times) for times in asked.values()), default=0)

    def looks(self) -> Counter[str]:
        return Counter(self.seen)

    def is_up_to_date(self) -> bool:
        """Whether the last look at every record showed what is in the table now."""
        current = {name: item.get("version") for name, item in self.records.items.items()}
        return {name: version for name, version in self.versions.items() if version is not None} == current

    async def look(self) -> None:
        """Take names out as a worker would, and look at their records."""
        while self.stops_looking:
            await asyncio.sleep(0.1)
        while (name := await self.queue.take()) is not None:
            self.seen.append(name)
            self.versions[name] = (self.records.items.get(name) or {}).get("version")
            await self.queue.done(name, None)
            while self.stops_looking:
                await asyncio.sleep(0.1)

    def started_again(self) -> "Following":
        """Start anew, as after a crash, on the same table and the same stream."""
        again = a_following(clock=self.feed.clock)
        again.stream = again.feed.stream = self.stream
        again.records = again.resync.records = self.records
        again.line = self.line
        return again

    async def for_seconds(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _most_in_a_second(times: list[float]) -> int:
    return max(bisect_left(times, start + 1 - 1e-6) - number for number, start in enumerate(times))


def a_following(
    *, poll_seconds: float = 0.25, interval: timedelta = timedelta(days=7), clock: Clock | None = None
) -> Following:
    line, clock = Line(), clock or FakeClock()
    stream = FakeStream(line=line)
    records = FakeRecords(stream=stream, line=line)
    resyncs, queue = ResyncRequests(), WorkQueue(clock)
    feed = StreamFeed(
        stream=stream,
        queue=queue,
        resyncs=resyncs,
        clock=clock,
        region=REGION,
        poll_interval=timedelta(seconds=poll_seconds),
    )
    resync = Resync(
        records=records,
        cluster=FakeCluster(),
        mirror=Mirror(),
        claims=Claims(REGION),
        queue=queue,
        requests=resyncs,
        clock=clock,
        scope=SCOPE,
        interval=interval,
    )
    return Following(line, stream, records, resyncs, queue, feed, resync)


@asynccontextmanager
async def running(following: Following, *, source: EventSource | None = None) -> AsyncIterator[Following]:
    """Run feed (or another source), resync and one worker; whatever crashes ends the test."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task((source or following.feed).run()),
            group.create_task(following.resync.run()),
            group.create_task(following.look()),
        ]
        yield following
        for task in tasks:
            task.cancel()


def a_change(version: int, name: str = "llama") -> dict[str, object]:
    """A running endpoint's record, in one of its versions."""
    return {"endpoint_name": name, "desired_state": "running", "version": Decimal(version), "region_status": {}}


async def once_following(following: Following) -> None:
    """Wait until the feed reads its shards and the first scan is through."""
    await soon(lambda: following.line.count("read") >= 2 and following.scans())


def names(count: int, *, prefix: str = "e") -> list[EndpointName]:
    return [EndpointName(f"{prefix}{number}") for number in range(count)]
