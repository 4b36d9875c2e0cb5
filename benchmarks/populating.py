"""Fills a site with endpoints as they are once nothing is left to do, faster than any controller makes them.

Their objects are applied as the controller applies them, with its name as the field manager, and Deployments are given
the status that their controller would write. So the controller-manager has to stand still meanwhile, and there are no
pods behind them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from benchmarks.endpoints import AtRest, many
from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.models import Item, Kind, Scope
from tests.controller import Controller, started_controller
from tests.world import Site, World, running_world

PLAIN = ("plain",)
AT_ONCE = 12
PATIENCE_SECONDS = 600.0

T = TypeVar("T")


async def at_once(work: Callable[[T], Awaitable[object]], things: Iterable[T], *, width: int = AT_ONCE) -> None:
    """Do the same with many things, so many of them at once."""
    waiting: Iterator[T] = iter(things)

    async def go_on() -> None:
        for thing in waiting:
            await work(thing)

    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(go_on())


def scope_at(site: Site) -> Scope:
    """Say what a controller on a site answers for."""
    environment = site.environment
    return Scope(
        region=environment["REGION"],
        cluster=environment["CLUSTER_NAME"],
        namespace=site.namespace,
        model_sync_image="amazon/aws-cli:2.37.4",
    )


@asynccontextmanager
async def still_world() -> AsyncIterator[tuple[World, Site]]:
    """Run a world with one site in which nobody but us works on what it has."""
    async with still_sites(1) as (world, sites):
        yield world, sites[0]


@asynccontextmanager
async def still_sites(count: int) -> AsyncIterator[tuple[World, list[Site]]]:
    """Run such a world with several sites."""
    async with running_world() as world, AsyncExitStack() as stack:
        sites = [await stack.enter_async_context(world.site()) for _ in range(count)]
        with world.processes.paused("kube-controller-manager"):
            yield world, sites


@asynccontextmanager
async def patient_controller(site: Site, **settings: str) -> AsyncIterator[Controller]:
    """Run the controller until the end of the block, however long it takes to start: that is measured elsewhere."""
    async with started_controller({**site.environment, **settings}) as controller:
        await controller.has_logged("table scanned", PATIENCE_SECONDS)
        yield controller


async def populate(site: Site, count: int, *shapes: str, prefix: str = "endpoint") -> list[str]:
    """Make so many endpoints of these shapes in turn, at rest, and return their names."""
    chosen = list(many(count, shapes or PLAIN, scope_at(site), prefix=prefix))

    async def make(endpoint: AtRest) -> None:
        for key, intent in endpoint.intents.items():
            await site.kubernetes.apply(dict(intent), field_manager=FIELD_MANAGER)
            if key.kind is Kind.DEPLOYMENT:
                status = endpoint.observed.objects[key]["status"]
                await site.kubernetes.patch(key.kind, key.name, {"status": status}, "status")

    await at_once(make, chosen)
    await asyncio.to_thread(_write, site, [endpoint.item for endpoint in chosen])
    return [endpoint.name for endpoint in chosen]


async def write_records(site: Site, count: int, shape: str, *, prefix: str) -> None:
    """Write so many records of a shape that has no objects, or of which somebody is to make them."""
    made = many(count, (shape,), scope_at(site), prefix=prefix)
    await asyncio.to_thread(_write, site, [endpoint.item for endpoint in made])


def _write(site: Site, items: Iterable[Item]) -> None:
    with site.table.batch_writer() as batch:
        for item in items:
            batch.put_item(Item=dict(item))
