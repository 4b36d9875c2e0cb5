"""What a contract needs beside the port itself: a hand that changes things from outside."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import aioboto3

from gco_stream.core.models import Item
from gco_stream.ports import EventStream, Records
from gco_stream.shell.aws import client_config
from gco_stream.shell.stream import DynamoStream
from gco_stream.shell.table import DynamoRecords
from tests.fakes.records import FakeRecords
from tests.fakes.stream import FakeStream
from tests.streams_service.server import StreamsService, real_stream, streams_service
from tests.world.dynamodb import CREDENTIAL, REGION
from tests.world.site import Site
from tests.world.world import World


class Bench(Protocol):
    """A table and its stream, as the controller sees them and as anybody else does."""

    @property
    def records(self) -> Records: ...
    @property
    def stream(self) -> EventStream: ...
    async def put(self, item: Item) -> None: ...
    async def remove(self, name: str) -> None: ...
    async def item(self, name: str) -> dict[str, Any] | None: ...


@dataclass
class FakeBench:
    records: FakeRecords
    stream: FakeStream

    async def put(self, item: Item) -> None:
        self.records.put(item)

    async def remove(self, name: str) -> None:
        self.records.remove(name)

    async def item(self, name: str) -> dict[str, Any] | None:
        return self.records.items.get(name)


def fake_bench(*, stream: bool = True) -> FakeBench:
    fake = FakeStream(enabled=stream)
    return FakeBench(FakeRecords(stream=fake), fake)


@dataclass
class DynamoBench:
    records: DynamoRecords
    stream: DynamoStream
    site: Site

    async def put(self, item: Item) -> None:
        await asyncio.to_thread(lambda: self.site.table.put_item(Item=dict(item)))

    async def remove(self, name: str) -> None:
        await asyncio.to_thread(lambda: self.site.table.delete_item(Key={"endpoint_name": name}))

    async def item(self, name: str) -> dict[str, Any] | None:
        key = {"endpoint_name": name}
        answer = await asyncio.to_thread(lambda: self.site.table.get_item(Key=key, ConsistentRead=True))
        return answer.get("Item")


@dataclass
class ServiceBench:
    """The real port on the fake service; the table itself is a fake one, which tells the service of every change."""

    records: FakeRecords
    stream: DynamoStream
    service: StreamsService

    async def put(self, item: Item) -> None:
        self.records.put(item)

    async def remove(self, name: str) -> None:
        self.records.remove(name)

    async def item(self, name: str) -> dict[str, Any] | None:
        return self.records.items.get(name)


@asynccontextmanager
async def service_bench(*, stream: bool = True) -> AsyncIterator[ServiceBench]:
    async with streams_service(enabled=stream) as service, real_stream(service) as opened:
        yield ServiceBench(FakeRecords(stream=service.model), opened, service)


@asynccontextmanager
async def dynamo_bench(world: World, site: Site) -> AsyncIterator[DynamoBench]:
    session = aioboto3.Session(aws_access_key_id=CREDENTIAL, aws_secret_access_key=CREDENTIAL, region_name=REGION)
    options: dict[str, Any] = {"config": client_config(), "endpoint_url": world.dynamodb.endpoint}
    async with session.client("dynamodb", **options) as tables, session.client("dynamodbstreams", **options) as streams:
        yield DynamoBench(
            records=DynamoRecords(tables, site.table_name),
            stream=DynamoStream(tables, streams, site.table_name),
            site=site,
        )
