"""One life with one stream: reads every shard of it to its end, and whatever continues it, until the place is lost."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from gco_stream.core.backlog import Again
from gco_stream.core.shards import Latest, ShardId, Shards
from gco_stream.errors import GcoStreamError, IteratorExpired, StreamGap, Transient
from gco_stream.feeds.stream_counts import StreamCounts
from gco_stream.ports import Clock, EventStream, Page, StreamPlace

_log = logging.getLogger(__name__)

# A shard bears five readings in a second, and two clusters may read it.
SHORTEST_SECONDS = 0.25
_RETRY = Again(first=0.1, longest=4.0)
_CHILDREN = Again(first=0.1, longest=1.0)
_CHILDREN_LATE = Again(first=10.0, longest=10.0)
# Ten minutes without children: the stream has ended, or something is wrong that no haste cures.
_LATE_AFTER_ATTEMPTS = 600
# About two seconds without children: perhaps the whole stream has been replaced.
_DOUBT_AFTER_ATTEMPTS = 5
# A split has two children, and the second may be listed later than the first.
_SIBLINGS_SECONDS = (1.0, 9.0)
_DISCOVERY_SECONDS = 60.0
_INCOMPLETE = Again(first=0.5, longest=10.0)
_OPENED_AT_ONCE = 16


@dataclass(slots=True)
class ShardReaders:
    """Reads one stream.

    Attributes:
        hand_over: Takes every page before the next one is read.
        idle_seconds: Between two readings of a shard that has nothing new.
        hears_of_recovery: Is told that a shard could be read after attempts that failed.
    """

    stream: EventStream
    clock: Clock
    place: StreamPlace
    counts: StreamCounts
    hand_over: Callable[[Page], Awaitable[None]]
    idle_seconds: float
    hears_of_recovery: Callable[[], Awaitable[None]]
    shards: Shards = field(default_factory=Shards)
    _lost: asyncio.Future[StreamGap] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _doubt: asyncio.Event = field(default_factory=asyncio.Event)

    async def take_places(self) -> dict[ShardId, str]:
        """Open every leaf before anything is scanned.

        Raises:
            StreamGap: The stream is gone.
            Transient: It cannot be reached.
        """
        self.shards.start(await self.stream.describe(self.place.arn), now=self.clock.monotonic())
        gate, iterators, troubles = asyncio.Semaphore(_OPENED_AT_ONCE), dict[ShardId, str](), list[GcoStreamError]()

        async def take(shard_id: ShardId) -> None:
            """Open one; see ``_guard`` for why trouble is not raised here."""
            async with gate:
                if troubles:
                    return
                try:
                    position = self.shards.position(shard_id)
                    iterators[shard_id] = await self.stream.open(self.place.arn, shard_id, position)
                except GcoStreamError as trouble:
                    troubles.append(trouble)

        async with asyncio.TaskGroup() as group:
            for shard_id in self.shards.due():
                group.create_task(take(shard_id))
        if troubles:
            raise troubles[0]
        return iterators

    async def run(self, iterators: dict[ShardId, str]) -> None:
        """Read until the place is lost.

        Raises:
            StreamGap: Something may have been missed.
        """
        try:
            async with asyncio.TaskGroup() as readers:
                for shard_id, iterator in iterators.items():
                    phase = self.idle_seconds * self.clock.lot()
                    readers.create_task(self._guard(self._follow, shard_id, readers, iterator, phase))
                readers.create_task(self._guard(self._discover_for_ever, readers))
                raise await self._lost
        except BaseExceptionGroup as failures:
            if (error := _one_of(failures)) is None:
                raise
            raise error from failures

    async def _guard(self, reading: Callable[..., Awaitable[None]], *about: Any) -> None:
        """Hand a gap to whoever waits in ``run``.

        Were it raised here, the group would cancel its own task for it, and a cancellation from outside at the same
        moment could not be told from that.
        """
        try:
            await reading(*about)
        except StreamGap as gap:
            if not self._lost.done():
                self._lost.set_result(gap)

    async def _follow(self, shard_id: ShardId, readers: asyncio.TaskGroup, iterator: str | None, after: float) -> None:
        """Read one shard to its end, then see to its children."""
        await self.clock.sleep(after)
        await self._read(shard_id, iterator or await self._open(shard_id))
        self.shards.finish(shard_id, now=self.clock.monotonic())
        self.counts.rotations += 1
        self._read_due(readers)
        await self._find_children(shard_id, readers)

    async def _read(self, shard_id: ShardId, iterator: str | None) -> None:
        """Read one shard to its end, never faster than it bears."""
        turns, after = _Turns(self.clock), SHORTEST_SECONDS
        while iterator is not None:
            await turns.next(after)
            try:
                page = await self._page(iterator, turns)
            except IteratorExpired:
                after, iterator = SHORTEST_SECONDS, await self._reopen(shard_id)
                continue
            await self._take(shard_id, page)
            hurry = page.records or self.shards.is_closed(shard_id)
            after = SHORTEST_SECONDS if hurry else self.idle_seconds
            iterator = page.next_iterator

    async def _page(self, iterator: str, turns: "_Turns") -> Page:
        """Read a page, however often it takes."""
        attempt = 0
        while True:
            try:
                page = await self.stream.read(iterator)
            except Transient as trouble:
                attempt += 1
                await self._pause(trouble, attempt)
                await turns.next(SHORTEST_SECONDS)
                continue
            if attempt > 0:
                await self.hears_of_recovery()
            return page

    async def _take(self, shard_id: ShardId, page: Page) -> None:
        """Hand a page over, and only then count it as read."""
        await self.hand_over(page)
        last = page.records[-1].sequence if page.records else None
        self.shards.advance(shard_id, last, now=self.clock.monotonic())
        if page.records:
            self.counts.pages += 1
        else:
            self.counts.empty_pages += 1

    async def _reopen(self, shard_id: ShardId) -> str:
        """Ask for a new iterator at the place of the old one.

        Raises:
            StreamGap: Nothing was read yet since LATEST, so nobody knows where that was.
        """
        if isinstance(self.shards.position(shard_id), Latest):
            raise StreamGap(f"the iterator of shard {shard_id} expired before anything was read")
        return await self._open(shard_id)

    async def _open(self, shard_id: ShardId) -> str:
        """Return an iterator at the place that a shard is read up to.

        Raises:
            StreamGap: Nobody knows what has gone since then.
        """
        attempt = 0
        while True:
            if self.shards.may_have_lost(shard_id, now=self.clock.monotonic()):
                raise StreamGap(f"shard {shard_id} was not seen for so long that its records may be gone")
            try:
                return await self.stream.open(self.place.arn, shard_id, self.shards.position(shard_id))
            except Transient as trouble:
                attempt += 1
                await self._pause(trouble, attempt)

    async def _pause(self, trouble: Transient, attempt: int) -> None:
        self.counts.troubles += 1
        # Said at the first attempt, the second, the fourth, …: an outage of a night is no reason to fill the logs.
        level = logging.WARNING if attempt.bit_count() == 1 else logging.DEBUG
        _log.log(level, "stream cannot be read, will try again", extra={"reason": str(trouble), "attempt": attempt})
        again = _RETRY.not_before(trouble.retry_after)
        await self.clock.sleep(again.delay(attempt, lot=self.clock.lot()))

    async def _find_children(self, shard_id: ShardId, readers: asyncio.TaskGroup) -> None:
        """Ask for the shards that continue a finished one: the service may list them late, and one by one."""
        attempt = 0
        while self.shards.wants_children(shard_id):
            attempt += 1
            await self._ask_for_children(shard_id, readers)
            if not self.shards.wants_children(shard_id):
                break
            if attempt == _DOUBT_AFTER_ATTEMPTS:
                self._doubt.set()
            again = _CHILDREN if attempt < _LATE_AFTER_ATTEMPTS else _CHILDREN_LATE
            await self.clock.sleep(again.delay(attempt, lot=self.clock.lot()))
        for seconds in _SIBLINGS_SECONDS:
            await self.clock.sleep(seconds)
            await self._ask_for_children(shard_id, readers)

    async def _ask_for_children(self, shard_id: ShardId, readers: asyncio.TaskGroup) -> None:
        try:
            described = await self.stream.describe(self.place.arn, parent=shard_id)
        except Transient:
            self.counts.troubles += 1
            return
        self.shards.discover(described, now=self.clock.monotonic())
        self._read_due(readers)

    async def _discover_for_ever(self, readers: asyncio.TaskGroup) -> None:
        """List all shards now and then, for roots that nobody announces, and notice a stream that was replaced."""
        attempt = 0
        while True:
            is_complete = len(self.shards) > 0 and not self.shards.lack_parents()
            attempt = 0 if is_complete else attempt + 1
            await self._until_discovery(attempt)
            try:
                current = await self.stream.locate()
                described = await self.stream.describe(self.place.arn)
            except Transient as trouble:
                self.counts.troubles += 1
                _log.warning("shards cannot be listed, will try again", extra={"reason": str(trouble)})
                continue
            if current is None or current.arn != self.place.arn:
                raise StreamGap("the table's stream was disabled or replaced")
            self.shards.discover(described, now=self.clock.monotonic())
            self.shards.reopen(described)
            # A shard that goes on was read a moment ago.
            self._read_due(readers, after=SHORTEST_SECONDS)

    async def _until_discovery(self, attempt: int) -> None:
        """Wait for the next discovery: soon where the last one was incomplete, or the stream seems to be over."""
        lot = self.clock.lot()
        seconds = _INCOMPLETE.delay(attempt, lot=lot) if attempt else _DISCOVERY_SECONDS * (0.9 + 0.2 * lot)
        try:
            async with asyncio.timeout(seconds):
                await self._doubt.wait()
        except TimeoutError:
            return
        self._doubt.clear()

    def _read_due(self, readers: asyncio.TaskGroup, *, after: float = 0.0) -> None:
        for shard_id in self.shards.due():
            readers.create_task(self._guard(self._follow, shard_id, readers, None, after))


class _Turns:
    """When a shard was last asked for records, successfully or not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = -math.inf

    async def next(self, after: float) -> None:
        """Wait until so many seconds have passed since the last turn, and begin another."""
        await self._clock.sleep(max(0.0, self._last + after - self._clock.monotonic()))
        self._last = self._clock.monotonic()


def _one_of(failures: BaseExceptionGroup[BaseException]) -> BaseException | None:
    """Return a failure that stands for all, or None if some are not of our making."""
    ours, others = failures.split(GcoStreamError)
    if ours is None or others is not None:
        return None
    error: BaseException = ours
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
