"""The ``EventStream`` port on DynamoDB Streams.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
"""

import binascii
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from gco_stream.core.changes import StreamRecord
from gco_stream.core.models import EndpointName
from gco_stream.core.shards import After, Latest, Position, Shard, ShardId
from gco_stream.errors import Refused, StreamGap, Transient
from gco_stream.ports import Clock, Page, StreamPlace
from gco_stream.shell.aws import answer_of, aws_errors, from_attributes
from gco_stream.shell.clock import SystemClock
from gco_stream.shell.pace import Pace

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_dynamodbstreams import DynamoDBStreamsClient

# The service takes 10 in a second, and two clusters may read one stream.
DESCRIPTIONS_PER_SECOND = 5
# A place in the stream that does not answer is better asked again than waited for.
ANSWER_SECONDS = 5.0

_KEY = "endpoint_name"
_UNREADABLE: Mapping[str, Any] = {}


class DynamoStream:
    """Reads the stream of one table."""

    def __init__(
        self, tables: "DynamoDBClient", streams: "DynamoDBStreamsClient", table: str, *, clock: Clock | None = None
    ) -> None:
        self._tables = tables
        self._streams = streams
        self._table = table
        self._pace = Pace(clock or SystemClock(), per_second=DESCRIPTIONS_PER_SECOND)

    async def locate(self) -> StreamPlace | None:
        """Find the table's current stream; None if the table has none.

        The table's own description names it; a list of streams holds disabled ones, too.
        """
        try:
            answer = await self._call(self._tables.describe_table, TableName=self._table)
        except ClientError as error:
            raise Transient(f"there is no table {self._table} in the region asked") from error
        specification = answer["Table"].get("StreamSpecification") or {}
        if not specification.get("StreamEnabled"):
            return None
        return StreamPlace(arn=answer["Table"]["LatestStreamArn"], view=specification["StreamViewType"])

    async def describe(self, arn: str, *, parent: ShardId | None = None) -> Sequence[Shard]:
        """List the stream's shards, all pages; with ``parent``, only the children of that shard.

        Some services answer with the parent itself, so the answer is filtered here as well.
        """
        wanted = {"ShardFilter": {"Type": "CHILD_SHARDS", "ShardId": parent}} if parent is not None else {}
        shards: dict[ShardId, Shard] = {}
        start: dict[str, str] = {}
        while True:
            await self._pace.turn()
            answer = await self._of_stream(self._streams.describe_stream, StreamArn=arn, **wanted, **start)
            page = answer["StreamDescription"]
            known = len(shards)
            shards.update((one.id, one) for one in map(_shard, page.get("Shards") or ()))
            last = page.get("LastEvaluatedShardId")
            if not last:
                return [shard for shard in shards.values() if parent is None or shard.parent == parent]
            if start.get("ExclusiveStartShardId") == last or len(shards) == known:
                raise Transient("the pages of the stream's description go round in a circle")
            start = {"ExclusiveStartShardId": last}

    async def open(self, arn: str, shard: ShardId, position: Position) -> str:
        """Return an iterator that begins at a position."""
        answer = await self._of_stream(
            self._streams.get_shard_iterator, StreamArn=arn, ShardId=shard, **_iterator_type(position)
        )
        return str(answer["ShardIterator"])

    async def read(self, iterator: str) -> Page:
        """Read what comes next."""
        answer = await self._of_stream(self._streams.get_records, ShardIterator=iterator)
        records = tuple(_record(record) for record in answer["Records"])
        return Page(records=records, next_iterator=answer.get("NextShardIterator") or None)

    async def _of_stream(self, call: Any, **parameters: Any) -> Any:
        try:
            return await self._call(call, **parameters)
        except ClientError as error:
            raise StreamGap(f"the stream or a shard of it is no longer there: {error}") from error
        except Refused as refused:
            # DynamoDB Local says so of iterators that it does not know any more.
            raise StreamGap(f"the stream does not know this place: {refused}") from refused
        except binascii.Error as error:
            raise StreamGap(f"a page of the stream cannot be read: {error}") from error

    async def _call(self, call: Any, **parameters: Any) -> Any:
        doing = f"reading the stream of table {self._table}"
        with aws_errors(doing):
            return await answer_of(call(**parameters), doing, within=ANSWER_SECONDS)


def _shard(described: Mapping[str, Any]) -> Shard:
    parent = described.get("ParentShardId")
    return Shard(
        id=ShardId(described["ShardId"]),
        parent=ShardId(parent) if parent else None,
        closed="EndingSequenceNumber" in described.get("SequenceNumberRange", {}),
    )


def _iterator_type(position: Position) -> dict[str, str]:
    match position:
        case After(sequence):
            return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": sequence}
        case Latest():
            return {"ShardIteratorType": "LATEST"}
        case _:
            return {"ShardIteratorType": "TRIM_HORIZON"}


def _record(record: Mapping[str, Any]) -> StreamRecord:
    """Read a record; one that does not say which endpoint it is about may be about any."""
    change = record["dynamodb"]
    name = change.get("Keys", {}).get(_KEY, {}).get("S")
    if not name:
        raise StreamGap("a record of the stream names no endpoint")
    before, after = _image(change.get("OldImage")), _image(change.get("NewImage"))
    return StreamRecord(
        name=EndpointName(name),
        before=None if before is _UNREADABLE else before,
        after=None if after is _UNREADABLE else after,
        sequence=change["SequenceNumber"],
        is_readable=before is not _UNREADABLE and after is not _UNREADABLE,
    )


def _image(attributes: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Read an image; one that cannot be read counts as none, which makes the endpoint be looked at."""
    if attributes is None:
        return None
    try:
        return from_attributes(attributes)
    except (TypeError, ValueError, ArithmeticError):
        return _UNREADABLE
