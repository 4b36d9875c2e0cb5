"""Records that vanish from the table without having been deleted, on real parts."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.cli.commands import apart
from tests.controller import Controller, running_controller
from tests.e2e.watching import changed, is_promoted
from tests.world import Site, World, eventually
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B12")

WAITS = "deletions wait for a confirmation"
KINDS = ("Deployment", "Service", "Ingress", "HorizontalPodAutoscaler")
NAMES = ("alpha", "beta", "gamma")


async def objects_of(site: Site, name: str) -> set[str]:
    """The kinds of which an endpoint has an object."""
    found = {kind: await site.kubernetes.list(kind, f"gco.io/endpoint={name}") for kind in KINDS}
    return {kind for kind, objects in found.items() if objects}


async def has_everything(site: Site, *names: str) -> None:
    """Wait for objects of all kinds: what runs is published a moment after it has said so."""

    async def is_made() -> bool:
        return all([await objects_of(site, name) == set(KINDS) for name in names])

    await eventually(is_made, what="objects of all kinds")


async def has_nothing(site: Site, name: str, *, deadline: float = 20.0) -> None:
    async def is_gone() -> bool:
        return not await objects_of(site, name) and not await site.kubernetes.list("Pod", f"app={name}")

    await eventually(is_gone, deadline, f"{name} gone")


async def all_run(writers: Writers, names: Sequence[str] = NAMES, **spec: Any) -> None:
    for name in names:
        writers.create(name)
        if spec:
            writers.change(name, **spec)
    for name in names:
        await is_promoted(writers, name)


def remove(site: Site, *names: str) -> None:
    """Take records out of the table as somebody would in the console."""
    for name in names:
        site.table.delete_item(Key={"endpoint_name": name})


def deletions(world: World, site: Site) -> list[tuple[str, str, str]]:
    return [(verb, kind, name) for verb, kind, name in changed(world, site) if verb == "delete"]


async def test_a_record_that_is_removed_by_hand_takes_everything_with_it(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    await all_run(writers, autoscaling={"enabled": True, "min_replicas": 1}, canary={"image": "acme/server:canary"})
    await has_everything(site, "alpha", "beta")

    remove(site, "beta")
    await has_nothing(site, "beta")

    assert {name.removeprefix("inference-").removesuffix("-canary") for _, _, name in deletions(world, site)} == {
        "beta"
    }
    assert next(kind for _, kind, _ in deletions(world, site)) == "ingresses"
    assert await objects_of(site, "alpha") == set(KINDS)
    assert writers.read("beta") is None


async def test_an_emptied_table_takes_nothing_down_until_somebody_confirms(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    await all_run(writers)

    remove(site, *NAMES)
    line = await controller.has_logged(WAITS)
    controller.resync()
    await eventually(lambda: len(controller.logged("table scanned")) == 2, what="a resync")

    assert (line["endpoints"], line["known"], line["first"]) == (3, 3, list(NAMES))
    assert deletions(world, site) == []
    command = line["confirm"].split()
    assert command[0] == "gco-stream"
    ended = await asyncio.to_thread(apart, *command[1:], "--pid", str(controller.process.pid))
    assert ended.code == 0, ended.err
    for name in NAMES:
        await has_nothing(site, name)


async def test_a_table_that_was_emptied_while_nobody_led_takes_nothing_down(
    world: World, site: Site, writers: Writers
) -> None:
    async with running_controller(site):
        await all_run(writers)
    remove(site, *NAMES)

    async with running_controller(site) as controller:
        await controller.has_logged(WAITS)
        controller.resync()
        await eventually(lambda: len(controller.logged("table scanned")) == 2, what="a resync")

    assert deletions(world, site) == []


async def test_a_record_that_is_found_gone_by_a_scan_alone_takes_its_objects_with_it(
    world: World, site: Site, writers: Writers
) -> None:
    settings = {"EVENT_SOURCE": "none", "RECONCILE_INTERVAL_SECONDS": "2"}
    async with running_controller(site, **settings) as controller:
        await all_run(writers)

        remove(site, "gamma")
        await has_nothing(site, "gamma")

        assert {name for _, _, name in deletions(world, site)} == {"gamma", "inference-gamma"}
        assert controller.logged(WAITS) == []


async def test_a_record_that_is_back_keeps_its_objects(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    await all_run(writers)
    item = writers.read("beta")
    assert item is not None

    remove(site, "beta")
    site.table.put_item(Item=item)
    remove(site, "gamma")
    await has_nothing(site, "gamma")

    assert {name for _, _, name in deletions(world, site)} == {"gamma", "inference-gamma"}
    assert await objects_of(site, "beta") == {"Deployment", "Service", "Ingress"}


async def test_what_is_not_ours_outlives_the_record(site: Site, writers: Writers, controller: Controller) -> None:
    await all_run(writers, ("alpha", "beta"))
    service = await site.kubernetes.get("Service", "beta")
    assert service is not None
    await site.kubernetes.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "beta-theirs", "labels": {"app": "beta", "gco.io/type": "inference"}},
            "spec": {"selector": {"app": "beta"}, "ports": [{"port": 81}]},
        }
    )

    remove(site, "beta")
    await has_nothing(site, "beta")

    assert await site.kubernetes.get("Service", "beta-theirs") is not None
