"""The work queue: ``core.backlog`` plus waiting."""

import asyncio

from gco_stream.core.backlog import Again, Backlog, Urgency
from gco_stream.core.models import EndpointName
from gco_stream.ports import Clock

# Timers fire by a hair early, and waits of nothing would then go round and round until the time has come.
_SHORTEST_WAIT = 0.001


class WorkQueue:
    """Hands out names to whoever waits for work."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._backlog = Backlog()
        self._changed = asyncio.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._backlog)

    async def add(self, name: EndpointName, urgency: Urgency = Urgency.FRESH) -> None:
        """Let a name wait for its turn."""
        async with self._changed:
            self._backlog.add(name, urgency)
            self._changed.notify()

    async def take(self) -> EndpointName | None:
        """Wait for the next name; None once the queue is closed, whatever still waits."""
        async with self._changed:
            while not self._closed:
                name = self._backlog.take(self._clock.monotonic())
                if name is not None:
                    return name
                await self._wait()
            return None

    async def done(self, name: EndpointName, again: Again | None) -> None:
        """Take a name back; ``again`` says when it wants another look by itself."""
        async with self._changed:
            self._backlog.done(name, again, now=self._clock.monotonic(), lot=self._clock.lot())
            self._changed.notify()

    async def close(self) -> None:
        """Hand out nothing more; what waits is found again by the next scan."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def _wait(self) -> None:
        due = self._backlog.next_due()
        delay = None if due is None else max(_SHORTEST_WAIT, due - self._clock.monotonic())
        try:
            async with asyncio.timeout(delay):
                await self._changed.wait()
        except TimeoutError:
            return
