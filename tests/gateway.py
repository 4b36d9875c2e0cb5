"""A gateway before a server, as a load balancer is one: it may refuse what it likes, and let watches fall silent.

Unlike a ``Proxy`` it reads what passes. It is reached without TLS, and speaks to the server with it where there is one.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from yarl import URL

Refuses = Callable[[web.Request], web.Response | None]
_HOP_BY_HOP = ("Connection", "Transfer-Encoding", "Content-Encoding", "Content-Length", "Keep-Alive")


def nothing(_request: web.Request) -> None:
    """Refuse nothing."""


@dataclass
class Gateway:
    """Passes requests on, until it is told otherwise.

    Attributes:
        refuses: Answers in place of the server, or returns None.
        asked: How many requests came so far, refused ones too.
        refused: How many of them were refused.
        watches: How many watches were opened so far.
    """

    url: str
    session: aiohttp.ClientSession
    refuses: Refuses = nothing
    asked: int = 0
    refused: int = 0
    watches: int = 0
    _is_silenced: asyncio.Event = field(default_factory=asyncio.Event)

    def silence_watches(self) -> None:
        """Lose all that comes on watches that are open now, without anybody being told; later ones are passed on."""
        self._is_silenced.set()
        self._is_silenced = asyncio.Event()

    async def stays_calm(self, seconds: float, *, most_a_second: float) -> None:
        """Let a fault last, and see that nothing turns in circles meanwhile."""
        before = self.asked
        await asyncio.sleep(seconds)
        assert self.asked - before <= most_a_second * seconds

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if (refusal := self.refuses(request)) is not None:
            self.refused += 1
            return refusal
        is_watch, is_silenced = request.query.get("watch") == "true", self._is_silenced
        self.watches += is_watch
        headers = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
        body = await request.read()
        url = URL(self.url + request.raw_path, encoded=True)
        async with self.session.request(request.method, url, headers=headers, data=body) as answer:
            kept = {name: value for name, value in answer.headers.items() if name not in _HOP_BY_HOP}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                if is_watch and is_silenced.is_set():
                    await asyncio.Event().wait()
                await response.write(chunk)
            await response.write_eof()
            return response


@asynccontextmanager
async def gateway_before(url: str, *, tls: ssl.SSLContext | bool = True) -> AsyncIterator[tuple[Gateway, str]]:
    """Put a gateway before a server, and say by which address it is reached."""
    connector = aiohttp.TCPConnector(ssl=tls, limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
        gateway = Gateway(url, session)
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", gateway.serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield gateway, "http://{}:{}".format(*runner.addresses[0][:2])
        finally:
            await runner.cleanup()
