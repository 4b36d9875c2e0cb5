"""One region on fakes: a reconciler with its queue, its cluster, and the table that all regions share."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from gco_stream.core.claims import Claims
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import EndpointName, Scope
from gco_stream.queue import WorkQueue
from gco_stream.reconciler import Reconciler
from tests.builders import SCOPE
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.line import Line
from tests.fakes.records import FakeRecords

WRITES = ("apply", "delete", "write_status", "promote", "purge")
WORKERS = 4


@dataclass
class Region:
    """A controller for one region, without feeds: ``look`` stands for them.

    Attributes:
        line: Where every call of the reconciler goes, to the table and to the cluster.
    """

    name: str
    line: Line
    records: FakeRecords
    cluster: FakeCluster
    queue: WorkQueue
    reconciler: Reconciler

    async def look(self, *names: str) -> None:
        for name in names:
            await self.queue.add(EndpointName(name))

    async def after(self, seconds: float, *names: str) -> None:
        """Look at some endpoints, and let time pass."""
        await self.look(*names)
        await asyncio.sleep(seconds)

    def status(self, name: str = "llama") -> Mapping[str, Any]:
        return self.records.status(name, self.name)

    def state(self, name: str = "llama") -> Any:
        return self.status(name).get("state")

    def writes(self) -> list[str]:
        """What was changed, in order, by name of the call."""
        return [operation for operation in self.line.operations() if operation in WRITES]

    def forget_calls(self) -> None:
        self.line.calls.clear()

    async def nature(self, every: float) -> None:
        """Let the cluster's own controllers work now and then."""
        while True:
            await asyncio.sleep(every)
            self.cluster.model.work()


def a_region(
    name: str = SCOPE.region,
    *,
    records: FakeRecords | None = None,
    cluster_name: str | None = None,
    scope: Scope = SCOPE,
) -> Region:
    line, clock = Line(), FakeClock()
    shared = records or FakeRecords()
    mine = FakeRecords(line=line)
    mine.items = shared.items
    cluster = FakeCluster(line=line)
    reconciler = Reconciler(
        records=mine,
        cluster=cluster,
        mirror=Mirror(),
        clock=clock,
        scope=replace(scope, region=name, cluster=cluster_name or f"gco-{name}"),
        pass_deadline=timedelta(seconds=150),
        claims=Claims(name),
    )
    return Region(name, line, mine, cluster, WorkQueue(clock), reconciler)


@asynccontextmanager
async def at_work(*regions: Region, nature_every: float = 1.0) -> AsyncIterator[None]:
    """Run the workers of some regions, and the controllers of their clusters."""
    async with asyncio.TaskGroup() as group:
        tasks = []
        for region in regions:
            tasks += [group.create_task(region.reconciler.work(region.queue)) for _ in range(WORKERS)]
            tasks.append(group.create_task(region.nature(nature_every)))
        yield
        for task in tasks:
            task.cancel()
    # A worker takes whatever a pass raises for a crash, and goes on.
    spoiled = [trouble for region in regions for trouble in region.cluster.model.spoiled]
    assert not spoiled, "\n".join(spoiled)
