"""Storms on the real API server: what writers and hands do at random ends where the last record wants it."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.controller import started_controller
from tests.e2e.converging import BRIEF, plans_nothing, stands_as_wished
from tests.world import Site, eventually
from tests.writers import IMAGE, Writers, a_spec

NAMES = ("llama", "qwen")
IMAGES = (IMAGE, IMAGE.replace("v0.8.0", "v0.9.0"), f"{IMAGE}-ready-after-0.3s-slow-stop-0.3s")
STEPS = 14


class Weather:
    """Everybody who has a hand in two endpoints, as one seed has them act."""

    def __init__(self, site: Site, writers: Writers, seed: int) -> None:
        self._site, self._writers = site, writers
        self.chance = random.Random(seed)
        self._actions: list[Callable[[str], Awaitable[None]]] = [
            *[self._say] * 2,
            *[self._change] * 3,
            self._scale,
            self._canary,
            self._promote,
            self._delete_by_hand,
            self._edit_by_hand,
        ]

    async def blow(self) -> None:
        for _ in range(STEPS):
            name = self.chance.choice(NAMES)
            if self._writers.read(name) is None:
                self._writers.create(name, a_spec(image=self.chance.choice(IMAGES)))
            else:
                # Who writes to a record that has just been purged is told so.
                with suppress(AssertionError, ClientError):
                    await self.chance.choice(self._actions)(name)
            await asyncio.sleep(self.chance.choice([0.0, 0.0, 0.1, 0.5, 1.3]))

    async def _say(self, name: str) -> None:
        self._writers.say(name, self.chance.choice(["stopped", "running", "deleted"]))

    async def _scale(self, name: str) -> None:
        self._writers.scale(name, self.chance.choice([0, 1, 2]))

    async def _change(self, name: str) -> None:
        bounds = {"enabled": True, "min_replicas": 1, "max_replicas": 3}
        changes: list[dict[str, Any]] = [
            {"image": self.chance.choice(IMAGES)},
            {"port": self.chance.choice([8000, 9000])},
            {"health_check_path": self.chance.choice(["/health", "/ok"])},
            {"autoscaling": self.chance.choice([None, bounds])},
            {"canary": None},
        ]
        self._writers.change(name, **self.chance.choice(changes))

    async def _canary(self, name: str) -> None:
        canary = {"image": self.chance.choice(IMAGES), "weight": self.chance.choice([1, 50]), "replicas": 1}
        self._writers.change(name, canary=canary)

    async def _promote(self, name: str) -> None:
        canary = (self._writers.read(name) or {}).get("spec", {}).get("canary")
        if canary is not None:
            self._writers.change(name, image=canary["image"], canary=None)

    async def _delete_by_hand(self, name: str) -> None:
        await self._site.kubernetes.delete("Deployment", name)

    async def _edit_by_hand(self, name: str) -> None:
        if await self._site.kubernetes.get("Deployment", name) is not None:
            by_hand = {"metadata": {"labels": {"by": "hand"}}, "spec": {"replicas": 3, "minReadySeconds": 0}}
            await self._site.kubernetes.patch("Deployment", name, by_hand)


@pytest.mark.behaviour("B14", "B20", "B24", "B25", "B26", "B27")
@pytest.mark.parametrize("seed", [1, 3])
async def test_after_a_storm_the_last_intent_stands_and_nothing_is_planned(
    site: Site, writers: Writers, seed: int
) -> None:
    weather = Weather(site, writers, seed)
    for is_last in (False, True):
        async with started_controller({**site.environment, **BRIEF}) as controller:
            await controller.has_logged("table scanned", 20)
            await weather.blow()
            if is_last:
                for name in NAMES:
                    await stands_as_wished(site, writers, name)
                await eventually(lambda: plans_nothing(site), 25, "nothing planned")
            else:
                controller.process.kill()
