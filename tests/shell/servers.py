"""A small HTTP server that answers as it is told, and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class Server:
    """Answers each request with the next reply, and with the last one from then on."""

    replies: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def will(self, *replies: Reply) -> None:
        self.replies = list(replies)

    async def hang(self, _request: web.Request) -> web.StreamResponse:
        """Never answer."""
        await self._closing.wait()
        return web.Response(status=500)

    async def trickle(self, request: web.Request) -> web.StreamResponse:
        """Send a byte now and then, so that no single read is late."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while not self._closing.is_set():
            await response.write(b" ")
            await asyncio.sleep(0.02)
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        self.asked.append(
            Asked(
                request.method,
                request.path,
                dict(request.query),
                dict(request.headers),
                json.loads(text) if text else None,
            )
        )
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return await reply(request)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Server"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = "http://{}:{}".format(*runner.addresses[0][:2])
            yield self
        finally:
            self._closing.set()
            await runner.cleanup()


def says(body: Any, *, status: int = 200, headers: dict[str, str] | None = None, kind: str | None = None) -> Reply:
    """Answer with a body; anything but a string is sent as JSON."""
    is_text = isinstance(body, str)
    text = body if is_text else json.dumps(body)

    async def reply(_request: web.Request) -> web.StreamResponse:
        content_type = kind or ("text/plain" if is_text else "application/json")
        return web.Response(status=status, text=text, headers=headers, content_type=content_type)

    return reply


def breaks_off(body: bytes = b'{"kind": "Depl') -> Reply:
    """Announce a longer body than is sent, and close the connection."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(body)
        assert request.transport is not None
        request.transport.close()
        return response

    return reply


def hangs_up() -> Reply:
    """Close the connection without a word."""

    async def reply(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    return reply
