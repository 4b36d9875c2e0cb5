"""Whether changes keep arriving under load: changes that start no rollout, and new images, all at once.

Fifty a second change an Ingress' path or an autoscaler's bound, ten a second an image. The controller-manager stands
still: pods are none of this part's business, and there are not so many machines. Of two changes to one object in a row
only the last has to be seen.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import Figure, percentile
from benchmarks.populating import populate, still_world
from benchmarks.sizes import Sizes
from tests.controller import running_controller
from tests.world import Manifest, Site, eventually
from tests.writers import IMAGE, Writers

_QUIET_A_SECOND, _IMAGES_A_SECOND = 50, 10
_PATIENCE_SECONDS = 60.0
_AUTOSCALED = "autoscaled"


def _path(ingress: Manifest) -> str:
    path: str = ingress["spec"]["rules"][0]["http"]["paths"][0]["path"]
    return path


def _bound(autoscaler: Manifest) -> str:
    return str(autoscaler["spec"]["maxReplicas"])


def _image(deployment: Manifest) -> str:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    image: str = container["image"]
    return image


_SHOWN: dict[str, Callable[[Manifest], str]] = {
    "Ingress": _path,
    "HorizontalPodAutoscaler": _bound,
    "Deployment": _image,
}


@dataclass
class Load:
    """What was asked for when, and how long it took.

    Attributes:
        put: When an object was to show something, by kind, endpoint and what it is to show.
    """

    site: Site
    writers: Writers
    put: dict[tuple[str, str, str], float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    made: int = 0
    _number: int = 0
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def follow(self, kind: str) -> None:
        """Note when each change is first seen in the API server."""
        async with aclosing(self.site.kubernetes.watch(kind)) as events:
            async for _, live in events:
                name = live["metadata"]["name"].removeprefix("inference-")
                began = self.put.pop((kind, name, _SHOWN[kind](live)), None)
                if began is not None:
                    self.took.append(time.perf_counter() - began)

    async def change_quietly(self, name: str, *, is_autoscaled: bool) -> None:
        """Ask for another path, or another bound."""
        self._number += 1
        if is_autoscaled:
            await self._set("HorizontalPodAutoscaler", name, "spec.autoscaling.max_replicas", 5 + self._number)
        else:
            await self._set("Ingress", name, "ingress_path", f"/inference/{name}/{self._number}")

    async def change_image(self, name: str) -> None:
        """Ask for another image."""
        self._number += 1
        await self._set("Deployment", name, "spec.image", f"{IMAGE}-{self._number}")

    async def _set(self, kind: str, name: str, path: str, value: str | int) -> None:
        """Write one field; of one record one after the other, or it would not be known which of two was the last."""
        async with self._turns.setdefault(name, asyncio.Lock()):
            for key in [key for key in self.put if key[:2] == (kind, name)]:
                del self.put[key]
            self.put[kind, name, str(value)] = time.perf_counter()
            self.made += 1
            await asyncio.to_thread(
                self.site.table.update_item,
                Key={"endpoint_name": name},
                UpdateExpression=f"SET {path} = :v",
                ExpressionAttributeValues={":v": value},
            )


async def _at_rate(a_second: float, seconds: float, change: Callable[[], Any]) -> None:
    """Start changes at random times; one that takes long keeps no other waiting."""
    end = time.perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        while time.perf_counter() < end:
            group.create_task(change())
            await asyncio.sleep(random.expovariate(a_second))


async def _press(load: Load, plain: Sequence[str], autoscaled: Sequence[str], seconds: float) -> None:
    def quietly() -> Any:
        is_autoscaled = bool(autoscaled) and random.random() < 0.5
        return load.change_quietly(random.choice(autoscaled if is_autoscaled else plain), is_autoscaled=is_autoscaled)

    async with asyncio.TaskGroup() as group:
        group.create_task(_at_rate(_QUIET_A_SECOND, seconds, quietly))
        group.create_task(_at_rate(_IMAGES_A_SECOND, seconds, lambda: load.change_image(random.choice(plain))))


async def measure(sizes: Sizes) -> list[Figure]:
    """Press for a while, and wait until all has arrived."""
    async with still_world() as (_, site):
        plain = await populate(site, sizes.present // 2)
        autoscaled = await populate(site, sizes.present // 2, _AUTOSCALED, prefix="scaled")
        async with running_controller(site):
            load = Load(site, Writers(site.table, site.namespace))
            tasks = [asyncio.create_task(load.follow(kind)) for kind in _SHOWN]
            began = time.perf_counter()
            await _press(load, plain, autoscaled, sizes.load_seconds)
            seconds = time.perf_counter() - began
            try:
                await eventually(lambda: not load.put, _PATIENCE_SECONDS, "every change in the API server")
            except AssertionError:
                print(f"lost: {sorted(load.put)[:10]}")
            for task in tasks:
                task.cancel()
    return [
        Figure(what="under load, changes", value=load.made / seconds, unit="1/s"),
        Figure(what="under load, put → object, p50", value=1000 * percentile(load.took, 0.5), unit="ms"),
        Figure(what="under load, put → object, p99", value=1000 * percentile(load.took, 0.99), unit="ms", at_most=2000),
        Figure(what="under load, lost", value=len(load.put), unit="changes", at_most=0),
    ]
