"""A TCP proxy that stands for a bad network: it cuts connections, loses what goes through them, and is slow.

TLS passes through it as it is, and a certificate for 127.0.0.1 still fits, unless it is given one of its own.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


class Way(Enum):
    """Which way something goes: to the server, or back from it."""

    THERE = "there"
    BACK = "back"


@dataclass
class Proxy:
    """Passes connections on, until it is told otherwise.

    Attributes:
        is_up: Whether new connections are passed on; otherwise they are closed at once.
        delay: Seconds that everything takes on each way.
        loses: What is lost on its way, without anybody being told. A connection that has lost something once
            loses everything that follows, as packets do where a router has forgotten it.
        trusts: Whom it trusts to be the server, where it has a certificate of its own; None passes TLS through.
        tried: How many connections were asked for so far.
        passed: How many connections were passed on so far.
        sent: How many pieces clients have sent so far; a request is one, or two if it has a long body.
    """

    host: str
    port: int
    is_up: bool = True
    delay: float = 0.0
    loses: frozenset[Way] = frozenset()
    trusts: ssl.SSLContext | None = None
    tried: int = 0
    passed: int = 0
    sent: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Break every connection off."""
        for writer in self._writers:
            writer.transport.abort()

    def lose(self, *ways: Way) -> None:
        """Lose from now on what goes these ways; without any, pass new connections on again."""
        self.loses = frozenset(ways)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tried += 1
        try:
            if not self.is_up:
                raise ConnectionRefusedError
            there_reader, there_writer = await asyncio.open_connection(self.host, self.port, ssl=self.trusts)
        except OSError:
            writer.transport.abort()
            return
        self.passed += 1
        ends = {writer, there_writer}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, there_writer, Way.THERE))
                group.create_task(self._pass_on(there_reader, writer, Way.BACK))
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
        later, is_lost = asyncio.get_running_loop().call_later, False
        with suppress(OSError):
            while content := await reader.read(2**16):
                self.sent += way is Way.THERE
                is_lost = is_lost or way in self.loses
                if self.delay and not is_lost:
                    later(self.delay, writer.write, content)
                elif not is_lost:
                    writer.write(content)
                    await writer.drain()
        # Where nothing gets through, the end of a connection does not either.
        if not is_lost and way not in self.loses:
            later(self.delay, writer.transport.abort)


@asynccontextmanager
async def proxy_before(
    url: str, *, shows: ssl.SSLContext | None = None, trusts: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Proxy, str]]:
    """Put a proxy before a server, and say by which address it is reached.

    Args:
        shows: Its own certificate; None passes TLS through.
        trusts: Whom it trusts to be the server then.
    """
    server = urlsplit(url)
    proxy = Proxy(str(server.hostname), int(server.port or 443), trusts=trusts)
    listening = await asyncio.start_server(proxy.serve, server.hostname, 0, ssl=shows)
    try:
        yield proxy, f"{server.scheme}://{server.hostname}:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        proxy.cut()
        await listening.wait_closed()


@asynccontextmanager
async def proxied(kubeconfig: Path, folder: Path) -> AsyncIterator[tuple[Proxy, Path]]:
    """Put a proxy before the API server of a kubeconfig file, and write another file that leads through it."""
    config: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    async with proxy_before(cluster["server"]) as (proxy, url):
        cluster["server"] = url
        path = folder / "kubeconfig"
        path.write_text(json.dumps(config))
        yield proxy, path
