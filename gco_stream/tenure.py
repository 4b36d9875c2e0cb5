"""Nobody writes without leading: how long leading is certain, and ports that look at it before each write.

Whoever works gets the world as ``while_leading`` makes it, in which a write that is not allowed does not exist.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from gco_stream.core.epoch import EPOCH, epoch_in
from gco_stream.core.mirror import WatchEvent
from gco_stream.core.models import Action, EndpointName, Item, Kind, Manifest, ObjectKey, Observed, Scope
from gco_stream.core.room import TargetGroups
from gco_stream.errors import LostLeadership, Transient
from gco_stream.ports import Clock, Cluster, Records, World

# So long a pass waits for the first scan; after that its worker has other things to do.
_EPOCH_SECONDS = 5.0
# What a server does with a request that nobody waits for any more, it has done within this many times a write's time.
_SETTLES_WITHIN = 3


@dataclass(slots=True)
class Tenure:
    """For how long leading is certain, and in which epoch.

    Attributes:
        write_seconds: What one write may take at the most; it begins only while leading is certain for longer.
    """

    clock: Clock
    write_seconds: float
    _until: float = field(default=-math.inf)
    _epoch: int = field(default=0)
    _earlier: float = field(default=math.inf)
    _change: asyncio.Event = field(default_factory=asyncio.Event)
    _unsettled_until: float = field(default=-math.inf)

    @property
    def is_unsettled(self) -> bool:
        """Whether a write was ended in the middle a short while ago, so that it may still be done."""
        return self.clock.monotonic() < self._unsettled_until

    def extend(self, until: float, *, epoch: int) -> None:
        """Be certain until a moment of our own clock, by a Lease of this epoch."""
        self._until, self._epoch = until, epoch
        self._tell()

    def end(self) -> None:
        """Be certain no longer."""
        self._until = -math.inf
        self._tell()

    def seconds_left(self) -> float:
        """Say for how long it is certain yet; nothing or less: it is not."""
        return self._until - self.clock.monotonic()

    def follow(self, earlier: int) -> None:
        """Lead after all those whose statuses were found in the table, the largest of their epochs being this."""
        self._earlier = earlier
        self._tell()

    @property
    def needed(self) -> int:
        """The epoch that the Lease must have so that statuses can be written, as far as is known."""
        return 0 if math.isinf(self._earlier) else int(self._earlier) + 1

    async def needs_epoch(self) -> None:
        """Wait until the Lease's epoch is too low."""
        while self._epoch >= self.needed:
            await self._change.wait()

    async def epoch(self) -> int:
        """Wait until it is certain that this leader comes after all others, and return its epoch.

        Raises:
            Transient: It is not for a while.
        """
        try:
            async with asyncio.timeout(_EPOCH_SECONDS):
                while self._epoch <= self._earlier:
                    await self._change.wait()
        except TimeoutError as error:
            raise Transient("no status is written before the table has been scanned once") from error
        return self._epoch

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Allow one write as soon as leading is certain for longer than it may take, and end it after that.

        The look before is not enough: a process that was stopped while it waited for something goes on where it was.
        A timer that has run out meanwhile is served before any answer is.

        Raises:
            LostLeadership: It may not be done, or not be finished.
            Transient: It took too long.
        """
        await self._until_certain()
        limit = asyncio.timeout(self.write_seconds)
        try:
            async with limit:
                yield
        except asyncio.CancelledError:
            self._leave_unsettled()
            raise
        except TimeoutError as error:
            if not limit.expired():
                raise
            self._leave_unsettled()
            if self.seconds_left() > 0:
                raise Transient("a write took too long") from error
            raise LostLeadership("leading became uncertain during a write") from error

    async def _until_certain(self) -> None:
        while (left := self.seconds_left()) <= self.write_seconds:
            if left <= 0:
                raise LostLeadership("leading is not certain, nothing may be written")
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._change.wait()

    def _leave_unsettled(self) -> None:
        self._unsettled_until = self.clock.monotonic() + _SETTLES_WITHIN * self.write_seconds

    def _tell(self) -> None:
        self._change.set()
        self._change = asyncio.Event()


def while_leading(world: World, tenure: Tenure, scope: Scope) -> World:
    """Make the world in which every write asks first."""
    return replace(
        world,
        records=LedRecords(world.records, tenure, scope),
        cluster=LedCluster(world.cluster, tenure),
    )


@dataclass(frozen=True, slots=True)
class LedRecords:
    """The ``Records`` port for a leader."""

    records: Records
    tenure: Tenure
    scope: Scope

    async def get(self, name: EndpointName) -> Item | None:
        """Read one record."""
        return await self.records.get(name)

    async def scan(self) -> AsyncIterator[Sequence[Item]]:
        """Read every record; a scan that is complete shows all who led before."""
        largest = 0
        async for page in self.records.scan():
            largest = max([largest, *(epoch_in(item, self.scope.region, self.scope.cluster) for item in page)])
            yield page
        self.tenure.follow(largest)

    async def write_status(self, item: Item, region: str, status: Mapping[str, Any]) -> Item:
        """Write a status, while leading and after all who led before."""
        epoch = await self.tenure.epoch()
        async with self.tenure.writing():
            return await self.records.write_status(item, region, {**status, EPOCH: epoch})

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

    async def observe(
        self, name: EndpointName, *, with_pods: bool, keys: Collection[ObjectKey] | None = None
    ) -> Observed:
        """Read an endpoint's objects."""
        return await self.cluster.observe(name, with_pods=with_pods, keys=keys)

    async def pods(self, name: EndpointName) -> tuple[Manifest, ...]:
        """Read an endpoint's pods."""
        return await self.cluster.pods(name)

    async def count_target_groups(self) -> TargetGroups:
        """Count target groups."""
        return await self.cluster.count_target_groups()

    def watch(self, kind: Kind, *, since: str | None) -> AsyncGenerator[WatchEvent, None]:
        """Follow the objects of one kind."""
        return self.cluster.watch(kind, since=since)

    async def carry_out(self, action: Action) -> Manifest | None:
        """Do one thing, while leading."""
        async with self.tenure.writing():
            return await self.cluster.carry_out(action)
