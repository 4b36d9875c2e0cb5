"""A proxy before DynamoDB that counts what goes through it."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from gco_stream.shell.table_inquiry import INQUIRY

DENIED = "AccessDeniedException"


@dataclass
class CountingProxy:
    """Where it is, and what went through it; what is only asked to see whether it may be done is not counted.

    Attributes:
        refused: Operations that it refuses, with AWS' name of the error.
        calls: How often each operation was called, e.g. ``GetItem`` and ``GetRecords``.
        services: The operations that were called, by AWS' name of the service: ``DynamoDB``, ``DynamoDBStreams``.
    """

    url: str
    refused: dict[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    services: dict[str, set[str]] = field(default_factory=dict)

    def count(self, target: str) -> None:
        """Count one request by its target, e.g. ``DynamoDB_20120810.GetItem``."""
        service, _, operation = target.partition(".")
        self.calls[operation] += 1
        self.services.setdefault(service.partition("_")[0], set()).add(operation)


def _refusal(operation: str, code: str) -> web.Response:
    told = f"User: arn:aws:sts::1:assumed-role/r is not authorized to perform: dynamodb:{operation}"
    body = {"__type": f"com.amazon.coral.service#{code}", "Message": told if code == DENIED else "Slow down."}
    return web.Response(status=400, body=json.dumps(body), content_type="application/x-amz-json-1.0")


@asynccontextmanager
async def counting_proxy(target: str) -> AsyncIterator[CountingProxy]:
    """Hand requests on to DynamoDB, tables and streams alike, and count them by operation."""
    proxy = CountingProxy("")

    async def hand_on(request: web.Request) -> web.Response:
        called = request.headers["X-Amz-Target"]
        if INQUIRY not in request.headers["User-Agent"]:
            proxy.count(called)
        operation = called.partition(".")[2]
        if operation in proxy.refused:
            return _refusal(operation, proxy.refused[operation])
        headers = {key: value for key, value in request.headers.items() if key not in ("Host", "Content-Length")}
        async with session.post(target, data=await request.read(), headers=headers) as answer:
            kept = {key: value for key, value in answer.headers.items() if key.lower().startswith("x-amz")}
            body = await answer.read()
            return web.Response(status=answer.status, body=body, headers=kept, content_type=answer.content_type)

    app = web.Application()
    app.router.add_post("/", hand_on)
    runner = web.AppRunner(app, shutdown_timeout=1)
    async with aiohttp.ClientSession() as session:
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield proxy
        finally:
            await runner.cleanup()
