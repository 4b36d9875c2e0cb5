"""What a storm is judged by: a cluster and a table that remember what was true, and find statuses that lie."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from itertools import count
from typing import Any

from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.models import (
    Action,
    EndpointName,
    Item,
    Manifest,
    ObjectKey,
    Observed,
    canary_name,
    is_leaving,
    object_keys,
)
from gco_stream.core.record import spec_hash
from gco_stream.core.rollout import read_rollout
from gco_stream.core.route import read_route
from gco_stream.core.times import written
from gco_stream.errors import Transient
from tests.builders import NOW
from tests.busy_cluster import BusyCluster
from tests.fakes.cluster import FakeCluster
from tests.fakes.line import Line
from tests.fakes.records import FakeRecords

_moments = count(1)

Facts = Mapping[str, Any]


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
