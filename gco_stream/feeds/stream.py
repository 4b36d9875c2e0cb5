"""Follows the table's stream: takes a place in it, asks for the scan that covers what came before, reads on.

Whatever goes wrong beyond repair (records trimmed, a stream enabled anew) takes the same path as the start: take a
new place, scan again. So nothing has to be remembered across restarts.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from gco_stream.core.backlog import Again
from gco_stream.core.changes import deserves_a_look
from gco_stream.core.shards import Latest, Position, ShardId, Shards
from gco_stream.errors import IteratorExpired, StreamGap, Transient
from gco_stream.feeds.resync import ResyncRequests
from gco_stream.ports import Clock, EventStream, Page, StreamPlace
from gco_stream.queue import WorkQueue

_log = logging.getLogger(__name__)

_RETRY = Again(first=0.1, longest=5.0)
_RESTART = Again(first=0.5, longest=30.0)
_CHILDREN = Again(first=0.1, longest=1.0)
_CHILDREN_LATE = Again(first=10.0, longest=10.0)
_LATE_AFTER_ATTEMPTS = 60
_DISCOVERY_SECONDS = 60.0
# A stream followed for less than this counts as another failed attempt when it is lost.
_SETTLED_SECONDS = 60.0
_FULL_VIEW = "NEW_AND_OLD_IMAGES"


@dataclass(slots=True)
class StreamFeed:
    """Reads every shard of the table's stream.

    Attributes:
        poll_interval: Between two reads of one shard.
    """

    stream: EventStream
    queue: WorkQueue
    resyncs: ResyncRequests
    clock: Clock
    region: str
    poll_interval: timedelta
    _attempt: int = field(default=0)
    _is_covered: bool = field(default=False)

    async def run(self) -> None:
        """Follow the stream for ever, whatever becomes of it."""
        while True:
            started = self.clock.monotonic()
            try:
                await self._follow()
            except StreamGap as gap:
                if _is_ending():
                    raise asyncio.CancelledError from gap
                _log.warning("place in the stream lost, scanning again", extra={"reason": str(gap)})
                self._is_covered = False
            except Transient as trouble:
                _log.warning("stream cannot be read, will try again", extra={"reason": str(trouble)})
                self._cover("stream cannot be read")
            lived = self.clock.monotonic() - started
            self._attempt = 1 if lived > _SETTLED_SECONDS else self._attempt + 1
            await self.clock.sleep(_RESTART.delay(self._attempt, lot=self.clock.lot()))

    def _cover(self, reason: str) -> None:
        """Have the table scanned once for a time without a place in the stream."""
        if not self._is_covered:
            self.resyncs.ask(reason)
        self._is_covered = True

    async def _follow(self) -> None:
        place = await self._locate()
        shards = Shards()
        shards.start(await self.stream.describe(place.arn), now=self.clock.now())
        following = _Following(feed=self, place=place, shards=shards)
        iterators = await following.take_places()
        self.resyncs.ask("stream positioned")
        self._is_covered = True
        _log.info("following the stream", extra={"stream": place.arn, "shards": len(iterators)})
        await following.run(iterators)

    async def _locate(self) -> StreamPlace:
        """Wait until the table has a stream; without one the resync alone finds changes."""
        was_said = False
        while (place := await self.stream.locate()) is None:
            if not was_said:
                _log.warning("the table has no stream: changes are found by resyncs alone")
                self._cover("no stream")
                was_said = True
            await self.clock.sleep(_DISCOVERY_SECONDS)
        if place.view != _FULL_VIEW:
            _log.warning("the stream's view type costs needless looks", extra={"view": place.view})
        return place

    async def hand_over(self, page: Page) -> None:
        """Queue the endpoints that a page speaks of."""
        for record in page.records:
            if deserves_a_look(record, region=self.region):
                await self.queue.add(record.name)


def _is_ending() -> bool:
    """Whether this task was told to end while its readers were failing, which would otherwise hide it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


@dataclass(slots=True)
class _Following:
    """One life with one stream: from taking a place in it until it is lost."""

    feed: StreamFeed
    place: StreamPlace
    shards: Shards
    _lost: asyncio.Future[StreamGap] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def take_places(self) -> dict[ShardId, str]:
        """Open every leaf before anything is scanned."""
        return {
            shard_id: await self.feed.stream.open(self.place.arn, shard_id, position)
            for shard_id, position in self.shards.due().items()
        }

    async def run(self, iterators: dict[ShardId, str]) -> None:
        """Read until the place is lost.

        Raises:
            StreamGap: Something may have been missed.
        """
        try:
            async with asyncio.TaskGroup() as readers:
                for shard_id, iterator in iterators.items():
                    readers.create_task(self._guard(self._read(shard_id, readers, iterator)))
                readers.create_task(self._guard(self._discover_for_ever(readers)))
                raise await self._lost
        except BaseExceptionGroup as failures:
            gaps, others = failures.split(StreamGap)
            if gaps is None or others is not None:
                raise
            raise StreamGap(str(gaps.exceptions[0])) from failures

    async def _guard(self, reading: Coroutine[Any, Any, None]) -> None:
        """Hand a gap to whoever waits in ``run``.

        Were it raised here, the group would cancel its own task for it, and a cancellation from outside at the same
        moment could not be told from that.
        """
        try:
            await reading
        except StreamGap as gap:
            if not self._lost.done():
                self._lost.set_result(gap)

    async def _read(self, shard_id: ShardId, readers: asyncio.TaskGroup, iterator: str | None = None) -> None:
        """Read one shard to its end, then see to its children."""
        interval = self.feed.poll_interval.total_seconds()
        iterator = iterator or await self._open(shard_id, self.shards.position(shard_id))
        due = self.feed.clock.monotonic() + interval * self.feed.clock.lot()
        while iterator is not None:
            await self.feed.clock.sleep(due - self.feed.clock.monotonic())
            due = max(due, self.feed.clock.monotonic()) + interval
            try:
                page = await self._page(iterator)
            except IteratorExpired:
                iterator = await self._reopen(shard_id)
                continue
            await self.feed.hand_over(page)
            if page.records:
                self.shards.advance(shard_id, page.records[-1].sequence)
            iterator = page.next_iterator
        self.shards.finish(shard_id, now=self.feed.clock.now())
        await self._find_children(shard_id, readers)

    async def _page(self, iterator: str) -> Page:
        attempt = 0
        while True:
            try:
                return await self.feed.stream.read(iterator)
            except Transient as trouble:
                attempt += 1
                await self._pause(trouble, attempt)

    async def _reopen(self, shard_id: ShardId) -> str:
        """Ask for a new iterator at the place of the old one.

        Raises:
            StreamGap: Nothing was read yet since LATEST, so nobody knows where that was.
        """
        position = self.shards.position(shard_id)
        if isinstance(position, Latest):
            raise StreamGap(f"the iterator of shard {shard_id} expired before anything was read")
        return await self._open(shard_id, position)

    async def _open(self, shard_id: ShardId, position: Position) -> str:
        attempt = 0
        while True:
            try:
                return await self.feed.stream.open(self.place.arn, shard_id, position)
            except Transient as trouble:
                attempt += 1
                await self._pause(trouble, attempt)

    async def _pause(self, trouble: Transient, attempt: int) -> None:
        _log.warning("stream cannot be read, will try again", extra={"reason": str(trouble), "attempt": attempt})
        again = _RETRY.not_before(trouble.retry_after)
        await self.feed.clock.sleep(again.delay(attempt, lot=self.feed.clock.lot()))

    async def _find_children(self, shard_id: ShardId, readers: asyncio.TaskGroup) -> None:
        """Ask for the shards that continue a finished one: the service may list them late.

        A shard that ended with its stream has none, so the questions become rare.
        """
        self._read_due(readers)
        attempt = 0
        while self.shards.wants_children(shard_id):
            attempt += 1
            try:
                described = await self.feed.stream.describe(self.place.arn, parent=shard_id)
            except Transient:
                described = ()
            self.shards.discover(described, now=self.feed.clock.now())
            self._read_due(readers)
            again = _CHILDREN if attempt < _LATE_AFTER_ATTEMPTS else _CHILDREN_LATE
            await self.feed.clock.sleep(again.delay(attempt, lot=self.feed.clock.lot()))

    async def _discover_for_ever(self, readers: asyncio.TaskGroup) -> None:
        """List all shards now and then, for roots that nobody announces, and notice a stream that was replaced."""
        while True:
            await self.feed.clock.sleep(_DISCOVERY_SECONDS * (0.9 + 0.2 * self.feed.clock.lot()))
            try:
                current = await self.feed.stream.locate()
                described = await self.feed.stream.describe(self.place.arn)
            except Transient as trouble:
                _log.warning("shards cannot be listed, will try again", extra={"reason": str(trouble)})
                continue
            if current is None or current.arn != self.place.arn:
                raise StreamGap("the table's stream was disabled or replaced")
            self.shards.discover(described, now=self.feed.clock.now())
            self.shards.reopen(described)
            self._read_due(readers)

    def _read_due(self, readers: asyncio.TaskGroup) -> None:
        for shard_id in self.shards.due():
            readers.create_task(self._guard(self._read(shard_id, readers)))
