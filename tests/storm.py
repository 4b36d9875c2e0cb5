"""Regions in a storm: reconcilers on one table and each on its own cluster, on a loop whose time is a number.

Whatever is written is judged at the moment it is written; ``subsides`` lets everything come to rest.
"""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import looptime

from gco_stream.core.claims import Claims
from gco_stream.core.convergence import is_converged
from gco_stream.core.mirror import Listed, Mirror
from gco_stream.core.models import (
    EndpointName,
    Kind,
    object_keys,
)
from gco_stream.core.projection import project
from gco_stream.queue import WorkQueue
from gco_stream.reconciler import Reconciler
from tests.builders import SCOPE
from tests.fakes.clock import THE_BEGINNING, FakeClock
from tests.fakes.line import Line, settled
from tests.storm_witnesses import StormCluster, StormRecords

WRITES = ("apply", "delete", "write_status", "promote", "purge")
_WORKERS = 3
_WATCH_SECONDS = 0.25
_LONGEST_STORM = 3600.0


@dataclass
class Crashes(logging.Handler):
    """Collects what the workers took for bugs."""

    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(level=logging.ERROR)

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None:
            self.found.append(logging.Formatter().format(record))


class StormRegion:
    """One region: its cluster stays, its controller may be replaced at any moment."""

    def __init__(self, name: str, items: dict[str, dict[str, Any]]) -> None:
        self.name = name
        self.line = Line()
        self.cluster = StormCluster(line=self.line)
        self.records = StormRecords(self.cluster, line=self.line)
        self.records.items = items
        self.scope = replace(SCOPE, region=name, cluster=f"gco-{name}")
        self.claims = Claims(name)
        self.queue = WorkQueue(FakeClock())

    async def live(self) -> None:
        """Be a controller that has just started: its memory is empty, and it looks at everything."""
        clock, self.claims = FakeClock(), Claims(self.name)
        self.queue = WorkQueue(clock)
        mirror = Mirror()
        reconciler = Reconciler(
            records=self.records,
            cluster=self.cluster,
            mirror=mirror,
            clock=clock,
            scope=self.scope,
            pass_deadline=timedelta(seconds=150),
            claims=self.claims,
        )
        for item in self.records.items.values():
            self.claims.note(item)
        async with asyncio.TaskGroup() as group:
            for _ in range(_WORKERS):
                group.create_task(reconciler.work(self.queue))
            group.create_task(self._watch(mirror))

    async def _watch(self, mirror: Mirror) -> None:
        """Stand for the feeds: whatever changes about an endpoint is looked at, statuses of other regions, too.

        What the mirror shows is as old as the last look at everything.
        """
        known: dict[str, Any] = {}
        listed = 0
        while True:
            if listed != self.cluster.model.store.version:
                listed = self._show_all(mirror)
            now = {name: self._seen_of(name) for name in {*self.records.items, *known}}
            for name in sorted(name for name, seen in now.items() if known.get(name, ...) != seen):
                await self.queue.add(EndpointName(name))
            known = now
            await asyncio.sleep(_WATCH_SECONDS)

    def _show_all(self, mirror: Mirror) -> int:
        """List everything into the mirror, and return the version as of which that is."""
        version = self.cluster.model.version()
        for kind in Kind:
            there = tuple(project(live) for key, live in self.cluster.model.objects.items() if key.kind is kind)
            mirror.take(kind, Listed(there, str(version)))
        return version

    def _seen_of(self, name: str) -> Any:
        objects = self.cluster.model.objects
        versions = [objects[k]["metadata"]["resourceVersion"] for k in object_keys(EndpointName(name)) if k in objects]
        item = dict(self.records.items.get(name) or {})
        statuses = dict(item.pop("region_status", None) or {})
        statuses.pop(self.name, None)
        return versions, item, statuses

    def mend(self) -> None:
        """Let every call pass again, and every pod get ready."""
        for operation in (*WRITES, "get", "observe", "pods", "count"):
            self.line.mend(operation)
        self.cluster.lost_answers = 0
        self.cluster.model.broken.clear()


class Storm:
    """Regions on one table, and the time."""

    def __init__(self, *regions: str) -> None:
        self.loop = looptime.new_event_loop(start=0.0, noop_cycles=2)
        self.items: dict[str, dict[str, Any]] = {}
        self.regions = [StormRegion(name, self.items) for name in regions]
        self._crashes = Crashes()
        logging.getLogger("gco_stream").addHandler(self._crashes)
        self._nature = self.loop.create_task(self._work())
        self._living = {region.name: self.loop.create_task(region.live()) for region in self.regions}

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for region in self.regions:
                region.cluster.model.work()
                region.cluster.note()

    def pass_time(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))
        self.check()

    def turn(self, turns: int) -> None:
        """Let a few steps be taken, so that what comes next comes in the middle of something."""
        self.loop.run_until_complete(settled(turns=turns))
        self.check()

    def restart(self, region: StormRegion) -> None:
        """Kill a region's controller wherever it is, and start another."""
        self._end(self._living[region.name])
        self._living[region.name] = self.loop.create_task(region.live())

    def _end(self, task: "asyncio.Task[None]") -> None:
        task.cancel()
        self.loop.run_until_complete(asyncio.wait([task]))

    def check(self) -> None:
        """Hold all that has happened so far to what must always be true."""
        for task in (self._nature, *self._living.values()):
            assert not task.done(), task.exception()
        wrong = [trouble for region in self.regions for trouble in region.cluster.model.spoiled + region.records.lies]
        assert not [*wrong, *self._crashes.found], "\n".join([*wrong, *self._crashes.found])

    def subsides(self) -> None:
        """Let everything be well, until nobody writes any more; then looking again must change nothing."""
        for region in self.regions:
            region.mend()
        self._wait_for_silence()
        for region in self.regions:
            self._rests(region)
            self.restart(region)
        before = {region.name: self._writes(region) for region in self.regions}
        self.pass_time(60.0)
        assert {region.name: self._writes(region) for region in self.regions} == before, "written by looking again"

    def _wait_for_silence(self) -> None:
        deadline, quiet = self.loop.time() + _LONGEST_STORM, 0
        while quiet < 5:
            assert self.loop.time() < deadline, "never comes to rest"
            before = [self._writes(region) for region in self.regions]
            self.pass_time(31.0)
            quiet = quiet + 1 if before == [self._writes(region) for region in self.regions] else 0

    def _writes(self, region: StormRegion) -> list[Any]:
        return [call for call in region.line.calls if call.operation in WRITES]

    def _rests(self, region: StormRegion) -> None:
        now = THE_BEGINNING + timedelta(seconds=self.loop.time())
        for name, item in self.items.items():
            seen = region.cluster.model.observe(EndpointName(name))
            assert is_converged(item, seen, region.scope, now=now, claims=region.claims), f"{name} is not converged"

    def close(self) -> None:
        logging.getLogger("gco_stream").removeHandler(self._crashes)
        for task in (self._nature, *self._living.values()):
            self._end(task)
        self.loop.close()
