"""The floors: what nobody who does the same requests can go below.

The bare reader reads a stream at the controller's interval and applies one Deployment for each new record, from
manifests that are ready made; when that is ready it writes the record once. It plans nothing, compares nothing, and
leaves everything out that makes a controller safe.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aioboto3

from benchmarks.endpoints import SMALL, AtRest, a_shape
from benchmarks.populating import scope_at
from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.models import Kind
from gco_stream.settings import Settings
from tests.world import Site, World
from tests.world.dynamodb import CREDENTIAL, REGION

POLL_SECONDS: float = Settings.model_fields["stream_poll_interval"].default.total_seconds()
_RUNNING = {"UpdateExpression": "SET desired_state = :s", "ExpressionAttributeValues": {":s": {"S": "running"}}}


def aws_options(world: World) -> dict[str, Any]:
    """Return what a client of a world's DynamoDB needs."""
    return {
        "endpoint_url": world.dynamodb.endpoint,
        "region_name": REGION,
        "aws_access_key_id": CREDENTIAL,
        "aws_secret_access_key": CREDENTIAL,
    }


class BareReader:
    """Follows the one shard that a small table has."""

    def __init__(self, site: Site, tables: Any, streams: Any) -> None:
        self._site, self._tables, self._streams = site, tables, streams
        self._pattern: AtRest = a_shape(SMALL, scope_at(site))
        self.is_placed = asyncio.Event()

    async def read(self) -> None:
        """Read for ever, and apply for each new record."""
        iterator = await self._latest()
        async with asyncio.TaskGroup() as group:
            while True:
                page = await self._streams.get_records(ShardIterator=iterator)
                # The first read makes sure of the place.
                self.is_placed.set()
                for record in page["Records"]:
                    if record["eventName"] == "INSERT":
                        group.create_task(self._apply(record["dynamodb"]["Keys"]["endpoint_name"]["S"]))
                iterator = page["NextShardIterator"]
                await asyncio.sleep(POLL_SECONDS)

    async def follow(self) -> None:
        """Write each record once when its Deployment has a ready replica."""
        written = set()
        async with aclosing(self._site.kubernetes.watch("Deployment")) as events:
            async for _, live in events:
                name = live["metadata"]["name"]
                if (live.get("status") or {}).get("readyReplicas") and name not in written:
                    written.add(name)
                    key = {"endpoint_name": {"S": name}}
                    await self._tables.update_item(TableName=self._site.table_name, Key=key, **_RUNNING)

    async def _latest(self) -> str:
        table = await self._tables.describe_table(TableName=self._site.table_name)
        place = {"StreamArn": table["Table"]["LatestStreamArn"]}
        described = await self._streams.describe_stream(**place)
        shard = described["StreamDescription"]["Shards"][-1]["ShardId"]
        answer = await self._streams.get_shard_iterator(**place, ShardId=shard, ShardIteratorType="LATEST")
        iterator: str = answer["ShardIterator"]
        return iterator

    async def _apply(self, name: str) -> None:
        intents = self._pattern.called(name).intents
        (deployment,) = (intent for key, intent in intents.items() if key.kind is Kind.DEPLOYMENT)
        await self._site.kubernetes.apply(dict(deployment), field_manager=FIELD_MANAGER)


@asynccontextmanager
async def bare_reader(world: World, site: Site) -> AsyncIterator[None]:
    """Run it on a site until the end of the block."""
    session = aioboto3.Session()
    async with (
        session.client("dynamodb", **aws_options(world)) as tables,
        session.client("dynamodbstreams", **aws_options(world)) as streams,
        asyncio.TaskGroup() as group,
    ):
        reader = BareReader(site, tables, streams)
        tasks = [group.create_task(reader.read()), group.create_task(reader.follow())]
        await reader.is_placed.wait()
        yield
        for task in tasks:
            task.cancel()
