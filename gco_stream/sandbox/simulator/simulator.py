"""Lets all that is simulated do its work, whenever something has changed or is due."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from gco_stream.sandbox.clock import Clock
from gco_stream.sandbox.simulator.autoscalers import Autoscalers
from gco_stream.sandbox.simulator.collector import Binder, Collector
from gco_stream.sandbox.simulator.deployments import Deployments
from gco_stream.sandbox.simulator.directions import Directions
from gco_stream.sandbox.simulator.hands import Hands
from gco_stream.sandbox.simulator.pods import Kubelet, Scheduler
from gco_stream.sandbox.simulator.replica_sets import ReplicaSets
from gco_stream.sandbox.store.store import Store

_MOST_ROUNDS = 1000


class Worker(Protocol):
    """Something that is simulated."""

    def look(self, hands: Hands) -> Iterator[datetime]:
        """Do what there is to do now, and say when there is more even if nothing changes."""
        ...


class Simulator:
    """The controllers, the scheduler and the nodes of one store."""

    def __init__(self, store: Store, clock: Clock, directions: Directions) -> None:
        self._store = store
        self._clock = clock
        self._workers: tuple[Worker, ...] = (
            Collector(),
            Binder(),
            Autoscalers(directions),
            Deployments(),
            ReplicaSets(),
            Scheduler(directions),
            Kubelet(directions),
        )

    def work(self) -> datetime | None:
        """Do all that there is to do now; return when there is more, or None if only a change makes more."""
        due: list[datetime] = []
        for _ in range(_MOST_ROUNDS):
            before, due = self._store.version, []
            for worker in self._workers:
                due += worker.look(Hands(self._store, self._clock.now()))
            if self._store.version == before:
                break
        return min(due, default=None)

    async def run(self) -> None:
        """Work until it is cancelled."""
        changed = asyncio.Event()
        self._store.listeners.append(changed.set)
        try:
            while True:
                due = self.work()
                changed.clear()
                await self._wait(changed, due)
        finally:
            self._store.listeners.remove(changed.set)

    async def _wait(self, changed: asyncio.Event, due: datetime | None) -> None:
        seconds = None if due is None else max(0.0, (due - self._clock.now()).total_seconds())
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            return
