"""The model over HTTP, with everything that a network and a busy service add."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import aioboto3
from aiohttp import web

from gco_stream.shell.aws import client_config
from gco_stream.shell.stream import DynamoStream
from tests.shell.servers import Reply, Server, says
from tests.streams_service.model import TABLE, ServiceError, StreamsModel
from tests.streams_service.wire import answer

JSON = "application/x-amz-json-1.0"


class Request(NamedTuple):
    """One request: its operation, what it said, and when on the loop's clock it came."""

    operation: str
    body: dict[str, Any]
    at: float


class Skewed:
    """A clock that a test may turn: the model's own, which knows nothing of the loop's."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@dataclass(slots=True)
class StreamsService:
    """DynamoDB Streams, and the little of DynamoDB that leads to it.

    Attributes:
        clock: The service's time; set ``ahead`` to let minutes or hours pass for it.
        requests: Every request so far.
    """

    model: StreamsModel
    clock: Skewed
    server: Server
    requests: list[Request] = field(default_factory=list)
    _faults: dict[str, list[Reply]] = field(default_factory=dict)
    _lasting: dict[str, Reply] = field(default_factory=dict)

    def fail_next(self, operation: str, *faults: Reply) -> None:
        """Let the next requests of an operation be answered otherwise, one with each reply."""
        self._faults.setdefault(operation, []).extend(faults)

    def fail(self, operation: str, fault: Reply) -> None:
        """Let every request of an operation be answered otherwise, until ``mend``."""
        self._lasting[operation] = fault

    def mend(self) -> None:
        self._lasting.clear()
        self._faults.clear()

    def count(self, operation: str) -> int:
        return sum(1 for request in self.requests if request.operation == operation)

    def bodies(self, operation: str) -> list[dict[str, Any]]:
        return [request.body for request in self.requests if request.operation == operation]

    async def reply(self, request: web.Request) -> web.StreamResponse:
        target, body = request.headers["X-Amz-Target"], json.loads(await request.text())
        operation = target.rpartition(".")[2]
        self.requests.append(Request(operation, body, asyncio.get_running_loop().time()))
        if self._faults.get(operation):
            return await self._faults[operation].pop(0)(request)
        if operation in self._lasting:
            return await self._lasting[operation](request)
        try:
            return await says(answer(self.model, target, body), kind=JSON)(request)
        except ServiceError as error:
            return await an_error(error.code, message=str(error))(request)


def an_error(code: str, *, status: int = 400, message: str = "because") -> Reply:
    """Answer with an error as the service writes it."""
    return says({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}, status=status, kind=JSON)


@asynccontextmanager
async def streams_service(*, enabled: bool = True) -> AsyncIterator[StreamsService]:
    """Run the service on a port of its own."""
    clock = Skewed()
    async with Server().running() as server:
        service = StreamsService(StreamsModel(now=clock, enabled=enabled), clock, server)
        server.will(service.reply)
        yield service


@cache
def _session() -> aioboto3.Session:
    """One for all tests, since reading the description of a service takes longer than most of them."""
    return aioboto3.Session(aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")


@asynccontextmanager
async def raw_clients(url: str) -> AsyncIterator[tuple[Any, Any]]:
    """Open real clients of a table and of its stream."""
    options: dict[str, Any] = {"config": client_config(), "endpoint_url": url}
    ours = _session()
    async with ours.client("dynamodb", **options) as tables, ours.client("dynamodbstreams", **options) as streams:
        yield tables, streams


@asynccontextmanager
async def real_stream(service: StreamsService) -> AsyncIterator[DynamoStream]:
    """Open the controller's own port, with real clients, on the service."""
    async with raw_clients(service.server.url) as (tables, streams):
        yield DynamoStream(tables, streams, TABLE)
