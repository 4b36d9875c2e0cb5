"""What a change costs where the table is small, and where it is large."""

import asyncio
import time
from contextlib import aclosing

from benchmarks.endpoints import ASLEEP, STOPPED
from benchmarks.figures import Figure, percentile
from benchmarks.populating import patient_controller, populate, still_world, write_records
from benchmarks.processes import cpu_seconds
from benchmarks.sizes import Sizes
from tests.world import Site, eventually
from tests.writers import IMAGE, Writers

_SETTLING_SECONDS = 3.0
_PAUSE_SECONDS = 0.1


async def cost_of_changes(site: Site, name: str, changes: int) -> tuple[float, float]:
    """Return milliseconds of processor time a change, less what idling takes, and seconds to the Deployment, p50."""
    writers, put, took = Writers(site.table, site.namespace), dict[str, float](), list[float]()

    async def follow() -> None:
        async with aclosing(site.kubernetes.watch("Deployment")) as events:
            async for _, live in events:
                (container,) = live["spec"]["template"]["spec"]["containers"]
                began = put.pop(container["image"], None)
                if began is not None:
                    took.append(time.perf_counter() - began)

    async with patient_controller(site) as controller:
        following, pid = asyncio.create_task(follow()), controller.process.pid
        await asyncio.sleep(_SETTLING_SECONDS)
        idle, began = cpu_seconds(pid), time.perf_counter()
        await asyncio.sleep(_SETTLING_SECONDS)
        idle_share = (cpu_seconds(pid) - idle) / (time.perf_counter() - began)
        before, began = cpu_seconds(pid), time.perf_counter()
        for number in range(changes):
            image = f"{IMAGE}-{number}"
            put[image] = time.perf_counter()
            await asyncio.to_thread(writers.change, name, image=image)
            await eventually(lambda: not put, 30, "the change in the API server")
            await asyncio.sleep(_PAUSE_SECONDS)
        cpu = cpu_seconds(pid) - before - idle_share * (time.perf_counter() - began)
        following.cancel()
    return 1000 * cpu / changes, percentile(took, 0.5)


async def measure(sizes: Sizes) -> list[Figure]:
    """Measure the same changes to the same endpoint, beside few records and beside many."""
    async with still_world() as (_, site):
        (name,) = await populate(site, 1, ASLEEP, prefix="changed")
        await populate(site, sizes.few - 1)
        few, few_seconds = await cost_of_changes(site, name, sizes.cost_changes)
        await write_records(site, sizes.records - sizes.few, STOPPED, prefix="stopped")
        many, many_seconds = await cost_of_changes(site, name, sizes.cost_changes)
    beside = f"with {sizes.few} records"
    return [
        Figure(
            what=f"a change with {sizes.records} records, processor",
            value=many,
            unit="ms",
            beside=few,
            beside_is=beside,
            ratio_at_most=1.3,
        ),
        Figure(
            what=f"a change with {sizes.records} records, put → Deployment, p50",
            value=many_seconds * 1000,
            unit="ms",
            beside=few_seconds * 1000,
            beside_is=beside,
        ),
    ]
