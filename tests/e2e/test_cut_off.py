"""The line to the API server is cut, and what happened meanwhile is put right all the same."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import yaml

from tests.controller import Controller, running_controller
from tests.e2e.watching import container_of, is_promoted, reaches
from tests.world import Site, World, eventually
from tests.writers import Writers


@dataclass
class Proxy:
    """Passes connections on, until it is told to cut them.

    Attributes:
        is_up: Whether new connections are passed on; otherwise they are closed at once.
        passed: How many connections were passed on so far.
    """

    host: str
    port: int
    is_up: bool = True
    passed: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Break every connection off."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_up:
            writer.transport.abort()
            return
        self.passed += 1
        there_reader, there_writer = await asyncio.open_connection(self.host, self.port)
        ends = {writer, there_writer}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(reader, there_writer))
                group.create_task(_pass_on(there_reader, writer))
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await reader.read(2**16):
            writer.write(content)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def proxied(kubeconfig: Path, folder: Path) -> AsyncIterator[tuple[Proxy, Path]]:
    """Put a proxy before the API server of a kubeconfig file, and write another file that leads through it."""
    config: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    url = urlsplit(cluster["server"])
    proxy = Proxy(str(url.hostname), int(url.port or 443))
    server = await asyncio.start_server(proxy.serve, url.hostname, 0)
    cluster["server"] = f"https://{url.hostname}:{server.sockets[0].getsockname()[1]}"
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    try:
        yield proxy, path
    finally:
        server.close()
        proxy.cut()
        await server.wait_closed()


@dataclass
class Line:
    """A controller, and the proxy through which it talks to the API server."""

    controller: Controller
    proxy: Proxy


@pytest_asyncio.fixture(loop_scope="session")
async def line(world: World, site: Site, tmp_path: Path) -> AsyncIterator[Line]:
    settings = {"RECONCILE_INTERVAL_SECONDS": "3600"}
    async with (
        proxied(world.kubeconfig, tmp_path) as (proxy, kubeconfig),
        running_controller(site, KUBECONFIG=str(kubeconfig), **settings) as running,
    ):
        yield Line(running, proxy)


async def change_image(site: Site) -> None:
    container = await container_of(site, "llama") | {"image": "vllm/vllm-openai:hacked"}
    change = {"spec": {"template": {"spec": {"containers": [container]}}}}
    await site.kubernetes.patch("Deployment", "llama", change)


async def has_its_image_back(site: Site) -> bool:
    return bool((await container_of(site, "llama"))["image"] != "vllm/vllm-openai:hacked")


@pytest.mark.behaviour("B14")
async def test_after_all_connections_broke_off_changes_are_seen_again(site: Site, writers: Writers, line: Line) -> None:
    writers.create("llama")
    await is_promoted(writers, "llama")

    for _ in range(2):
        passed = line.proxy.passed
        line.proxy.cut()
        await change_image(site)

        await eventually(lambda: has_its_image_back(site), 10, "the image back")
        assert line.proxy.passed > passed


@pytest.mark.behaviour("B14")
@pytest.mark.by_hand("Service llama")
async def test_what_happened_while_the_line_was_cut_is_put_right_without_listing_anew(
    world: World, site: Site, writers: Writers, line: Line
) -> None:
    writers.create("llama")
    await is_promoted(writers, "llama")
    line.proxy.is_up = False
    line.proxy.cut()
    await line.controller.has_logged("watch broke off, will try again")

    await change_image(site)
    await site.kubernetes.delete("Service", "llama")
    assert not await has_its_image_back(site)
    line.proxy.is_up = True

    await eventually(lambda: has_its_image_back(site), 10, "the image back")
    await eventually(lambda: site.kubernetes.get("Service", "llama"), 10, "the Service back")
    assert line.controller.logged("watch starts anew") == []
    assert len(line.controller.logged("table scanned")) == 1


@pytest.mark.behaviour("B14")
async def test_a_label_that_is_taken_away_again_and_again_comes_back_each_time(
    site: Site, writers: Writers, controller: Controller
) -> None:
    """Without the label that is watched, an object looks to the watch as if it were gone."""
    writers.create("llama")
    await is_promoted(writers, "llama")
    await reaches(writers, "llama", "running")

    async def has_label() -> bool:
        live = await site.kubernetes.get("Deployment", "llama")
        return live is not None and live["metadata"]["labels"].get("gco.io/type") == "inference"

    for _ in range(3):
        await site.kubernetes.patch("Deployment", "llama", {"metadata": {"labels": {"gco.io/type": None}}})
        await eventually(has_label, 10, "the label back")
    await change_image(site)

    await eventually(lambda: has_its_image_back(site), 10, "the image back")
