"""What an idle controller costs: requests, writes and processor time while nothing changes.

Counted from outside: by the API server's audit log, by a proxy before DynamoDB, and by the kernel. Beside it: polling.
"""

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager

from benchmarks.figures import Figure
from benchmarks.polling import polling_controller
from benchmarks.populating import patient_controller, populate, still_world
from benchmarks.processes import cpu_seconds
from benchmarks.sizes import Sizes
from tests.controller import Controller
from tests.counting import counting_proxy
from tests.e2e.watching import asked
from tests.world import Site, World

_READS = ("get", "list")
# Each of the four ends after five to ten minutes, and goes on where it was.
_WATCHES = 4.0
_OF_THE_STREAM = ("GetRecords", "GetShardIterator", "DescribeStream", "DescribeTable")
_SETTLING_SECONDS = 3.0


async def spent(
    world: World, site: Site, calls: Counter[str], controller: Controller, seconds: float
) -> dict[str, float]:
    """Return what an idle controller does in a minute."""
    await asyncio.sleep(_SETTLING_SECONDS)
    asked_before, calls_before = len(asked(world, site)), Counter(calls)
    cpu_before = cpu_seconds(controller.process.pid)
    await asyncio.sleep(seconds)
    cpu = cpu_seconds(controller.process.pid) - cpu_before
    requests, called = asked(world, site)[asked_before:], calls - calls_before
    minutes = seconds / 60
    return {
        "cpu": 100 * cpu / seconds,
        "lease": sum(kind == "leases" for _, kind, _ in requests) / minutes,
        "watches": sum(verb == "watch" for verb, _, _ in requests) / minutes,
        "writes": sum(verb not in (*_READS, "watch") and kind != "leases" for verb, kind, _ in requests) / minutes,
        "reads": sum(verb in _READS and kind != "leases" for verb, kind, _ in requests) / minutes,
        "stream": sum(called[operation] for operation in _OF_THE_STREAM) / minutes,
        "table": sum(count for operation, count in called.items() if operation not in _OF_THE_STREAM) / minutes,
    }


async def measure(sizes: Sizes) -> list[Figure]:
    """Measure ours, and then polling on the same endpoints."""
    async with still_world() as (world, site), counting_proxy(world.dynamodb.endpoint) as proxy:
        await populate(site, sizes.idle)
        through = {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": proxy.url}

        async def of(started: AbstractAsyncContextManager[Controller]) -> dict[str, float]:
            async with started as controller:
                return await spent(world, site, proxy.calls, controller, sizes.idle_seconds)

        ours, polled = await of(patient_controller(site, **through)), await of(polling_controller(site, **through))
    what, beside = f"{sizes.idle} idle endpoints", "polling"

    def figure(name: str, key: str, unit: str, at_most: float | None) -> Figure:
        return Figure(
            what=f"{what}, {name}", value=ours[key], unit=unit, beside=polled[key], beside_is=beside, at_most=at_most
        )

    return [
        figure("processor", "cpu", "% of a core", 2.0),
        figure("writes", "writes", "a minute", 0.0),
        figure("renewals of the Lease", "lease", "a minute", 31.0),
        figure("reads of the API server", "reads", "a minute", 0.0),
        figure("watches that go on", "watches", "a minute", _WATCHES),
        figure("reads of the stream", "stream", "a minute", 243.0),
        figure("calls of the table", "table", "a minute", 0.0),
    ]
