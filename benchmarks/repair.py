"""How long it takes until what somebody changed or deleted by hand is as it was.

From before the change is sent until the API server shows the object as before; part of ``make bench``; exits 1 if the
time promised is missed.
"""

import asyncio
import sys
import time
from typing import Any

from benchmarks.figures import HEAD, percentile, row
from tests.controller import running_controller
from tests.e2e.test_in_step import HAND_MADE_CHANGES, MARKS, essence, settled
from tests.world import Site, eventually, running_world
from tests.writers import Writers

ROUNDS = 3
PROMISED_P50 = 0.2


async def repaired_after(site: Site, kind: str, change: dict[str, Any] | None) -> float:
    """Change an object, or delete it where the change is None, and return the seconds until it is as before."""
    old = await site.kubernetes.get(kind, MARKS[kind])
    assert old is not None
    before = await essence(site, kind)
    started = time.perf_counter()
    if change is None:
        await site.kubernetes.delete(kind, MARKS[kind])
    else:
        await site.kubernetes.patch(kind, MARKS[kind], change)

    async def is_as_before() -> bool:
        live = await site.kubernetes.get(kind, MARKS[kind])
        if live is None or (change is None and live["metadata"]["uid"] == old["metadata"]["uid"]):
            return False
        if change is None:
            return True
        return await essence(site, kind) == before

    await eventually(is_as_before, 20, f"{kind} as before")
    return time.perf_counter() - started


async def measure() -> dict[str, list[float]]:
    """Return the seconds that each change took, by what was changed."""
    deletions: dict[str, tuple[str, dict[str, Any] | None]] = {f"deleted {kind}": (kind, None) for kind in MARKS}
    changes = {**HAND_MADE_CHANGES, **deletions}
    took: dict[str, list[float]] = {what: [] for what in changes}
    async with running_world() as world, world.site() as site, running_controller(site):
        await settled(site, Writers(site.table, site.namespace))
        for _ in range(ROUNDS):
            for what, (kind, change) in changes.items():
                took[what].append(await repaired_after(site, kind, change))
    return took


def main() -> int:
    """Measure, print, and judge."""
    took = asyncio.run(measure())
    print(f"{'by hand, ms':<20}{HEAD[2:]}")
    for what, seconds in took.items():
        print(row(what, seconds))
    everything = [second for seconds in took.values() for second in seconds]
    print(row("all", everything))
    is_held = percentile(everything, 0.5) <= PROMISED_P50
    print(f"promised: p50 ≤ {PROMISED_P50 * 1000:.0f}: {'held' if is_held else 'MISSED'}")
    return 0 if is_held else 1


if __name__ == "__main__":
    sys.exit(main())
