"""Nobody writes without leading: how long leading is certain, and ports that look at it before each write.

Whoever works gets the world as ``while_leading`` makes it, in which a write that is not allowed does not exist.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from gco_stream.core.mirror import WatchEvent
from gco_stream.core.models import Action, EndpointName, Item, Kind, Manifest, Observed
from gco_stream.errors import LostLeadership, Transient
from gco_stream.ports import Clock, Cluster, Records, World


@dataclass(slots=True)
class Tenure:
    """For how long leading is certain: until some time after the last renewal, or not at all."""

    clock: Clock
    _until: float = field(default=-math.inf)

    def extend(self, until: float) -> None:
        """Be certain until a moment of our own clock."""
        self._until = until

    def end(self) -> None:
        """Be certain no longer."""
        self._until = -math.inf

    def seconds_left(self) -> float:
        """Say for how long it is certain yet; nothing or less: it is not."""
        return self._until - self.clock.monotonic()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Allow one write, and end it when leading is certain no longer.

        The look before is not enough: a process that was stopped while it waited for something goes on where it was.
        A timer that has run out meanwhile is served before any answer is.

        Raises:
            LostLeadership: It may not be done, or not be finished.
            Transient: It took all the time that was certain when it began; by now there is more.
        """
        left = self.seconds_left()
        if left <= 0:
            raise LostLeadership("leading is not certain, nothing may be written")
        limit = asyncio.timeout(left)
        try:
            async with limit:
                yield
        except TimeoutError as error:
            if not limit.expired():
                raise
            if self.seconds_left() > 0:
                raise Transient("a write took too long") from error
            raise LostLeadership("leading became uncertain during a write") from error


def while_leading(world: World, tenure: Tenure) -> World:
    """Make the world in which every write asks first."""
    return replace(
        world,
        records=LedRecords(world.records, tenure),
        cluster=LedCluster(world.cluster, tenure),
    )


@dataclass(frozen=True, slots=True)
class LedRecords:
    """The ``Records`` port for a leader."""

    records: Records
    tenure: Tenure

    async def get(self, name: EndpointName) -> Item | None:
        """Read one record."""
        return await self.records.get(name)

    def scan(self) -> AsyncIterator[Sequence[Item]]:
        """Read every record's name."""
        return self.records.scan()

    async def write_status(self, item: Item, region: str, status: Mapping[str, Any]) -> Item:
        """Write a status, while leading."""
        async with self.tenure.writing():
            return await self.records.write_status(item, region, status)

    async def promote(self, item: Item) -> None:
        """Promote, while leading."""
        async with self.tenure.writing():
            await self.records.promote(item)

    async def purge(self, item: Item) -> None:
        """Purge, while leading."""
        async with self.tenure.writing():
            await self.records.purge(item)


@dataclass(frozen=True, slots=True)
class LedCluster:
    """The ``Cluster`` port for a leader."""

    cluster: Cluster
    tenure: Tenure

    async def observe(self, name: EndpointName, *, with_pods: bool) -> Observed:
        """Read an endpoint's objects."""
        return await self.cluster.observe(name, with_pods=with_pods)

    async def pods(self, name: EndpointName) -> tuple[Manifest, ...]:
        """Read an endpoint's pods."""
        return await self.cluster.pods(name)

    async def count_target_groups(self) -> int:
        """Count target groups."""
        return await self.cluster.count_target_groups()

    def watch(self, kind: Kind, *, since: str | None) -> AsyncGenerator[WatchEvent, None]:
        """Follow the objects of one kind."""
        return self.cluster.watch(kind, since=since)

    async def carry_out(self, action: Action) -> Manifest | None:
        """Do one thing, while leading."""
        async with self.tenure.writing():
            return await self.cluster.carry_out(action)
