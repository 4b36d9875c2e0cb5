"""How long it takes until what somebody changed or deleted by hand is as it was.

From before the change is sent until the API server shows the object as before.
"""

import asyncio
import time
from contextlib import aclosing
from typing import Any

from benchmarks.figures import Figure, milliseconds
from benchmarks.sizes import Sizes
from tests.controller import running_controller
from tests.e2e.test_in_step import HAND_MADE_CHANGES, MARKS, essence, settled
from tests.world import Site, eventually, running_world
from tests.writers import Writers


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


async def _floor(site: Site, rounds: int) -> list[float]:
    """Let a bare watch put back what is deleted, by a bare apply of what was there."""
    live = await site.kubernetes.get("Service", "bare")
    intent = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bare"}, "spec": {"ports": [{"port": 80}]}}
    if live is None:
        await site.kubernetes.apply(intent)

    async def keep() -> None:
        async with aclosing(site.kubernetes.watch("Service")) as events:
            async for change, seen in events:
                if change == "DELETED" and seen["metadata"]["name"] == "bare":
                    await site.kubernetes.apply(intent)

    keeping, took = asyncio.create_task(keep()), []
    for _ in range(rounds):
        await asyncio.sleep(0.2)
        started = time.perf_counter()
        await site.kubernetes.delete("Service", "bare")
        await eventually(lambda: site.kubernetes.get("Service", "bare"), 20, "the Service again")
        took.append(time.perf_counter() - started)
    keeping.cancel()
    return took


async def measure(_sizes: Sizes) -> list[Figure]:
    """Change and delete everything once by hand."""
    deletions: dict[str, tuple[str, dict[str, Any] | None]] = {f"deleted {kind}": (kind, None) for kind in MARKS}
    changes = {**HAND_MADE_CHANGES, **deletions}
    async with running_world() as world, world.site() as site, running_controller(site):
        await settled(site, Writers(site.table, site.namespace))
        took = [await repaired_after(site, kind, change) for kind, change in changes.values()]
        floor = await _floor(site, len(took))
    beside = milliseconds("", floor, 0.5).value
    is_beside = "bare watch and apply"
    return [
        milliseconds("changed by hand → as before", took, 0.5, beside=beside, beside_is=is_beside, at_most=100),
        milliseconds("changed by hand → as before", took, 0.99),
    ]
