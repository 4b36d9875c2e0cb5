"""Many changes to some endpoints beside others that nobody touches, and what must have come of them."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from tests.controller import Controller, started_controller
from tests.e2e.converging import plans_nothing, stands_as_wished
from tests.e2e.watching import is_promoted
from tests.world import Site, eventually
from tests.writers import IMAGE, Writers, a_spec

IMAGES = (IMAGE, IMAGE.replace("v0.8.0", "v0.9.0"))
STEADY = ("steady-0", "steady-1")
BUSY = tuple(f"busy-{number}" for number in range(8))


class Bursts:
    """Changes to the busy endpoints of a site, each as its seed has it; the steady ones are left alone."""

    def __init__(self, site: Site, writers: Writers, *, seed: int = 1) -> None:
        self._site, self._writers = site, writers
        self._chance = random.Random(seed)
        self._pods: dict[str, str] = {}

    async def begin(self) -> None:
        """Bring up the steady endpoints, and some of the busy ones."""
        started = (*STEADY, *BUSY[:4])
        for name in started:
            self._writers.create(name)
        for name in started:
            await is_promoted(self._writers, name, 30)
        self._pods = await self._steady_pods()
        assert len(self._pods) == len(STEADY)

    async def blow(self, changes: int, *, pause: float = 0.1) -> None:
        """Change records, one after the other."""
        for _ in range(changes):
            self._change(self._chance.choice(BUSY))
            await asyncio.sleep(self._chance.uniform(0.0, 2 * pause))

    async def have_settled(self, *, within: float = 75.0) -> None:
        """Wait until every endpoint stands as its record wishes, and see that nobody touched the steady ones."""
        for name in (*STEADY, *BUSY):
            await stands_as_wished(self._site, self._writers, name, within)
        await eventually(lambda: plans_nothing(self._site), within, "nothing planned")
        assert await self._steady_pods() == self._pods

    def _change(self, name: str) -> None:
        """Change a record; one that was deleted may be gone at any moment, and is created anew."""
        try:
            self._vary(name)
        except (AssertionError, ClientError):
            if self._writers.read(name) is not None:
                raise
            self._vary(name)

    def _vary(self, name: str) -> None:
        item, chance = self._writers.read(name), self._chance
        if item is None:
            self._writers.create(name, a_spec(image=chance.choice(IMAGES)))
        elif (lot := chance.random()) < 0.4:
            self._writers.change(name, image=chance.choice(IMAGES), port=chance.choice([8000, 9000]))
        elif lot < 0.6:
            self._writers.scale(name, chance.choice([0, 1, 2]))
        else:
            self._writers.say(name, chance.choice(["stopped", "running", "running", "deleted"]))

    async def _steady_pods(self) -> dict[str, str]:
        pods = [pod for name in STEADY for pod in await self._site.kubernetes.list("Pod", f"app={name}")]
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods}


@dataclass
class Kept:
    """A controller that is started anew whenever it ends, as a kubelet does it.

    Attributes:
        all: Every process so far; the last one is at work.
    """

    all: list[Controller] = field(default_factory=list)
    is_ending: bool = False

    @property
    def last(self) -> Controller:
        return self.all[-1]

    async def follows(self, *, nth: int = 1, within: float = 30.0) -> None:
        """Wait until the nth process, or a later one, has its place in the stream."""

        def follows() -> bool:
            return any(controller.logged("following the stream") for controller in self.all[nth - 1 :])

        await eventually(follows, within, f"process {nth} following the stream")

    async def run(self, environment: Mapping[str, str]) -> None:
        while not self.is_ending:
            async with started_controller(environment) as controller:
                controller.may_end_with = (0, 1, -9)
                self.all.append(controller)
                await controller.process.wait()


@asynccontextmanager
async def kept_running(site: Site, **settings: str) -> AsyncIterator[Kept]:
    """Keep a controller running on a site until the end of the block."""
    kept = Kept()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(kept.run({**site.environment, **settings}))
        try:
            await kept.follows()
            yield kept
            kept.is_ending = True
            await kept.last.stop()
        except BaseException:
            running.cancel()
            raise
