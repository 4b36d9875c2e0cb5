"""The work queue: ``core.backlog`` plus waiting."""

import asyncio
from collections.abc import Mapping

from gco_stream.core.backlog import Again, Backlog, Urgency
from gco_stream.core.models import EndpointName
from gco_stream.meters import Meters
from gco_stream.ports import Clock

# Timers fire by a hair early, and waits of nothing would then go round and round until the time has come.
_SHORTEST_WAIT = 0.001


class WorkQueue:
    """Hands out names to whoever waits for work."""

    def __init__(self, clock: Clock, meters: Meters | None = None, *, is_open: bool = True) -> None:
        """Make a queue that hands out names at once, or only as soon as it is opened."""
        self._clock = clock
        self._meters = meters or Meters()
        self._asked: dict[EndpointName, float] = {}
        self._taken: dict[EndpointName, float] = {}
        self._backlog = Backlog()
        self._changed = asyncio.Condition()
        self._closed = False
        self._is_open = is_open

    def __len__(self) -> int:
        return len(self._backlog)

    async def add(self, name: EndpointName, urgency: Urgency = Urgency.FRESH) -> None:
        """Let a name wait for its turn."""
        async with self._changed:
            self._backlog.add(name, urgency)
            self._asked.setdefault(name, self._clock.monotonic())
            self._meters.queued()
            self._changed.notify()

    async def take(self) -> EndpointName | None:
        """Wait for the next name; None once the queue is closed, whatever still waits."""
        async with self._changed:
            while not self._closed:
                name = self._backlog.take(self._clock.monotonic()) if self._is_open else None
                if name is not None:
                    # Somebody else is to wake up for what is due next, which may be sooner than when they went to wait.
                    self._changed.notify()
                    return self._hand_out(name)
                await self._wait()
            return None

    async def done(self, name: EndpointName, again: Again | None) -> None:
        """Take a name back; ``again`` says when it wants another look by itself."""
        async with self._changed:
            now = self._clock.monotonic()
            self._backlog.done(name, again, now=now, lot=self._clock.lot())
            self._meters.handed_back(now - self._taken.pop(name, now), is_again=again is not None)
            self._changed.notify()

    async def hasten(self) -> None:
        """Take in that something outside is back, so that what failed is looked at soon."""
        async with self._changed:
            self._backlog.hasten(self._clock.monotonic())
            self._changed.notify()

    async def open(self) -> None:
        """Begin to hand out names."""
        async with self._changed:
            self._is_open = True
            self._changed.notify_all()

    async def close(self) -> None:
        """Hand out nothing more; what waits is found again by the next scan."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    def waiting(self) -> Mapping[Urgency, int]:
        """Return how many names are due, by why they wait."""
        return self._backlog.waiting()

    @property
    def later(self) -> int:
        """How many names are put off."""
        return self._backlog.later

    def in_hand(self) -> Mapping[EndpointName, float]:
        """Return for how many seconds each name has been worked on, the longest first."""
        now = self._clock.monotonic()
        return {name: now - taken for name, taken in sorted(self._taken.items(), key=lambda one: one[1])}

    def _hand_out(self, name: EndpointName) -> EndpointName:
        now = self._clock.monotonic()
        self._taken[name] = now
        self._meters.handed_out(now - self._asked.pop(name, now))
        return name

    async def _wait(self) -> None:
        due = self._backlog.next_due() if self._is_open else None
        delay = None if due is None else max(_SHORTEST_WAIT, due - self._clock.monotonic())
        try:
            async with asyncio.timeout(delay):
                await self._changed.wait()
        except TimeoutError:
            return
