"""Where the defaults come from: bring-up over ``WORKERS``, and the time to a Deployment over the poll interval."""

import asyncio

from benchmarks.bringup import brought_up
from benchmarks.figures import Figure, milliseconds
from benchmarks.populating import still_sites
from benchmarks.propagation import time_changes
from benchmarks.sizes import Sizes
from tests.controller import running_controller
from tests.world import running_world
from tests.writers import Writers, a_spec

_WORKERS = (1, 2, 4, 8, 16, 32, 64)
_INTERVALS = (0.25, 0.5, 1.0, 2.0)


async def measure(sizes: Sizes) -> list[Figure]:
    """Measure each point on a site of its own."""
    figures = []
    async with still_sites(len(_WORKERS)) as (_, sites):
        for workers, site in zip(_WORKERS, sites, strict=True):
            rate = (await brought_up(site, sizes.curve, WORKERS=str(workers))).rate
            what, point = f"WORKERS={workers}, {sizes.curve} records → objects", ("WORKERS", float(workers))
            figures.append(Figure(what=what, value=rate, unit="1/s", series=point))
    async with running_world() as world:
        for interval in _INTERVALS:
            async with world.site() as site, running_controller(site, STREAM_POLL_INTERVAL_SECONDS=str(interval)):
                await asyncio.to_thread(Writers(site.table, site.namespace).create, "the-first", a_spec(replicas=0))
                timed = await time_changes(site, sizes.curve_puts, ())
            what = f"polled each {interval:g} s, put → Deployment"
            for share, curve in ((0.5, "median"), (0.99, "99th percentile")):
                figures.append(milliseconds(what, timed.to_deployment(), share, series=(curve, interval)))
    return figures
