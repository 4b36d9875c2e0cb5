"""The wire protocol of the fake service, held to DynamoDB Local through a plain client."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from tests.contracts.benches import Bench, dynamo_bench, service_bench
from tests.streams_service.model import TABLE
from tests.streams_service.server import raw_clients
from tests.world.eventually import eventually
from tests.world.site import Site
from tests.world.world import World


@dataclass
class Wire:
    """Plain clients of a table and its stream, and a hand that writes to it."""

    bench: Bench
    tables: Any
    streams: Any
    table: str

    async def arn(self) -> str:
        description = await self.tables.describe_table(TableName=self.table)
        return str(description["Table"]["LatestStreamArn"])

    async def root(self) -> str:
        (shard,) = (await self.streams.describe_stream(StreamArn=await self.arn()))["StreamDescription"]["Shards"]
        return str(shard["ShardId"])

    async def iterator(self, kind: str, **more: str) -> str:
        answer = await self.streams.get_shard_iterator(
            StreamArn=await self.arn(), ShardId=await self.root(), ShardIteratorType=kind, **more
        )
        return str(answer["ShardIterator"])

    async def names_from(self, kind: str, **more: str) -> list[str]:
        page = await self.streams.get_records(ShardIterator=await self.iterator(kind, **more))
        return [record["dynamodb"]["Keys"]["endpoint_name"]["S"] for record in page["Records"]]

    async def written(self, *names: str) -> list[dict[str, Any]]:
        """Write records of these names, and return what the stream says of them, once it does."""
        for name in names:
            await self.bench.put({"endpoint_name": name})
        records: list[dict[str, Any]] = []

        async def are_there() -> bool:
            page = await self.streams.get_records(ShardIterator=await self.iterator("TRIM_HORIZON"))
            records[:] = page["Records"]
            return len(records) == len(names)

        await eventually(are_there, what=f"{len(names)} records")
        return records


async def refusal(call: Any) -> str:
    with pytest.raises(ClientError) as failure:
        await call
    return str(failure.value.response["Error"]["Code"])


class WireContract:
    async def test_a_table_names_its_stream_and_what_it_carries(self, wire: Wire) -> None:
        table = (await wire.tables.describe_table(TableName=wire.table))["Table"]

        specification = table["StreamSpecification"]
        assert specification == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        assert f"table/{wire.table}/stream/" in table["LatestStreamArn"]

    async def test_a_tables_streams_are_listed(self, wire: Wire) -> None:
        answer = await wire.streams.list_streams(TableName=wire.table)

        assert [(stream["StreamArn"], stream["TableName"]) for stream in answer["Streams"]] == [
            (await wire.arn(), wire.table)
        ]

    async def test_a_stream_describes_itself_and_its_open_shard(self, wire: Wire) -> None:
        description = (await wire.streams.describe_stream(StreamArn=await wire.arn()))["StreamDescription"]

        assert description["StreamStatus"] == "ENABLED"
        assert description["StreamViewType"] == "NEW_AND_OLD_IMAGES"
        assert "LastEvaluatedShardId" not in description
        (shard,) = description["Shards"]
        assert shard["ShardId"].startswith("shardId-")
        assert shard["SequenceNumberRange"].keys() == {"StartingSequenceNumber"}

    async def test_a_record_says_what_happened_to_what(self, wire: Wire) -> None:
        (record,) = await wire.written("a")

        assert (record["eventName"], record["eventSource"]) == ("INSERT", "aws:dynamodb")
        change = record["dynamodb"]
        assert change["Keys"] == change["NewImage"] == {"endpoint_name": {"S": "a"}}
        assert "OldImage" not in change
        assert change["SequenceNumber"].isdigit()
        assert change["StreamViewType"] == "NEW_AND_OLD_IMAGES"
        assert change["ApproximateCreationDateTime"].microsecond == 0

    async def test_the_four_kinds_of_iterators_begin_where_they_say(self, wire: Wire) -> None:
        records = await wire.written("a", "b", "c")
        second = records[1]["dynamodb"]["SequenceNumber"]

        assert await wire.names_from("TRIM_HORIZON") == ["a", "b", "c"]
        assert await wire.names_from("AT_SEQUENCE_NUMBER", SequenceNumber=second) == ["b", "c"]
        assert await wire.names_from("AFTER_SEQUENCE_NUMBER", SequenceNumber=second) == ["c"]
        assert await wire.names_from("LATEST") == []

    async def test_a_page_holds_no_more_records_than_asked_for(self, wire: Wire) -> None:
        await wire.written("a", "b", "c")

        page = await wire.streams.get_records(ShardIterator=await wire.iterator("TRIM_HORIZON"), Limit=2)
        rest = await wire.streams.get_records(ShardIterator=page["NextShardIterator"], Limit=2)

        assert [len(page["Records"]), len(rest["Records"])] == [2, 1]

    async def test_a_page_cannot_hold_more_than_1000(self, wire: Wire) -> None:
        iterator = await wire.iterator("LATEST")

        code = await refusal(wire.streams.get_records(ShardIterator=iterator, Limit=1001))

        assert code == "ValidationException"

    async def test_a_kind_that_needs_a_number_is_refused_without_one(self, wire: Wire) -> None:
        assert await refusal(wire.iterator("AFTER_SEQUENCE_NUMBER")) == "ValidationException"

    async def test_a_kind_that_needs_no_number_is_refused_with_one(self, wire: Wire) -> None:
        number = "1" * 21

        assert await refusal(wire.iterator("LATEST", SequenceNumber=number)) == "ValidationException"

    async def test_a_stream_that_is_not_there_is_not_found(self, wire: Wire) -> None:
        gone = (await wire.arn())[:-3] + "999"

        assert await refusal(wire.streams.describe_stream(StreamArn=gone)) == "ResourceNotFoundException"

    async def test_a_shard_that_is_not_there_is_not_found(self, wire: Wire) -> None:
        asked = wire.streams.get_shard_iterator(
            StreamArn=await wire.arn(),
            ShardId="shardId-00000000000000000000-00000000",
            ShardIteratorType="LATEST",
        )

        assert await refusal(asked) == "ResourceNotFoundException"


@pytest.mark.process
class TestServiceWire(WireContract):
    @pytest_asyncio.fixture
    async def wire(self) -> AsyncIterator[Wire]:
        async with service_bench() as bench, raw_clients(bench.service.server.url) as (tables, streams):
            yield Wire(bench, tables, streams, TABLE)


class TestDynamoWire(WireContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def wire(self, world: World, site: Site) -> AsyncIterator[Wire]:
        async with dynamo_bench(world, site) as bench, raw_clients(world.dynamodb.endpoint) as (tables, streams):
            yield Wire(bench, tables, streams, site.table_name)
