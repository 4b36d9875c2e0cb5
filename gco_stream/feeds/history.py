"""Reads what a stream still has of the past, every parent before its children, and follows it where that is wanted.

This is for people. The controller reads with ``feeds.stream``, which takes its place at the end of the stream, and
makes up for the past with a scan.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from gco_stream.core.backlog import Again
from gco_stream.core.recording import Recorded
from gco_stream.core.shards import After, Latest, Position, Shard, ShardId, TrimHorizon
from gco_stream.errors import Denied, GcoStreamError, IteratorExpired, StreamGap, Transient
from gco_stream.ports import Clock, Past, RecordedPage

# Four readings in a second are what a shard bears of one reader, and a controller may be another.
_BETWEEN_READS_SECONDS = 0.25
# An open shard says nowhere that there is no more, and pages in the middle of it may be empty; about five are usual.
_EMPTY_PAGES_AT_THE_END = 8
_CALLS_AT_ONCE = 16
_LOOK_FOR_SHARDS_SECONDS = 5.0
_LISTINGS = 3
_ATTEMPTS = 10
_LOSSES = 3
_RETRY = Again(first=0.1, longest=5.0)
_NOTHING = RecordedPage(records=(), next_iterator=None)

_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class HistoryReader:
    """Reads one stream once.

    Attributes:
        hand_over: Takes each page's records, in their order in the shard.
        say: Takes what people should know that is no record.
        gaps: How many places were lost: what was there is not among the records.
    """

    past: Past
    clock: Clock
    arn: str
    hand_over: Callable[[Sequence[Recorded]], None]
    say: Callable[[str], None]
    gaps: int = 0
    _first: Recorded | None = None
    _positions: dict[ShardId, Position] = field(default_factory=dict)
    _iterators: dict[ShardId, str] = field(default_factory=dict)
    _ended: dict[ShardId, asyncio.Event] = field(default_factory=dict)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_CALLS_AT_ONCE))

    @property
    def shards(self) -> int:
        """How many shards are known by now."""
        return len(self._ended)

    async def begin_at(self, sequence: str) -> bool:
        """Begin with the record of this number, and in shards that do not come from its own at the same time.

        Numbers of different shards say nothing about each other, so only time is left for those.

        Returns:
            False if no shard has it, or no longer.
        """
        described = await self._list()
        for shard in described:
            first = await self._record_at(shard, sequence)
            if first is not None:
                self._first = first
                self._pass_over(_ancestors(shard, described))
                return True
        return False

    async def begin_at_the_end(self) -> None:
        """Begin with what is written from now on."""
        described = await self._list()
        parents = {shard.parent for shard in described}
        self._pass_over(shard.id for shard in described if shard.id in parents)
        for shard in described:
            if shard.id not in parents:
                self._positions[shard.id] = Latest()
                self._iterators[shard.id] = await self._open(shard.id)

    async def read_until_now(self) -> None:
        """Read all that is there.

        Raises:
            StreamGap: The stream is not there.
            Transient: It cannot be reached.
        """
        with _one_error():
            while fresh := await self._take_fresh():
                async with asyncio.TaskGroup() as readers:
                    for shard in fresh:
                        readers.create_task(self._read_after_parent(shard, to_the_end=shard.closed))

    async def follow(self) -> NoReturn:
        """Read all that is there, and whatever is written, until cancelled; raises what ``read_until_now`` does."""
        with _one_error():
            async with asyncio.TaskGroup() as readers:
                while True:
                    for shard in await self._take_fresh():
                        readers.create_task(self._read_after_parent(shard, to_the_end=True))
                    await self.clock.sleep(_LOOK_FOR_SHARDS_SECONDS)

    async def _take_fresh(self) -> Sequence[Shard]:
        """Return the shards that nobody reads yet; they count as being read from now on."""
        fresh = [shard for shard in await self._list() if shard.id not in self._ended]
        self._ended.update((shard.id, asyncio.Event()) for shard in fresh)
        return fresh

    async def _list(self) -> Sequence[Shard]:
        """List all shards; one listing alone may lack some."""
        found: dict[ShardId, Shard] = {}
        for _ in range(_LISTINGS):
            found.update((shard.id, shard) for shard in await self._patiently(lambda: self.past.describe(self.arn)))
            known = {None, *found, *self._ended}
            if all(shard.parent in known for shard in found.values()):
                break
        return list(found.values())

    def _pass_over(self, shards: Iterable[ShardId]) -> None:
        for shard in shards:
            self._ended[shard] = asyncio.Event()
            self._ended[shard].set()

    async def _read_after_parent(self, shard: Shard, *, to_the_end: bool) -> None:
        parent = self._ended.get(shard.parent) if shard.parent is not None else None
        if parent is not None:
            await parent.wait()
        await self._read(shard.id, to_the_end=to_the_end)
        self._ended[shard.id].set()

    async def _read(self, shard: ShardId, *, to_the_end: bool) -> None:
        """Read a shard until it ends, or until nothing more comes."""
        iterator, empty = self._iterators.pop(shard, None), 0
        while True:
            page = await self._page(shard, iterator)
            if page.records:
                self._positions[shard] = After(page.records[-1].sequence)
            if wanted := [record for record in page.records if self._is_wanted(record)]:
                self.hand_over(wanted)
            iterator, empty = page.next_iterator, 0 if page.records else empty + 1
            if iterator is None or (not to_the_end and empty >= _EMPTY_PAGES_AT_THE_END):
                return
            await self.clock.sleep(_BETWEEN_READS_SECONDS)

    def _is_wanted(self, record: Recorded) -> bool:
        first = self._first
        if first is None:
            return True
        if record.shard == first.shard:
            return int(record.sequence) >= int(first.sequence)
        return first.at is None or record.at is None or record.at >= first.at

    async def _page(self, shard: ShardId, iterator: str | None) -> RecordedPage:
        """Read one page; where the place is lost, go on with the oldest that is there, and say so."""
        for _ in range(_LOSSES):
            try:
                place = iterator or await self._open(shard)
                return await self._read_page(shard, place)
            except IteratorExpired:
                if isinstance(self._positions.get(shard), Latest):
                    self._lose(shard, "the iterator expired before anything was read")
            except StreamGap as gap:
                self._lose(shard, str(gap))
            iterator = None
        return _NOTHING

    async def _read_page(self, shard: ShardId, iterator: str) -> RecordedPage:
        return await self._patiently(lambda: self.past.read_whole(iterator, shard))

    def _lose(self, shard: ShardId, why: str) -> None:
        self.gaps += 1
        self._positions[shard] = TrimHorizon()
        self.say(f"some records of {shard} are lost: {why}")

    async def _open(self, shard: ShardId) -> str:
        first, position = self._first, self._positions.get(shard)
        if position is None and first is not None and first.shard == shard:
            return await self._patiently(lambda: self.past.open_at(self.arn, shard, first.sequence))
        return await self._patiently(lambda: self.past.open(self.arn, shard, position or TrimHorizon()))

    async def _record_at(self, shard: Shard, sequence: str) -> Recorded | None:
        """Return the record of a number, if this shard has it."""
        try:
            iterator: str | None = await self._patiently(lambda: self.past.open_at(self.arn, shard.id, sequence))
            for _ in range(_EMPTY_PAGES_AT_THE_END):
                if iterator is None:
                    return None
                page = await self._read_page(shard.id, iterator)
                if page.records:
                    is_it = int(page.records[0].sequence) == int(sequence)
                    return page.records[0] if is_it else None
                iterator = page.next_iterator
                await self.clock.sleep(_BETWEEN_READS_SECONDS)
        except StreamGap:
            return None
        return None

    async def _patiently(self, call: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Ask again where that may help, but not for ever: somebody waits for the answer.

        Raises:
            Transient: It did not help.
        """
        for attempt in range(1, _ATTEMPTS):
            try:
                async with self._room:
                    return await call()
            except Denied:
                raise
            except Transient as trouble:
                self.say(f"the stream cannot be read, will try again: {trouble}")
                delay = _RETRY.not_before(trouble.retry_after).delay(attempt, lot=self.clock.lot())
            await self.clock.sleep(delay)
        async with self._room:
            return await call()


def _ancestors(shard: Shard, described: Iterable[Shard]) -> Iterator[ShardId]:
    parents = {one.id: one.parent for one in described}
    above = shard.parent
    while above is not None:
        yield above
        above = parents.get(above)


@contextmanager
def _one_error() -> Iterator[None]:
    """Raise one of several errors of ours, which are of one cause most of the time."""
    try:
        yield
    except BaseExceptionGroup as failures:
        error: BaseException = failures
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, GcoStreamError):
            raise error from failures
        raise
