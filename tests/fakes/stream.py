"""The ``EventStream`` port on lists: a forest of shards that a test can close, split, hide, and trim."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from gco_stream.core.changes import StreamRecord
from gco_stream.core.models import EndpointName, Item
from gco_stream.core.shards import After, Latest, Position, Shard, ShardId
from gco_stream.errors import IteratorExpired, StreamGap
from gco_stream.ports import Page, StreamPlace
from tests.fakes.line import Line

_ITERATOR_SECONDS = 15 * 60


@dataclass(slots=True)
class _Shard:
    id: ShardId
    parent: ShardId | None
    records: list[StreamRecord] = field(default_factory=list)
    trimmed: int = 0
    closed: bool = False
    listed: bool = True

    @property
    def end(self) -> int:
        return self.trimmed + len(self.records)

    def described(self) -> Shard:
        return Shard(id=self.id, parent=self.parent, closed=self.closed)


class FakeStream:
    """One table's stream.

    Attributes:
        page_size: How many records one reading has at the most.
        empty_pages: How many of the next readings come back empty although there are records.
        view: The stream's view type.
    """

    def __init__(self, *, line: Line | None = None, enabled: bool = True, page_size: int = 1000) -> None:
        self.line = line or Line()
        self.page_size = page_size
        self.empty_pages = 0
        self.view = "NEW_AND_OLD_IMAGES"
        self._arn: str | None = None
        self._generation = 0
        self._numbers = 0
        self._streams: dict[str, dict[ShardId, _Shard]] = {}
        if enabled:
            self.enable()

    # What people and the service do.

    def enable(self) -> ShardId:
        """Enable the stream, under a new ARN and with one new root; the old one stays readable."""
        self.disable()
        self._generation += 1
        self._arn = f"arn:stream/{self._generation}"
        self._streams[self._arn] = {}
        return self.grow()

    def disable(self) -> None:
        """Close every shard; what they have stays readable."""
        for shard in self._shards.values():
            shard.closed = True
        self._arn = None

    def forget(self) -> None:
        """Let disabled streams be gone for good, as after 24 hours."""
        self._streams = {arn: shards for arn, shards in self._streams.items() if arn == self._arn}

    def grow(self, parent: ShardId | None = None, *, listed: bool = True) -> ShardId:
        """Add an open shard."""
        shard_id = ShardId(f"shardId-{self._generation}-{len(self._shards):08}")
        self._shards[shard_id] = _Shard(shard_id, parent, listed=listed)
        return shard_id

    def close(self, shard: ShardId) -> None:
        self._shards[shard].closed = True

    def roll(self, shard: ShardId, *, into: int = 1, listed: bool = True) -> list[ShardId]:
        """Close a shard, and let others continue it."""
        self.close(shard)
        return [self.grow(shard, listed=listed) for _ in range(into)]

    def list_again(self, *shards: ShardId) -> None:
        """Let shards appear in descriptions from now on."""
        for shard in shards:
            self._shards[shard].listed = True

    def unlist(self, shard: ShardId) -> None:
        """Let a shard no longer appear in descriptions, as one past its 24 hours."""
        self._shards[shard].listed = False

    def trim(self, shard: ShardId) -> None:
        """Drop every record that a shard has, as after 24 hours."""
        known = self._shards[shard]
        known.trimmed, known.records = known.end, []

    def tell(
        self, name: EndpointName, *, before: Item | None = None, after: Item | None = None, shard: ShardId | None = None
    ) -> StreamRecord | None:
        """Add a record to a shard, by default to the newest open one; None while the stream is disabled."""
        if self._arn is None:
            return None
        self._numbers += 1
        record = StreamRecord(name=name, before=before, after=after, sequence=f"{self._numbers:021}")
        self._shards[shard or self.leaf].records.append(record)
        return record

    @property
    def _shards(self) -> dict[ShardId, _Shard]:
        """The current stream's shards, none while it is disabled."""
        return self._streams[self._arn] if self._arn is not None else {}

    @property
    def leaf(self) -> ShardId:
        """The newest open shard."""
        return max(shard.id for shard in self._shards.values() if not shard.closed)

    # What the controller does.

    async def locate(self) -> StreamPlace | None:
        await self.line.call("locate")
        return None if self._arn is None else StreamPlace(arn=self._arn, view=self.view)

    async def describe(self, arn: str, *, parent: ShardId | None = None) -> Sequence[Shard]:
        await self.line.call("describe", parent or "")
        listed = [shard.described() for shard in self._of(arn).values() if shard.listed]
        return [shard for shard in listed if parent is None or shard.parent == parent]

    async def open(self, arn: str, shard: ShardId, position: Position) -> str:
        await self.line.call("open", shard)
        known = self._of(arn).get(shard)
        if known is None:
            raise StreamGap(f"no shard {shard}")
        return _iterator(arn, shard, self._place(known, position))

    async def read(self, iterator: str) -> Page:
        arn, shard_id, place, issued = iterator.split("|")
        await self.line.call("read", shard_id)
        shards = self._of(arn)
        if asyncio.get_running_loop().time() - float(issued) > _ITERATOR_SECONDS:
            raise IteratorExpired(f"the iterator of {shard_id} is too old")
        return self._page(arn, shards[ShardId(shard_id)], int(place))

    def _page(self, arn: str, shard: _Shard, place: int) -> Page:
        if place < shard.trimmed:
            raise StreamGap(f"records of {shard.id} were trimmed")
        skipped = place - shard.trimmed
        records = shard.records[skipped : skipped + self.page_size]
        if self.empty_pages and records:
            self.empty_pages -= 1
            records = []
        place += len(records)
        at_end = shard.closed and place == shard.end
        return Page(records=tuple(records), next_iterator=None if at_end else _iterator(arn, shard.id, place))

    def _place(self, shard: _Shard, position: Position) -> int:
        if isinstance(position, Latest):
            return shard.end
        if not isinstance(position, After):
            return shard.trimmed
        for number, record in enumerate(shard.records, start=shard.trimmed):
            if record.sequence == position.sequence:
                return number + 1
        raise StreamGap(f"{position.sequence} of {shard.id} was trimmed")

    def _of(self, arn: str) -> dict[ShardId, _Shard]:
        if arn not in self._streams:
            raise StreamGap("the stream is no longer there")
        return self._streams[arn]


def _iterator(arn: str, shard: ShardId, place: int) -> str:
    return f"{arn}|{shard}|{place}|{asyncio.get_running_loop().time()}"
