"""The ``Past`` port on DynamoDB Streams: whole records as the service gives them, of any stream that can be read."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

import aioboto3

from gco_stream.core.recording import Recorded
from gco_stream.core.shards import ShardId
from gco_stream.ports import RecordedPage
from gco_stream.shell.aws import client_config
from gco_stream.shell.stream import DynamoStream
from gco_stream.shell.writing import table_client

_REGION = re.compile(r"arn:[^:]+:dynamodb:([a-z]{2,}(?:-[a-z]+)+-\d+):")


@asynccontextmanager
async def open_past(table: str, region: str, *, arn: str | None = None) -> "AsyncIterator[DynamoPast]":
    """Open the clients for a table's streams, or for one of another region where its ARN says so.

    Raises:
        InvalidSettings: The AWS configuration of this machine cannot be used.
    """
    named = _REGION.match(arn or "")
    where = named[1] if named else region
    async with table_client(where) as tables:
        session = aioboto3.Session(region_name=where)
        async with session.client("dynamodbstreams", config=client_config()) as streams:
            yield DynamoPast(tables, streams, table)


class DynamoPast(DynamoStream):
    """Reads whole records of a stream."""

    @property
    def region(self) -> str:
        """The region that is asked."""
        return str(self._streams.meta.region_name)

    async def open_at(self, arn: str, shard: ShardId, sequence: str) -> str:
        """Return an iterator that begins with the record of this number."""
        start = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": sequence}
        answer = await self._of_stream(self._streams.get_shard_iterator, StreamArn=arn, ShardId=shard, **start)
        return str(answer["ShardIterator"])

    async def read_whole(self, iterator: str, shard: ShardId) -> RecordedPage:
        """Read what comes next in a shard."""
        answer = await self._of_stream(self._streams.get_records, ShardIterator=iterator)
        records = tuple(_recorded(record, shard) for record in answer["Records"])
        return RecordedPage(records=records, next_iterator=answer.get("NextShardIterator") or None)


def _recorded(record: Mapping[str, Any], shard: ShardId) -> Recorded:
    change = record["dynamodb"]
    at = change.get("ApproximateCreationDateTime")
    return Recorded(
        shard=shard,
        sequence=change["SequenceNumber"],
        at=None if at is None else at.astimezone(UTC),
        event=record["eventName"],
        keys=change["Keys"],
        before=change.get("OldImage"),
        after=change.get("NewImage"),
    )
