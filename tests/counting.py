"""A proxy before DynamoDB that counts what goes through it."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web


@dataclass
class CountingProxy:
    """Where it is, and what went through it.

    Attributes:
        calls: How often each operation was called, e.g. ``GetItem`` and ``GetRecords``.
        services: The operations that were called, by AWS' name of the service: ``DynamoDB``, ``DynamoDBStreams``.
    """

    url: str
    calls: Counter[str] = field(default_factory=Counter)
    services: dict[str, set[str]] = field(default_factory=dict)

    def count(self, target: str) -> None:
        """Count one request by its target, e.g. ``DynamoDB_20120810.GetItem``."""
        service, _, operation = target.partition(".")
        self.calls[operation] += 1
        self.services.setdefault(service.partition("_")[0], set()).add(operation)


@asynccontextmanager
async def counting_proxy(target: str) -> AsyncIterator[CountingProxy]:
    """Hand requests on to DynamoDB, tables and streams alike, and count them by operation."""
    proxy = CountingProxy("")

    async def hand_on(request: web.Request) -> web.Response:
        proxy.count(request.headers["X-Amz-Target"])
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
