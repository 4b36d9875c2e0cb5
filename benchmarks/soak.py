"""Whether a controller stays as it is: memory and latency over a long time of random changes.

``SOAK_ENDPOINTS`` (1000) endpoints, ``SOAK_CHANGES`` (5) changes a second, for ``SOAK_MINUTES`` (20). Endpoints come
and go, too, so that what is kept about one that is gone would be seen. Run by ``make soak``; exits 1 if the memory
grows, or if changes take longer in the end than they did in the beginning.
"""

import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from benchmarks.figures import HEAD, percentile, row
from benchmarks.processes import resident_mebibytes
from tests.controller import Controller, running_controller
from tests.world import Site, eventually, running_world
from tests.writers import Writers, a_spec

ENDPOINTS = int(os.environ.get("SOAK_ENDPOINTS", "1000"))
MINUTES = float(os.environ.get("SOAK_MINUTES", "20"))
CHANGES_A_SECOND = float(os.environ.get("SOAK_CHANGES", "5"))
# The nodes of the test world have room for so many; the others are asked for no replicas.
WITH_PODS = 40
COME_AND_GO = 0.1
PATIENCE_SECONDS = 600.0
PROMISED_GROWTH = 0.05
"""Of the memory, from the first quarter to the end, on the straight line that fits best."""
PROMISED_SLOWER = 0.5
"""Of the median latency, from the first quarter to the last."""


@dataclass
class Soak:
    """What was changed when, and what was seen of it.

    Attributes:
        put: When a change, by endpoint and number, was about to be sent.
        took: When it was sent, and the seconds until the Deployment showed it, in the order they were seen.
        memory: When it was measured, and how many MiB.
    """

    site: Site
    writers: Writers
    put: dict[tuple[str, str], float] = field(default_factory=dict)
    took: list[tuple[float, float]] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    made: int = 0

    async def make(self) -> None:
        """Put a new record."""
        self.made += 1
        name, replicas = f"endpoint-{self.made}", int(len(self.names) < WITH_PODS)
        self.names.append(name)
        self._note(name, "0")
        spec = a_spec(replicas=replicas, gpu_count=0, env={"CHANGE": "0"})
        await asyncio.to_thread(self.writers.create, name, spec)

    async def change(self, number: int) -> None:
        """Change one endpoint, or let one go and another come."""
        position = random.randrange(len(self.names))
        if random.random() < COME_AND_GO:
            gone = self.names.pop(position)
            self.put = {key: at for key, at in self.put.items() if key[0] != gone}
            await asyncio.to_thread(self.writers.say, gone, "deleted")
            await self.make()
            return
        name = self.names[position]
        # Of two changes in a row only the last must ever be seen.
        self.put = {key: at for key, at in self.put.items() if key[0] != name}
        self._note(name, str(number))
        await asyncio.to_thread(self.writers.change, name, env={"CHANGE": str(number)})

    async def change_all_the_time(self) -> None:
        """Change at random times until the time is over."""
        end, number = time.monotonic() + MINUTES * 60, 0
        while time.monotonic() < end:
            number += 1
            await self.change(number)
            await asyncio.sleep(random.uniform(0.0, 2.0 / CHANGES_A_SECOND))

    async def follow(self) -> None:
        """Note when each change is first seen in the API server."""
        while True:
            async with aclosing(self.site.kubernetes.watch("Deployment")) as events:
                async for _, live in events:
                    (container,) = live["spec"]["template"]["spec"]["containers"]
                    shown = next(entry["value"] for entry in container["env"] if entry["name"] == "CHANGE")
                    began = self.put.pop((live["metadata"]["name"], shown), None)
                    if began is not None:
                        self.took.append((began, time.monotonic() - began))

    async def weigh(self, controller: Controller) -> None:
        """Measure the memory every second."""
        while True:
            self.memory.append((time.monotonic(), resident_mebibytes(controller.process.pid)))
            await asyncio.sleep(1)

    async def all_seen(self) -> None:
        """Wait until nothing is under way."""
        await eventually(lambda: not self.put, PATIENCE_SECONDS, f"every change in the API server, {self.made} made")

    def _note(self, name: str, change: str) -> None:
        self.put[name, change] = time.monotonic()


def judge_memory(memory: Sequence[tuple[float, float]]) -> bool:
    """Print how the memory went, and say whether it is flat."""
    later = memory[len(memory) // 4 :]
    slope, start = statistics.linear_regression([at - later[0][0] for at, _ in later], [size for _, size in later])
    growth = slope * (later[-1][0] - later[0][0]) / start
    sizes = [size for _, size in memory]
    print(f"memory, MiB: {sizes[0]:.0f} at first, {max(sizes):.0f} at most, {sizes[-1]:.0f} in the end")
    print(f"after the first quarter: {slope * 3600:+.1f} MiB an hour, {growth:+.1%} of it until the end")
    return growth <= PROMISED_GROWTH


def judge_latency(took: Sequence[tuple[float, float]]) -> bool:
    """Print how long changes took, and say whether they take no longer in the end."""
    seconds = [taken for _, taken in sorted(took)]
    first, last = seconds[: len(seconds) // 4], seconds[-(len(seconds) // 4) :]
    print(f"{len(seconds)} changes, ms{'':<6}{HEAD}")
    print(row("first quarter", first))
    print(row("last quarter", last))
    return percentile(last, 0.5) <= percentile(first, 0.5) * (1 + PROMISED_SLOWER)


async def measure() -> bool:
    """Measure, print, and say whether it is as promised."""
    async with running_world() as world, world.site() as site, running_controller(site) as controller:
        soak = Soak(site, Writers(site.table, site.namespace))
        following = asyncio.create_task(soak.follow())
        for _ in range(ENDPOINTS):
            await soak.make()
        await soak.all_seen()
        soak.took.clear()
        weighing = asyncio.create_task(soak.weigh(controller))
        await soak.change_all_the_time()
        await soak.all_seen()
        for task in (following, weighing):
            task.cancel()
        failed = [line for line in controller.lines if line["level"] in ("WARNING", "ERROR")]
    print(f"{ENDPOINTS} endpoints, {MINUTES:g} minutes, {len(failed)} warnings and errors in the log")
    is_flat, is_fast = judge_memory(soak.memory), judge_latency(soak.took)
    promise = f"memory +{PROMISED_GROWTH:.0%} at most, median latency +{PROMISED_SLOWER:.0%} at most"
    print(f"promised: {promise}: {'held' if is_flat and is_fast else 'MISSED'}")
    return is_flat and is_fast


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)
