"""The ``EventStream`` port on the model of DynamoDB Streams, without a network."""

import asyncio
from collections.abc import Sequence

from gco_stream.core.changes import StreamRecord
from gco_stream.core.shards import After, Latest, Position, Shard, ShardId
from gco_stream.errors import IteratorExpired, StreamGap, Transient
from gco_stream.ports import Page, StreamPlace
from gco_stream.shell.pace import Pace
from gco_stream.shell.stream import DESCRIPTIONS_PER_SECOND
from tests.fakes.clock import FakeClock
from tests.fakes.line import Line
from tests.streams_service.model import ServiceError, StreamsModel


class FakeStream(StreamsModel):
    """One table's stream.

    Attributes:
        stuck: Shards whose readings are never answered.
        throttled: The share of readings that are refused because there were too many.
        served: Every page that was read: its shard, and the records on it.
        lives: Where in ``served`` somebody began to read from LATEST, and how many records there were by then.
    """

    def __init__(self, *, line: Line | None = None, enabled: bool = True, page_size: int = 1000) -> None:
        self.line = line or Line()
        self.stuck: set[ShardId] = set()
        self.throttled = 0.0
        self.served: list[tuple[ShardId, tuple[StreamRecord, ...]]] = []
        self.lives: dict[int, int] = {}
        self._pace = Pace(FakeClock(), per_second=DESCRIPTIONS_PER_SECOND)
        super().__init__(now=_loop_time, enabled=enabled, page_size=page_size)

    async def locate(self) -> StreamPlace | None:
        await self.line.call("locate")
        return None if self.arn is None else StreamPlace(arn=self.arn, view=self.view)

    async def describe(self, arn: str, *, parent: ShardId | None = None) -> Sequence[Shard]:
        shards: list[Shard] = []
        after: ShardId | None = None
        while True:
            await self._pace.turn()
            await self.line.call("describe", parent or "")
            try:
                page = self.describe_stream(arn, parent=parent, after=after)
            except ServiceError as error:
                raise _ours(error) from error
            shards += [
                Shard(id=one.id, parent=one.parent, closed=one.closed and not one.looks_open) for one in page.shards
            ]
            if (after := page.last) is None:
                return [shard for shard in shards if parent is None or shard.parent == parent]

    async def open(self, arn: str, shard: ShardId, position: Position) -> str:
        await self.line.call("open", shard)
        try:
            match position:
                case After(sequence):
                    return self.get_shard_iterator(arn, shard, "AFTER_SEQUENCE_NUMBER", sequence)
                case Latest():
                    self.lives[len(self.served)] = self._numbers
                    return self.get_shard_iterator(arn, shard, "LATEST")
                case _:
                    return self.get_shard_iterator(arn, shard, "TRIM_HORIZON")
        except ServiceError as error:
            raise _ours(error) from error

    async def read(self, iterator: str) -> Page:
        shard_id = ShardId(iterator.split("|")[1])
        await self.line.call("read", shard_id)
        if shard_id in self.stuck:
            await asyncio.Event().wait()
        if self._dice.random() < self.throttled:
            raise Transient("Rate of requests exceeds the allowed throughput")
        try:
            page = self.get_records(iterator)
        except ServiceError as error:
            raise _ours(error) from error
        records = tuple(kept.record for kept in page.records)
        self.served.append((shard_id, records))
        return Page(records=records, next_iterator=page.next_iterator)


def _ours(error: ServiceError) -> Exception:
    return IteratorExpired(str(error)) if error.code == "ExpiredIteratorException" else StreamGap(str(error))


def _loop_time() -> float:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:  # a test that is only being set up
        return 0.0
