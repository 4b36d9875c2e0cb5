"""How long a change takes: put → Deployment in the API server, put → ``running`` in the table.

Changes come at random times, so that they meet the stream's poll at any phase: new records, and new images of
endpoints that are there. Beside them: a bare reader in the same world, and polling.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from benchmarks.bare import bare_reader
from benchmarks.endpoints import ASLEEP
from benchmarks.figures import Figure, milliseconds
from benchmarks.polling import INTERVAL_SECONDS, polling_controller
from benchmarks.populating import populate
from benchmarks.sizes import Sizes
from tests.controller import running_controller
from tests.world import Site, World, eventually, running_world
from tests.writers import IMAGE, Writers, a_spec

_FLOOR, _POLLING = "bare reader", "polling"


@dataclass(slots=True)
class Timed:
    """When changes were about to be sent, and when they were first seen.

    Attributes:
        put: By endpoint and image.
        deployed: When a Deployment had that image.
        created: When new records were about to be sent.
        running: When these were first read as ``running``.
    """

    site: Site
    writers: Writers
    put: dict[tuple[str, str], float] = field(default_factory=dict)
    deployed: dict[tuple[str, str], float] = field(default_factory=dict)
    created: dict[str, float] = field(default_factory=dict)
    running: dict[str, float] = field(default_factory=dict)

    async def create(self, name: str) -> None:
        """Put a new record."""
        self.put[name, IMAGE] = self.created[name] = time.perf_counter()
        await asyncio.to_thread(self.writers.create, name, a_spec(gpu_count=0))

    async def change(self, name: str, image: str) -> None:
        """Put a new image into a record."""
        self.put[name, image] = time.perf_counter()
        await asyncio.to_thread(self.writers.change, name, image=image)

    async def follow(self) -> None:
        """Note when each change is first seen in the API server."""
        async with aclosing(self.site.kubernetes.watch("Deployment")) as events:
            async for _, live in events:
                (container,) = live["spec"]["template"]["spec"]["containers"]
                self.deployed.setdefault((live["metadata"]["name"], container["image"]), time.perf_counter())

    async def follow_running(self) -> None:
        """Note when each new endpoint is first read as ``running``."""
        while True:
            for name in self.created.keys() - self.running.keys():
                item = await asyncio.to_thread(self.writers.read, name)
                if item is not None and item["desired_state"] == "running":
                    self.running[name] = time.perf_counter()
            await asyncio.sleep(0.005)

    def are_seen(self) -> bool:
        """Whether every change is in the API server, and every new endpoint runs."""
        return self.put.keys() <= self.deployed.keys() and self.created.keys() <= self.running.keys()

    def to_deployment(self) -> list[float]:
        """Return the seconds from each put to the Deployment."""
        return [self.deployed[key] - at for key, at in self.put.items()]

    def to_running(self) -> list[float]:
        """Return the seconds from each put of a new record to ``running``."""
        return [self.running[name] - at for name, at in self.created.items()]


async def time_changes(site: Site, new: int, changed: Sequence[str], *, pause: float = 0.4) -> Timed:
    """Make changes at random times, and wait until all are seen."""
    timed = Timed(site, Writers(site.table, site.namespace))
    tasks = [asyncio.create_task(timed.follow()), asyncio.create_task(timed.follow_running())]
    works = [partial(timed.create, f"new-{number}") for number in range(new)]
    works += [partial(timed.change, name, f"{IMAGE}-next") for name in changed]
    random.shuffle(works)
    for work in works:
        await asyncio.sleep(random.uniform(0.25 * pause, 1.75 * pause))
        await work()
    await eventually(timed.are_seen, 180, "every change seen")
    for task in tasks:
        task.cancel()
    return timed


async def _ours(world: World, sizes: Sizes) -> Timed:
    async with world.site() as site:
        with world.processes.paused("kube-controller-manager"):
            names = await populate(site, sizes.present, ASLEEP)
        async with running_controller(site):
            return await time_changes(site, sizes.created, random.sample(names, min(sizes.changed, len(names))))


async def _floor(world: World, sizes: Sizes) -> Timed:
    async with world.site() as site:
        # DynamoDB Local calls the first record of an empty shard trimmed for whoever reads that from LATEST.
        await asyncio.to_thread(Writers(site.table, site.namespace).create, "the-first", a_spec(replicas=0))
        async with bare_reader(world, site):
            return await time_changes(site, sizes.created, ())


async def _polled(world: World, sizes: Sizes) -> Timed:
    async with world.site() as site, polling_controller(site):
        return await time_changes(site, sizes.polled, (), pause=2.0 * INTERVAL_SECONDS / sizes.polled)


async def measure(sizes: Sizes) -> list[Figure]:
    """Measure all three, one after the other in one world."""
    async with running_world() as world:
        ours, floor, polled = await _ours(world, sizes), await _floor(world, sizes), await _polled(world, sizes)
    return [
        *_beside_floor("put → Deployment", ours.to_deployment(), floor.to_deployment(), ratio=1.4),
        *_beside_floor("put → running", ours.to_running(), floor.to_running(), ratio=1.5),
        *_beside_polling("put → Deployment", ours.to_deployment(), polled.to_deployment(), ratio=1 / 40),
        *_beside_polling("put → running", ours.to_running(), polled.to_running(), ratio=None),
    ]


def _beside_floor(what: str, ours: Sequence[float], floor: Sequence[float], *, ratio: float) -> list[Figure]:
    return [
        milliseconds(
            what,
            ours,
            share,
            beside=milliseconds(what, floor, share).value,
            beside_is=_FLOOR,
            ratio_at_most=ratio if share == 0.5 else None,
        )
        for share in (0.5, 0.99)
    ]


def _beside_polling(what: str, ours: Sequence[float], polled: Sequence[float], *, ratio: float | None) -> list[Figure]:
    mean, theirs = statistics.mean(ours) * 1000, statistics.mean(polled) * 1000
    figure = Figure(what=f"{what}, mean", value=mean, unit="ms", beside=theirs, beside_is=_POLLING, ratio_at_most=ratio)
    return [figure]
