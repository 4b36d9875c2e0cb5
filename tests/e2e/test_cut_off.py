"""The line to the API server is cut, and what happened meanwhile is put right all the same."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.controller import Controller, running_controller
from tests.e2e.watching import container_of, is_promoted, reaches
from tests.proxy import Proxy, proxied
from tests.world import Site, World, eventually
from tests.writers import Writers


@dataclass
class Line:
    """A controller, and the proxy through which it talks to the API server."""

    controller: Controller
    proxy: Proxy


@pytest_asyncio.fixture(loop_scope="session")
async def line(site: Site, tmp_path: Path) -> AsyncIterator[Line]:
    settings = {"RECONCILE_INTERVAL_SECONDS": "3600"}
    async with (
        proxied(Path(site.environment["KUBECONFIG"]), tmp_path) as (proxy, kubeconfig),
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
