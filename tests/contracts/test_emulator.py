"""The contracts of ``Records`` and ``EventStream`` on the emulator that the demo runs on, and where it differs."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aioboto3
import pytest
import pytest_asyncio

from gco_stream.cli.demo.emulator import CREDENTIAL, emulated_dynamodb
from gco_stream.core.models import Item
from gco_stream.core.shards import ShardId, TrimHorizon
from gco_stream.errors import Transient
from gco_stream.shell.aws import client_config, from_attributes, to_attributes
from gco_stream.shell.clock import SystemClock
from gco_stream.shell.stream import DynamoStream
from gco_stream.shell.table import DynamoRecords
from gco_stream.shell.tables import Tables
from tests.contracts.reading import all_leaves, an_item, collected, its_place
from tests.contracts.test_event_stream import EventStreamContract
from tests.contracts.test_records import RecordsContract, all_names

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_dynamodbstreams import DynamoDBStreamsClient

# Clients take longer to be made than all of a test takes.
pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Clients:
    tables: "DynamoDBClient"
    streams: "DynamoDBStreamsClient"


@dataclass
class EmulatedBench:
    records: DynamoRecords
    stream: DynamoStream
    client: "DynamoDBClient"
    table: str

    async def put(self, item: Item) -> None:
        await self.client.put_item(TableName=self.table, Item=to_attributes(item))

    async def remove(self, name: str) -> None:
        await self.client.delete_item(TableName=self.table, Key=to_attributes({"endpoint_name": name}))

    async def item(self, name: str) -> dict[str, Any] | None:
        key = to_attributes({"endpoint_name": name})
        answer = await self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return from_attributes(answer["Item"]) if "Item" in answer else None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients() -> AsyncIterator[Clients]:
    session = aioboto3.Session(aws_access_key_id=CREDENTIAL, aws_secret_access_key=CREDENTIAL, region_name="us-east-1")
    with emulated_dynamodb() as address:
        options: dict[str, Any] = {"config": client_config(), "endpoint_url": address}
        async with (
            session.client("dynamodb", **options) as tables,
            session.client("dynamodbstreams", **options) as streams,
        ):
            yield Clients(tables, streams)


@pytest_asyncio.fixture(loop_scope="module")
async def bench(clients: Clients) -> EmulatedBench:
    """A table of the test's own, made as ``gco-stream table create`` makes it."""
    table = f"table-{secrets.token_hex(4)}"
    await Tables(clients.tables, SystemClock()).create(table)
    stream = DynamoStream(clients.tables, clients.streams, table)
    return EmulatedBench(DynamoRecords(clients.tables, table), stream, clients.tables, table)


class TestEmulatedRecords(RecordsContract):
    async def test_a_scan_of_more_than_a_megabyte_names_every_record(self, bench: EmulatedBench) -> None:
        for number in range(8):
            await bench.put(an_item(endpoint_name=f"e{number}", padding="x" * 300_000))

        assert len([page async for page in bench.records.scan()]) > 1
        assert sorted(await all_names(bench)) == [f"e{number}" for number in range(8)]


class TestEmulatedStream(EventStreamContract):
    async def test_a_write_that_changes_nothing_makes_a_record_that_says_so(self, bench: EmulatedBench) -> None:
        await bench.put(an_item())
        places = await all_leaves(bench)

        await bench.put(an_item())

        (record,) = await collected(bench, places, 1)
        assert record.before == record.after == an_item()

    async def test_a_shard_that_is_not_there_is_trouble(self, bench: EmulatedBench) -> None:
        place = await its_place(bench.stream)

        with pytest.raises(Transient):
            await bench.stream.open(place.arn, ShardId("shardId-00000000000000000000-00000000"), TrimHorizon())
