"""A world of fakes to carry something out in, with a lease that others may hold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gco_stream.cli.carrying_out import carry_out
from gco_stream.cli.replayed import Outcome
from gco_stream.core.leadership import Lease
from gco_stream.core.models import EndpointName
from gco_stream.ports import World
from gco_stream.settings import read_settings
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.lease import Board, FakeLeases
from tests.fakes.line import Line
from tests.fakes.records import FakeRecords
from tests.fakes.stream import FakeStream

WRITES = ("apply", "delete", "write_status", "promote", "purge")


class Place:
    """A world of fakes, with a lease that others may hold."""

    def __init__(self, **settings: str) -> None:
        self.line, self.clock, self.board = Line(), FakeClock(), Board()
        self.stream = FakeStream()
        self.records = FakeRecords(stream=self.stream, line=self.line)
        self.cluster = FakeCluster(line=self.line)
        self.leases = FakeLeases(board=self.board)
        self.settings = read_settings({"REGION": "us-east-1", **settings})

    def held_by(self, holder: str) -> None:
        """Let somebody write the lease as a leader does."""
        self.board.put(Lease(holder=holder, marked=holder, renewed=self.clock.now()))

    async def carry_out(self, *names: str) -> dict[str, Outcome]:
        world = World(
            records=self.records, stream=self.stream, cluster=self.cluster, leases=self.leases, clock=self.clock
        )
        outcomes = await carry_out([EndpointName(name) for name in names], self.settings, world)
        return {str(name): outcome for name, outcome in outcomes.items()}

    def writes(self) -> int:
        return sum(operation in WRITES for operation in self.line.operations())

    @asynccontextmanager
    async def beside(self, other: Any) -> AsyncIterator[None]:
        """Let something else go on meanwhile."""
        task = asyncio.create_task(other)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def renew_for_ever(self, holder: str) -> None:
        while True:
            self.held_by(holder)
            await asyncio.sleep(2)
