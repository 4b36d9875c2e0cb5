"""A cluster in memory whose pods take their time: rollouts have a middle, pods fail, an autoscaler scales.

Every step of ``work`` is one moment: what a new template begins in one step is done in the next, unless its pods are
among those that do not get ready.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gco_stream.core.models import Action, Apply, Kind, Manifest, ObjectKey
from tests.builders import a_deployment_status
from tests.cluster_model import ClusterModel

_AUTOSCALER = {
    "manager": "kube-controller-manager",
    "operation": "Update",
    "apiVersion": "apps/v1",
    "fieldsType": "FieldsV1",
    "fieldsV1": {"f:spec": {"f:replicas": {}}},
    "subresource": "scale",
}


@dataclass
class BusyCluster(ClusterModel):
    """One namespace in which things are under way.

    Attributes:
        broken: The Deployments, by name, whose pods are not ready, nor get ready.
        load: How many replicas the autoscaler would like to have.
        replica_writes: Every change that a write of ours has made to the replicas of a Deployment that had some.
    """

    broken: set[str] = field(default_factory=set)
    load: int = 1
    replica_writes: list[tuple[str, int, int]] = field(default_factory=list)
    _wanted: dict[str, int] = field(default_factory=dict)
    _stands: dict[str, str] = field(default_factory=dict)
    _arrives: dict[str, str] = field(default_factory=dict)

    def carry_out(self, action: Action) -> Manifest | None:
        before = self.objects.get(action.key)
        had = before["spec"].get("replicas", 1) if before is not None and action.key.kind is Kind.DEPLOYMENT else 0
        answer = super().carry_out(action)
        if isinstance(action, Apply) and had and answer is not None and answer["spec"]["replicas"] != had:
            self.replica_writes.append((action.key.name, had, answer["spec"]["replicas"]))
        return answer

    def work(self) -> None:
        for key, live in list(self.objects.items()):
            if live["metadata"].get("deletionTimestamp"):
                del self.objects[key]
        for key, live in self._of(Kind.AUTOSCALER):
            self._scale(key, live)
        wanted = {key.name: self._roll(key.name, live) for key, live in self._of(Kind.DEPLOYMENT)}
        # Pods take one moment more to stop.
        self.pods = {app: max(wanted.get(app, 0), self._wanted.get(app, 0)) for app in {*wanted, *self._wanted}}
        self._wanted = wanted

    def ready(self, app: str) -> int:
        """How many replicas of a Deployment are ready."""
        live = self.objects.get(ObjectKey(Kind.DEPLOYMENT, app), {})
        ready: int = (live.get("status") or {}).get("readyReplicas", 0)
        return ready

    def _of(self, kind: Kind) -> Iterator[tuple[ObjectKey, dict[str, Any]]]:
        return ((key, live) for key, live in list(self.objects.items()) if key.kind is kind)

    def _scale(self, key: ObjectKey, autoscaler: Manifest) -> None:
        target = self.objects.get(ObjectKey(Kind.DEPLOYMENT, key.name))
        bounds = autoscaler["spec"]
        count = min(max(self.load, bounds["minReplicas"]), bounds["maxReplicas"])
        if target is not None and target["spec"]["replicas"] not in (0, count):
            self.write_scale(target, count)

    def write_scale(self, deployment: dict[str, Any], count: int) -> None:
        """Set the replicas through the subresource, as an autoscaler and ``kubectl scale`` do."""
        deployment["spec"]["replicas"] = count
        others = [_without_replicas(entry) for entry in deployment["metadata"]["managedFields"]]
        kept = [entry for entry in others if entry["fieldsV1"] and entry.get("subresource") != "scale"]
        deployment["metadata"]["managedFields"] = [*kept, _AUTOSCALER]
        deployment["metadata"]["generation"] += 1
        deployment["metadata"]["resourceVersion"] = str(self.version())

    def _roll(self, app: str, live: dict[str, Any]) -> int:
        """Go on by one step, and return how many pods there are then."""
        uid, template = live["metadata"]["uid"], json.dumps(live["spec"]["template"], sort_keys=True)
        stood = self._stands.get(uid)
        is_done = template in (stood, self._arrives.get(uid)) and (app not in self.broken or template == stood)
        if live["spec"]["replicas"] == 0 or is_done:
            self._stands[uid] = template
            status = _complete(live, is_ready=app not in self.broken)
        else:
            self._arrives[uid] = template
            status = _under_way(live, has_old=stood is not None, is_ready=app not in self.broken)
        if live.get("status") != status:
            live["status"] = status
            live["metadata"]["resourceVersion"] = str(self.version())
        pods: int = status.get("replicas", 0)
        return pods


def _complete(live: Manifest, *, is_ready: bool) -> dict[str, Any]:
    desired, generation = live["spec"]["replicas"], live["metadata"]["generation"]
    return a_deployment_status(desired, ready=desired if is_ready else 0, generation=generation)


def _under_way(live: Manifest, *, has_old: bool, is_ready: bool) -> dict[str, Any]:
    """In place, the old pod goes before the new one is ready; with an extra one, it stays until then."""
    desired, generation = live["spec"]["replicas"], live["metadata"]["generation"]
    is_in_place = live["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0
    old = (desired - 1 if is_in_place else desired) if has_old else 0
    return a_deployment_status(
        desired,
        updated=1 if has_old else desired,
        old=old,
        ready=old if is_ready else 0,
        generation=generation,
        progress="ReplicaSetUpdated",
    )


def _without_replicas(entry: Manifest) -> dict[str, Any]:
    spec = entry["fieldsV1"].get("f:spec", {})
    kept = {step: below for step, below in spec.items() if step != "f:replicas"}
    others = {step: below for step, below in entry["fieldsV1"].items() if step != "f:spec"}
    return {**entry, "fieldsV1": {**others, **({"f:spec": kept} if kept else {})}}
