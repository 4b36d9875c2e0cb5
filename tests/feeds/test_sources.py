"""The port behind which sources of events stand: whatever queues names and asks for resyncs will do."""

import asyncio
from dataclasses import dataclass, field

import pytest

from gco_stream.app import event_source
from gco_stream.core.brake import Brake
from gco_stream.core.models import EndpointName
from gco_stream.core.source_health import Phase, SourceHealth, health_of
from gco_stream.feeds.resync import ResyncRequests
from gco_stream.feeds.sources import EventSource, NoEvents
from gco_stream.feeds.stream import StreamFeed
from gco_stream.feeds.stream_counts import StreamCounts
from gco_stream.ports import World
from gco_stream.queue import WorkQueue
from gco_stream.settings import read_settings
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.lease import FakeLeases
from tests.fakes.line import Line, soon
from tests.fakes.records import FakeRecords
from tests.fakes.stream import FakeStream
from tests.feeds.following import a_change, a_following, running

pytestmark = pytest.mark.looptime


@dataclass
class Messages:
    """Another source, as a queue of messages that carry keys would be."""

    queue: WorkQueue
    resyncs: ResyncRequests
    inbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    counts: StreamCounts = field(default_factory=StreamCounts)

    async def run(self) -> None:
        self.resyncs.ask("subscribed")
        while True:
            await self.queue.add(EndpointName(await self.inbox.get()))

    def health(self) -> SourceHealth:
        return health_of(Phase.NOT_WANTED, (), now=0.0)


def made(source: str) -> tuple[EventSource, Line]:
    """The source that a controller with this setting gets, and the line to its stream."""
    line, clock = Line(), FakeClock()
    world = World(
        records=FakeRecords(), stream=FakeStream(line=line), cluster=FakeCluster(), leases=FakeLeases(), clock=clock
    )
    settings = read_settings({"REGION": "us-east-1", "EVENT_SOURCE": source})
    return event_source(settings, world, WorkQueue(clock), ResyncRequests(), Brake()), line


async def test_the_stream_is_followed_where_it_is_set() -> None:
    source, _ = made("streams")

    assert isinstance(source, StreamFeed)


async def test_without_a_source_nothing_is_asked_and_one_resync_is() -> None:
    resyncs = ResyncRequests()

    await NoEvents(resyncs).run()

    async with asyncio.timeout(0):
        assert await resyncs.wait(None) == "start"


async def test_without_a_source_the_stream_is_left_alone() -> None:
    source, line = made("none")

    await source.run()
    await asyncio.sleep(300)

    assert line.calls == []


async def test_without_a_source_nothing_is_wrong_and_it_is_said_plainly() -> None:
    source, _ = made("none")

    health = source.health()

    assert health.is_ready
    assert "resyncs alone" in health.detail


async def test_another_source_is_as_good_as_the_stream() -> None:
    following = a_following()
    messages = Messages(following.queue, following.resyncs)
    following.records.put(a_change(1))

    async with running(following, source=messages):
        await soon(following.is_up_to_date)
        following.records.put(a_change(2))
        messages.inbox.put_nowait("llama")
        await following.for_seconds(0.1)

        assert following.is_up_to_date()
        assert following.scans() == 1
        assert following.line.count("read") == 0
