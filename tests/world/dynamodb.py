"""DynamoDB Local: the real item and stream semantics, in memory."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from tests.world.parts import Parts
from tests.world.processes import Processes, accepts_connections, free_ports

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

REGION = "us-east-1"
CREDENTIAL = "world"
"""Key id and secret alike; DynamoDB Local takes any, but the SDKs insist on having one."""


@dataclass(frozen=True, slots=True)
class DynamoDB:
    """The tables of a world."""

    endpoint: str
    resource: "DynamoDBServiceResource"
    streams: Any
    """boto3's `dynamodbstreams` client."""

    async def create_table(self, name: str, *, stream: bool) -> "Table":
        """A table like the one in production, ready for use."""
        await asyncio.to_thread(self._create_table, name, stream)
        return self.resource.Table(name)

    async def delete_table(self, name: str) -> None:
        """Delete a table and its stream."""
        await asyncio.to_thread(self.resource.meta.client.delete_table, TableName=name)

    def _create_table(self, name: str, stream: bool) -> None:
        client = self.resource.meta.client
        client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "endpoint_name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "endpoint_name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification=(
                {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"} if stream else {"StreamEnabled": False}
            ),
        )


async def start_dynamodb(processes: Processes, parts: Parts) -> DynamoDB:
    """Start DynamoDB Local, and return once it answers."""
    (port,) = free_ports(1)
    libraries = parts.dynamodb_local
    part = processes.start(
        "dynamodb-local",
        [
            parts.java,
            # Starts in half the time; nothing here lives long enough to profit from more.
            *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m"),
            f"-Djava.library.path={libraries}",
            *("-cp", f"{libraries}/*"),
            "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
            *("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
        ],
    )
    # boto3 takes its time to be set up, during which the Java machine starts anyway.
    dynamodb = await asyncio.to_thread(_connect, f"http://127.0.0.1:{port}")
    await part.until(accepts_connections(port))
    return dynamodb


def _connect(endpoint: str) -> DynamoDB:
    session = boto3.Session(aws_access_key_id=CREDENTIAL, aws_secret_access_key=CREDENTIAL, region_name=REGION)
    resource = session.resource("dynamodb", endpoint_url=endpoint)
    streams: Any = session.client("dynamodbstreams", endpoint_url=endpoint)
    return DynamoDB(endpoint, resource, streams)
