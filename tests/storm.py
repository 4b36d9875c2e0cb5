"""Regions in a storm: reconcilers on one table and each on its own cluster, on a loop whose time is a number.

Whatever is written is judged at the moment it is written; ``subsides`` lets everything come to rest.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

import looptime

from gco_stream.core.claims import Claims
from gco_stream.core.convergence import is_converged
from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.mirror import Listed, Mirror
from gco_stream.core.models import (
    Action,
    EndpointName,
    Item,
    Kind,
    Manifest,
    ObjectKey,
    Observed,
    canary_name,
    is_leaving,
    object_keys,
)
from gco_stream.core.projection import project
from gco_stream.core.record import spec_hash
from gco_stream.core.rollout import read_rollout
from gco_stream.core.route import read_route
from gco_stream.core.times import written
from gco_stream.errors import Transient
from gco_stream.queue import WorkQueue
from gco_stream.reconciler import Reconciler
from tests.builders import NOW, SCOPE
from tests.busy_cluster import BusyCluster
from tests.fakes.clock import THE_BEGINNING, FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.line import Line, settled
from tests.fakes.records import FakeRecords

WRITES = ("apply", "delete", "write_status", "promote", "purge")
_WORKERS = 3
_WATCH_SECONDS = 0.25
_LONGEST_STORM = 3600.0
_moments = count(1)

Facts = Mapping[str, Any]


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


class StormCluster(FakeCluster):
    """A cluster that remembers, for each endpoint, all that was true since it was last looked at.

    Attributes:
        lost_answers: How many of the next writes are done without anybody hearing of it.
    """

    def __init__(self, *, line: Line) -> None:
        super().__init__(line=line)
        self.model: BusyCluster = BusyCluster()
        self.lost_answers = 0
        self._since: dict[str, list[Facts]] = {}
        self._disturbed: set[str] = set()

    async def observe(
        self, name: EndpointName, *, with_pods: bool, keys: Collection[ObjectKey] | None = None
    ) -> Observed:
        observed = await super().observe(name, with_pods=with_pods, keys=keys)
        self._since[name] = [self.facts(name)]
        self._disturbed.discard(name)
        return observed

    async def carry_out(self, action: Action) -> Manifest | None:
        answer = await super().carry_out(action)
        self.note(by_controller=True)
        if self.lost_answers:
            self.lost_answers -= 1
            raise Transient("the answer was lost")
        return answer

    def note(self, *, by_controller: bool = False) -> None:
        """Remember what is true now; to be called whenever something has changed.

        What the controller has changed itself it knows, so that what was true before is true no more.
        """
        for name, known in self._since.items():
            now = self.facts(name)
            if now != known[-1] and not by_controller:
                self._disturbed.add(name)
            self._since[name] = [*known, now] if name in self._disturbed else [now]

    def facts(self, name: str) -> Facts:
        """What an honest status says of an endpoint at this moment."""
        own, objects = EndpointName(name), self.model.objects
        ours = {key: objects[key] for key in object_keys(own) if key in objects and is_ours(objects[key], own)}
        pods = sum(self.model.pods.get(app, 0) for app in (name, canary_name(own)))
        rollouts = [read_rollout(live) if live else None for live in (ours.get(k) for k in _deployments(own))]
        route = next((read_route(live, own) for live in ours.values() if _is_ingress(live)), None)
        primary, canary = rollouts
        return {
            "published": route is not None,
            "replicas_ready": primary.ready if primary else 0,
            "replicas_desired": primary.desired if primary else 0,
            "canary_ready": canary.ready if canary else None,
            "weight": None if canary is None else (route.canary or 0 if route else 0),
            "running": primary is not None and primary.complete,
            "stopped": not pods and all(rollout is None or rollout.desired == 0 for rollout in rollouts),
            "deleted": not ours and not pods,
        }

    def lies(self, name: str, status: Facts) -> list[str]:
        """Say what of a status was not true at any moment since the endpoint was looked at."""
        canary = status.get("canary") or {}
        told = {field: status.get(field) for field in ("published", "replicas_ready", "replicas_desired")}
        told |= {"canary_ready": canary.get("replicas_ready"), "weight": canary.get("weight")}
        if status["state"] in ("running", "stopped", "deleted") and status.get("reason") != "Degraded":
            told[status["state"]] = True
        known = self._since.get(name, [])
        return [
            f"{name}: {field} is told to be {value}, was {[facts[field] for facts in known]}"
            for field, value in told.items()
            if all(facts[field] != value for facts in known)
        ]


def _deployments(name: EndpointName) -> tuple[ObjectKey, ObjectKey]:
    keys = [key for key in object_keys(name) if key.kind.value == "Deployment"]
    own, canary = sorted(keys, key=lambda key: key.name == canary_name(name))
    return own, canary


def _is_ingress(live: Manifest) -> bool:
    return live["kind"] == "Ingress" and not is_leaving(live)


class StormRecords(FakeRecords):
    """The table, as one region sees it; every status is compared with that region's cluster."""

    def __init__(self, cluster: StormCluster, *, line: Line) -> None:
        super().__init__(line=line)
        self._cluster = cluster
        self.lies: list[str] = []

    def put(self, item: Item) -> None:
        """Let somebody write a record; they say when, so that no two writes leave the same."""
        super().put({**item, "updated_at": written(NOW + timedelta(milliseconds=next(_moments)))})

    async def write_status(self, item: Item, region: str, status: Mapping[str, Any]) -> Item:
        self.lies += self._cluster.lies(item["endpoint_name"], status)
        return await super().write_status(item, region, status)

    async def promote(self, item: Item) -> None:
        await super().promote(item)
        now = self.items[item["endpoint_name"]]
        told = {region: (now.get("region_status") or {}).get(region, {}) for region in now["target_regions"]}
        wanted = ("running", spec_hash(now))
        wrong = [
            region for region, status in told.items() if (status.get("state"), status.get("observed_spec")) != wanted
        ]
        self.lies += [f"promoted although {region} does not run it as it is wanted now" for region in wrong]


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
