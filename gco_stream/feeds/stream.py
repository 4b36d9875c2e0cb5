"""Follows the table's stream: takes a place in it, asks for the scan that covers what came before, reads on.

Whatever goes wrong beyond repair (records trimmed, a stream enabled anew) takes the same path as the start: take a
new place, scan again. So nothing has to be remembered across restarts.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta

from gco_stream.core.backlog import Again
from gco_stream.core.brake import Brake
from gco_stream.core.changes import StreamRecord, deserves_a_look, wished_at
from gco_stream.core.source_health import SILENT_SECONDS, Phase, SourceHealth, blind_since, health_of
from gco_stream.errors import StreamGap, Transient
from gco_stream.feeds.resync import ResyncRequests
from gco_stream.feeds.shard_readers import ShardReaders
from gco_stream.feeds.stream_counts import StreamCounts
from gco_stream.ports import Clock, EventStream, Page, StreamPlace
from gco_stream.queue import WorkQueue

_log = logging.getLogger(__name__)

_RESTART = Again(first=0.5, longest=30.0)
_LOOK_FOR_STREAM_SECONDS = 60.0
# A stream followed for less than this counts as another failed attempt when it is lost.
_SETTLED_SECONDS = 60.0
_FULL_VIEW = "NEW_AND_OLD_IMAGES"


@dataclass(slots=True)
class StreamFeed:
    """Reads every shard of the table's stream.

    Attributes:
        poll_interval: Between two reads of one shard that has nothing new.
        counts: What it has seen so far.
        brake: Is told which records are gone.
    """

    stream: EventStream
    queue: WorkQueue
    resyncs: ResyncRequests
    clock: Clock
    region: str
    poll_interval: timedelta
    counts: StreamCounts = field(default_factory=StreamCounts)
    brake: Brake = field(default_factory=Brake)
    _attempt: int = field(default=0)
    _is_covered: bool = field(default=False)
    _phase: Phase = field(default=Phase.TAKING_PLACE)
    _readers: ShardReaders | None = field(default=None)
    _blind_since: float | None = field(default=None)

    async def run(self) -> None:
        """Follow the stream for ever, whatever becomes of it."""
        while True:
            started = self.clock.monotonic()
            try:
                await self._follow()
            except (StreamGap, Transient) as trouble:
                if _is_ending():
                    raise asyncio.CancelledError from trouble
                self._lose(trouble)
            lived = self.clock.monotonic() - started
            self._attempt = 1 if lived > _SETTLED_SECONDS else self._attempt + 1
            await self.clock.sleep(_RESTART.delay(self._attempt, lot=self.clock.lot()))

    def health(self) -> SourceHealth:
        """Say whether every lineage of the stream was read lately."""
        readers = self._readers
        lineages = readers.shards.lineages() if readers is not None else ()
        silent_after = max(SILENT_SECONDS, 2 * self.poll_interval.total_seconds())
        return health_of(self._phase, lineages, now=self.clock.monotonic(), silent_after=silent_after)

    def _lose(self, trouble: StreamGap | Transient) -> None:
        """Say what happened, once, and have the table scanned for what may have passed unseen."""
        followed, self._readers, self._phase = self._readers, None, Phase.TAKING_PLACE
        if isinstance(trouble, Transient):
            _log.warning("stream cannot be read, will try again", extra={"reason": str(trouble)})
            self._cover("stream cannot be read")
            return
        if followed is not None:
            self._is_covered = False
        elif self._attempt > 0:
            # There may be no place to be had for long, and changes are to be found meanwhile.
            self._cover("no place in the stream")
        if self._blind_since is None and followed is not None:
            self._blind_since = blind_since(followed.shards.lineages())
            self.counts.gaps += 1
        blind = {"blind_seconds": round(self._blind(), 1)}
        _log.warning("place in the stream lost, scanning again", extra={"reason": str(trouble), **blind})

    def _blind(self) -> float:
        """For how long records may have passed unseen by now."""
        return 0.0 if self._blind_since is None else self.clock.monotonic() - self._blind_since

    def _cover(self, reason: str) -> None:
        """Have the table scanned once for a time without a place in the stream."""
        if not self._is_covered:
            self.resyncs.ask(reason)
        self._is_covered = True

    async def _follow(self) -> None:
        place = await self._locate()
        readers = ShardReaders(
            stream=self.stream,
            clock=self.clock,
            place=place,
            counts=self.counts,
            hand_over=self._hand_over,
            idle_seconds=self.poll_interval.total_seconds(),
            hears_of_recovery=self.queue.hasten,
        )
        iterators = await readers.take_places()
        self.resyncs.ask("stream positioned")
        blind = {"blind_seconds": round(self._blind(), 1)} if self._blind_since is not None else {}
        self.counts.blind_seconds += self._blind()
        self._is_covered, self._blind_since = True, None
        self._readers, self._phase = readers, Phase.FOLLOWING
        _log.info("following the stream", extra={"stream": place.arn, "shards": len(iterators), **blind})
        await readers.run(iterators)

    async def _locate(self) -> StreamPlace:
        """Wait until the table has a stream; without one the resync alone finds changes."""
        while (place := await self.stream.locate()) is None:
            if self._phase is not Phase.NO_STREAM:
                _log.warning("the table has no stream: changes are found by resyncs alone")
                self._cover("no stream")
                self._phase = Phase.NO_STREAM
            await self.clock.sleep(_LOOK_FOR_STREAM_SECONDS)
        self._phase = Phase.TAKING_PLACE
        if place.view != _FULL_VIEW:
            _log.warning("the stream's view type costs needless looks", extra={"view": place.view})
        return place

    async def _hand_over(self, page: Page) -> None:
        """Queue the endpoints that a page speaks of."""
        for record in page.records:
            if record.after is None:
                self.brake.note_removed(record.name)
            if deserves_a_look(record, region=self.region):
                await self.queue.add(record.name)
                self.counts.records["queued" if record.is_readable else "unreadable"] += 1
                self._measure(record)
            else:
                self.counts.records["dropped"] += 1

    def _measure(self, record: StreamRecord) -> None:
        if (wished := wished_at(record)) is not None:
            self.counts.lag_seconds = (self.clock.now() - wished).total_seconds()


def _is_ending() -> bool:
    """Whether this task was told to end while its readers were failing, which would otherwise hide it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
