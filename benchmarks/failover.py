"""How long an endpoint has nobody who works on it: from the end of one leader until another has made a Deployment.

A record is put when the leader is gone, so that only its successor can have made what it asks for.
"""

import asyncio
import signal
import time
from contextlib import AsyncExitStack

from benchmarks.figures import Figure
from benchmarks.sizes import Sizes
from tests.controller import Controller, started_controller
from tests.e2e.watching import is_promoted
from tests.world import Site, eventually, running_world
from tests.writers import Writers, a_spec


async def a_standby(stack: AsyncExitStack, site: Site, number: int) -> Controller:
    """Start one more process, and wait until it stands by, or leads if it is the first."""
    process = await stack.enter_async_context(started_controller({**site.environment, "HOSTNAME": f"pod-{number}"}))
    await process.has_logged("standing by" if number else "table scanned", 20)
    # Its caches are warm a moment after that.
    await asyncio.sleep(1)
    return process


async def taken_over_after(site: Site, writers: Writers, leader: Controller, how: signal.Signals, name: str) -> float:
    """End the leader, and return the seconds until its successor has made what a new record asks for."""
    started = time.perf_counter()
    leader.process.send_signal(how)
    await leader.process.wait()
    await asyncio.to_thread(writers.create, name, a_spec(replicas=0))
    await eventually(lambda: site.kubernetes.get("Deployment", name), 60, f"Deployment {name}")
    return time.perf_counter() - started


async def measure(sizes: Sizes) -> list[Figure]:
    """End leaders both ways, in turn."""
    took: dict[signal.Signals, list[float]] = {signal.SIGTERM: [], signal.SIGKILL: []}
    async with running_world() as world, world.site() as site, AsyncExitStack() as stack:
        writers = Writers(site.table, site.namespace)
        leader = await a_standby(stack, site, 0)
        for number in range(sizes.standing):
            await asyncio.to_thread(writers.create, f"endpoint-{number}", a_spec(replicas=0))
        for number in range(sizes.standing):
            await is_promoted(writers, f"endpoint-{number}", 120)
        for number, how in enumerate([*took] * sizes.fail_overs, start=1):
            standby = await a_standby(stack, site, number)
            took[how].append(await taken_over_after(site, writers, leader, how, f"after-{number}"))
            leader = standby
    return [
        Figure(what="after SIGTERM, until the next one works", value=max(took[signal.SIGTERM]), unit="s", at_most=3),
        Figure(what="after kill -9, until the next one works", value=max(took[signal.SIGKILL]), unit="s", at_most=20),
    ]
