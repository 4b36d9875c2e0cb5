"""How long an endpoint has nobody who works on it: from the end of one leader until another has made a Deployment.

A record is put when the leader is gone, so that only its successor can have made what it asks for. Run by ``make
bench``; exits 1 if the time promised is missed.
"""

import asyncio
import signal
import sys
import time
from contextlib import AsyncExitStack

from benchmarks.figures import HEAD, row
from tests.controller import Controller, started_controller
from tests.e2e.watching import is_promoted
from tests.world import Site, eventually, running_world
from tests.writers import Writers, a_spec

ENDPOINTS = 50
ROUNDS = 3
PROMISED_AFTER_A_KILL, PROMISED_AFTER_A_STOP = 20.0, 3.0


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


async def measure() -> dict[signal.Signals, list[float]]:
    """Return the seconds that each takeover took, by how the leader ended."""
    took: dict[signal.Signals, list[float]] = {signal.SIGTERM: [], signal.SIGKILL: []}
    async with running_world() as world, world.site() as site, AsyncExitStack() as stack:
        writers = Writers(site.table, site.namespace)
        leader = await a_standby(stack, site, 0)
        for number in range(ENDPOINTS):
            await asyncio.to_thread(writers.create, f"endpoint-{number}", a_spec(replicas=0))
        for number in range(ENDPOINTS):
            await is_promoted(writers, f"endpoint-{number}", 120)
        for number, how in enumerate([*took] * ROUNDS, start=1):
            standby = await a_standby(stack, site, number)
            took[how].append(await taken_over_after(site, writers, leader, how, f"after-{number}"))
            leader = standby
    return took


def main() -> int:
    """Measure, print, and judge."""
    took = asyncio.run(measure())
    print(f"{'takeover, ms':<20}{HEAD}")
    print(row("after SIGTERM", took[signal.SIGTERM]))
    print(row("after SIGKILL", took[signal.SIGKILL]))
    is_held = max(took[signal.SIGTERM]) < PROMISED_AFTER_A_STOP and max(took[signal.SIGKILL]) < PROMISED_AFTER_A_KILL
    promised = f"promised: < {PROMISED_AFTER_A_STOP * 1000:.0f} and < {PROMISED_AFTER_A_KILL * 1000:.0f}:"
    print(promised, "held" if is_held else "MISSED")
    return 0 if is_held else 1


if __name__ == "__main__":
    sys.exit(main())
