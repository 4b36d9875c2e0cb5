"""How long a change takes from the table to the cluster: put → Deployment in the API server, put → ``running``.

The Deployment is seen by a watch, the status by reading the table; changes come at random times, so that they meet
the stream's poll at any phase. Run by ``make bench``; exits 1 if the time promised is missed.
"""

import asyncio
import random
import sys
import time
from contextlib import aclosing

from benchmarks.figures import HEAD, percentile, row
from tests.controller import running_controller
from tests.world import Site, eventually, running_world
from tests.writers import Writers, a_spec

CHANGES = 50
PROMISED_P50, PROMISED_P99 = 0.25, 0.6


async def follow(site: Site, seen: dict[str, float]) -> None:
    """Note when each Deployment is first seen."""
    async with aclosing(site.kubernetes.watch("Deployment")) as events:
        async for _, deployment in events:
            seen.setdefault(deployment["metadata"]["name"], time.perf_counter())


async def put_at_random_times(writers: Writers) -> dict[str, float]:
    """Put new records, and return when each was about to be sent."""
    put = {}
    for number in range(CHANGES):
        await asyncio.sleep(random.uniform(0.1, 0.6))
        name = f"endpoint-{number}"
        put[name] = time.perf_counter()
        await asyncio.to_thread(writers.create, name, a_spec())
    return put


async def follow_running(writers: Writers, running: dict[str, float]) -> None:
    """Note when each endpoint is first read as promoted to ``running``."""
    while True:
        items = (await asyncio.to_thread(writers.scan))["Items"]
        for item in items:
            if item["desired_state"] == "running":
                running.setdefault(item["endpoint_name"], time.perf_counter())
        await asyncio.sleep(0.005)


async def measure() -> tuple[list[float], list[float]]:
    """Return the seconds from put to Deployment and from put to ``running``."""
    seen: dict[str, float] = {}
    running: dict[str, float] = {}
    async with running_world() as world, world.site() as site, running_controller(site):
        writers = Writers(site.table, site.namespace)
        watches = [asyncio.create_task(follow(site, seen)), asyncio.create_task(follow_running(writers, running))]
        put = await put_at_random_times(writers)
        await eventually(lambda: len(seen) == len(running) == CHANGES, 60, "every endpoint seen and running")
        for watch in watches:
            watch.cancel()
    return [seen[name] - put[name] for name in put], [running[name] - put[name] for name in put]


def main() -> int:
    """Measure, print, and judge."""
    deployed, running = asyncio.run(measure())
    print(f"{CHANGES} changes, ms" + HEAD)
    print(row("put → Deployment", deployed))
    print(row("put → running", running))
    held = percentile(deployed, 0.5) <= PROMISED_P50 and percentile(deployed, 0.99) <= PROMISED_P99
    print(f"promised: p50 ≤ {PROMISED_P50 * 1000:.0f}, p99 ≤ {PROMISED_P99 * 1000:.0f}: {'held' if held else 'MISSED'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
