"""What the process takes of memory: resident, and at its peak, beside a Python that has imported the clients."""

import asyncio

from benchmarks.endpoints import STOPPED
from benchmarks.figures import Figure
from benchmarks.populating import patient_controller, populate, still_world, write_records
from benchmarks.processes import mebibytes_of_clients, peak_mebibytes
from benchmarks.sizes import Sizes
from tests.world import Site

_SETTLING_SECONDS = 3.0


async def _peak(site: Site) -> float:
    async with patient_controller(site) as controller:
        await asyncio.sleep(_SETTLING_SECONDS)
        return peak_mebibytes(controller.process.pid)


async def measure(sizes: Sizes) -> list[Figure]:
    """Measure with nothing, with endpoints that run, and with many more records that do not."""
    clients = mebibytes_of_clients()
    async with still_world() as (_, site):
        empty = await _peak(site)
        await populate(site, sizes.running)
        running = await _peak(site)
        await write_records(site, sizes.records - sizes.running, STOPPED, prefix="stopped")
        many = await _peak(site)
    return [
        Figure(what="an empty table", value=empty, unit="MiB", beside=clients, beside_is="clients imported"),
        Figure(what="… above the clients", value=empty - clients, unit="MiB", at_most=15),
        Figure(what=f"{sizes.running} endpoints, above that", value=running - empty, unit="MiB", at_most=15),
        Figure(what=f"{sizes.records} records, above that", value=many - running, unit="MiB", at_most=60),
    ]
