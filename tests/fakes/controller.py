"""The whole controller on fakes, on virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gco_stream import app
from gco_stream.feeds.resync import ResyncRequests
from gco_stream.ports import World
from gco_stream.settings import Settings, read_settings
from tests.builders import an_item
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.events import FakeEvents
from tests.fakes.lease import Board, FakeLeases
from tests.fakes.line import Line
from tests.fakes.meters import FakeMeters
from tests.fakes.records import FakeRecords
from tests.fakes.stream import FakeStream

NAMES = ("a", "b", "c")


class Controller:
    """``serve`` on fakes, in a task of its own.

    Attributes:
        line: Where all calls go but those about the lease, which have ``leases.line``.
    """

    def __init__(self, *, board: Board | None = None, **environment: str) -> None:
        self.line = Line()
        self.clock = FakeClock()
        self.leases = FakeLeases(board=board)
        self.stream = FakeStream(line=self.line)
        self.records = FakeRecords(stream=self.stream, line=self.line)
        self.cluster = FakeCluster(line=self.line, blink=10.0)
        self.stop = asyncio.Event()
        self.resyncs = ResyncRequests()
        self.settings: Settings = read_settings({"REGION": "us-east-1", **environment})
        self.events, self.meters = FakeEvents(), FakeMeters()
        self.examiner = app.examiner_for(self.settings, self.clock)
        self.serving: asyncio.Task[None]

    async def serve(self) -> None:
        world = World(
            records=self.records,
            stream=self.stream,
            cluster=self.cluster,
            leases=self.leases,
            clock=self.clock,
            events=self.events,
            meters=self.meters,
        )
        await app.serve(self.settings, world, self.resyncs, self.stop, self.examiner)

    def states(self) -> set[object]:
        return {self.records.status(name, "us-east-1").get("state") for name in self.records.items}

    async def nature(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.cluster.model.work()


@asynccontextmanager
async def serving(controller: Controller) -> AsyncIterator[Controller]:
    """Run a controller and the cluster around it; both are ended with the test."""
    nature = asyncio.create_task(controller.nature())
    controller.serving = asyncio.create_task(controller.serve())
    try:
        yield controller
    finally:
        nature.cancel()
        controller.serving.cancel()
        await asyncio.wait([nature, controller.serving])
    # A worker takes whatever a pass raises for a crash, and goes on.
    spoiled = controller.cluster.model.spoiled
    assert not spoiled, "\n".join(spoiled)


def with_records(*, board: Board | None = None, **environment: str) -> Controller:
    controller = Controller(board=board, **environment)
    for name in NAMES:
        controller.records.put(an_item(name))
    return controller
