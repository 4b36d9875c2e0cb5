"""How fast many records become objects: at the rate of a bare client that applies the same, on the same API server.

The controller-manager stands still, so that the API server's whole processor is there for what is measured; without
pods no endpoint gets its Ingress, and each consists of a Deployment and a Service, for both.
"""

import asyncio
import time
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass

from benchmarks.endpoints import SMALL, AtRest, many
from benchmarks.figures import Figure
from benchmarks.populating import at_once, scope_at, still_sites
from benchmarks.processes import cpu_seconds
from benchmarks.sizes import Sizes
from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.models import Kind
from tests.controller import started_controller
from tests.e2e.watching import asked
from tests.world import Site, eventually
from tests.writers import Writers, a_spec

_KINDS = (Kind.DEPLOYMENT, Kind.SERVICE)
_PATIENCE_SECONDS = 900.0
_BARE = "bare client"
# What limits.md's kind of client does best at; more only queue at the server.
_WIDTH = 16


class Applied:
    """When objects of a site were first seen."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.seen: dict[Kind, list[float]] = {kind: [] for kind in _KINDS}

    async def follow(self, kind: Kind) -> None:
        """Note when each object of a kind is first seen."""
        names = set()
        async with aclosing(self._site.kubernetes.watch(kind.value, selector="gco.io/type=inference")) as events:
            async for change, live in events:
                if change == "ADDED" and live["metadata"]["name"] not in names:
                    names.add(live["metadata"]["name"])
                    self.seen[kind].append(time.perf_counter())

    async def are(self, count: int) -> float:
        """Wait until so many of each kind are there, and return how many came in a second, from the first on."""
        await eventually(lambda: all(len(times) >= count for times in self.seen.values()), _PATIENCE_SECONDS, "all")
        first, last = (choose(at for times in self.seen.values() for at in times) for choose in (min, max))
        return count / (last - first)


async def _counted(site: Site, count: int) -> float:
    applied = Applied(site)
    tasks = [asyncio.create_task(applied.follow(kind)) for kind in _KINDS]
    rate = await applied.are(count)
    for task in tasks:
        task.cancel()
    return rate


@dataclass(frozen=True, slots=True)
class BroughtUp:
    """How it went.

    Attributes:
        rate: Endpoints a second.
        cpu: Seconds of processor that the controller took, its start included.
    """

    rate: float
    cpu: float


async def brought_up(site: Site, count: int, **settings: str) -> BroughtUp:
    """Let the controller turn new records into objects."""
    writers = Writers(site.table, site.namespace)
    spec = a_spec(gpu_count=0)
    names = [f"endpoint-{number}" for number in range(count)]
    await at_once(lambda name: asyncio.to_thread(writers.create, name, spec), names)
    async with started_controller({**site.environment, **settings}) as controller:
        rate = await _counted(site, count)
        cpu = cpu_seconds(controller.process.pid)
        # What it has in hand is of no interest any more.
        controller.process.kill()
    return BroughtUp(rate, cpu)


async def _bare(site: Site, count: int) -> float:
    async def make(endpoint: AtRest) -> None:
        for key, intent in endpoint.intents.items():
            if key.kind in _KINDS:
                await site.kubernetes.apply(dict(intent), field_manager=FIELD_MANAGER)

    endpoints = list(many(count, (SMALL,), scope_at(site)))
    async with asyncio.TaskGroup() as group:
        counting = group.create_task(_counted(site, count))
        group.create_task(at_once(make, endpoints, width=_WIDTH))
    return counting.result()


async def _compare(count: int) -> list[Figure]:
    async with still_sites(2) as (world, (one, other)):
        server = world.pids["kube-apiserver"]
        marks = [cpu_seconds(server)]
        bare = await _bare(one, count)
        marks.append(cpu_seconds(server))
        ours = await brought_up(other, count)
        marks.append(cpu_seconds(server))
        requests = Counter(verb for verb, kind, _ in asked(world, other) if kind not in ("leases", "events"))
    what = f"{count} records → objects"
    return [
        Figure(what=what, value=ours.rate, unit="1/s", beside=bare, beside_is=_BARE, ratio_least=0.8),
        Figure(
            what=f"{what}, API server's processor each",
            value=1000 * (marks[2] - marks[1]) / count,
            unit="ms",
            beside=1000 * (marks[1] - marks[0]) / count,
            beside_is=_BARE,
        ),
        Figure(what=f"{what}, controller's processor each", value=1000 * ours.cpu / count, unit="ms"),
        Figure(what=f"{what}, reads each", value=requests["get"] / count, unit="requests"),
        Figure(what=f"{what}, applies each", value=requests["patch"] / count, unit="requests"),
    ]


async def measure(sizes: Sizes) -> list[Figure]:
    """Measure for each number of records, in a world of its own."""
    return [figure for count in sizes.brought_up for figure in await _compare(count)]
