"""The ``Past`` port on the model of DynamoDB Streams, without a network."""

from datetime import timedelta

from gco_stream.core.recording import Recorded
from gco_stream.core.shards import Position, ShardId
from gco_stream.errors import StreamGap
from gco_stream.ports import RecordedPage
from gco_stream.shell.aws import to_attributes
from tests.fakes.clock import THE_BEGINNING
from tests.fakes.stream import FakeStream, _ours
from tests.streams_service.model import ServiceError
from tests.streams_service.shard import Kept


class FakePast(FakeStream):
    """One table's stream, with whole records; ``tell`` adds some.

    Attributes:
        gone: Shards that are still listed and can no longer be opened.
    """

    def __init__(self, *, page_size: int = 1000) -> None:
        super().__init__(page_size=page_size)
        self.gone: set[ShardId] = set()

    async def open(self, arn: str, shard: ShardId, position: Position) -> str:
        if shard in self.gone:
            raise StreamGap(f"no such shard: {shard}")
        return await super().open(arn, shard, position)

    async def open_at(self, arn: str, shard: ShardId, sequence: str) -> str:
        await self.line.call("open_at", shard)
        try:
            return self.get_shard_iterator(arn, shard, "AT_SEQUENCE_NUMBER", sequence)
        except ServiceError as error:
            raise _ours(error) from error

    async def read_whole(self, iterator: str, shard: ShardId) -> RecordedPage:
        await self.line.call("read", shard)
        try:
            page = self.get_records(iterator)
        except ServiceError as error:
            raise _ours(error) from error
        records = tuple(_recorded(kept, shard) for kept in page.records)
        return RecordedPage(records=records, next_iterator=page.next_iterator)


def _recorded(kept: Kept, shard: ShardId) -> Recorded:
    before, after = (None if i is None else to_attributes(i) for i in (kept.record.before, kept.record.after))
    return Recorded(
        shard=shard,
        sequence=kept.record.sequence,
        # Rounded down, as the service does.
        at=THE_BEGINNING + timedelta(seconds=int(kept.at)),
        event="INSERT" if before is None else "REMOVE" if after is None else "MODIFY",
        keys=to_attributes({"endpoint_name": kept.record.name}),
        before=before,
        after=after,
    )
