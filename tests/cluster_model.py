"""A cluster in memory: apply and delete as the API server does them, Deployments as their controller does.

``carry_out`` is one write; ``work`` is what goes on by itself: pods come and go, finalizers are done. After every write
a load balancer must be able to serve what is there; what others have spoiled before is not held against a write.
"""

import copy
import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from gco_stream.core.manifests.ownership import REPLICAS_MANAGER
from gco_stream.core.models import (
    Action,
    Apply,
    Delete,
    EndpointName,
    Kind,
    Manifest,
    ObjectKey,
    Observed,
    canary_name,
    describe,
    object_keys,
)
from gco_stream.errors import Conflict, Refused
from tests.builders import SCOPE, a_deployment_status, a_pod, with_defaults
from tests.load_balancer import LoadBalancer, platform
from tests.server_side_apply import applied

MANAGER = "gco-stream"


@dataclass
class ClusterModel:
    """One namespace.

    Attributes:
        can_be_ready: Whether pods get ready when their turn comes.
        finalized: Whether a deleted Ingress stays, with a ``deletionTimestamp``, until ``work`` is called.
        writes: Every change of an object, as ``(verb, key)``.
        is_balanced: Whether writes are held to what a load balancer can serve.
        spoiled: What writes have done to the load balancer's group, for where an ``AssertionError`` would be swallowed.
    """

    objects: dict[ObjectKey, dict[str, Any]] = field(default_factory=dict)
    pods: dict[str, int] = field(default_factory=dict)
    can_be_ready: bool = True
    finalized: bool = True
    writes: list[tuple[str, ObjectKey]] = field(default_factory=list)
    is_balanced: bool = True
    spoiled: list[str] = field(default_factory=list)
    _balancer: LoadBalancer = field(default_factory=lambda: LoadBalancer(own_namespace=SCOPE.namespace))
    _versions: "count[int]" = field(default_factory=lambda: count(100))

    def observe(self, name: EndpointName) -> Observed:
        there = {key: copy.deepcopy(self.objects[key]) for key in object_keys(name) if key in self.objects}
        apps = (name, canary_name(name))
        return Observed(objects=there, pods=tuple(a_pod(app) for app in apps for _ in range(self.pods.get(app, 0))))

    def carry_out(self, action: Action) -> Manifest | None:
        """Do one thing.

        Raises:
            Conflict: The object is not the one that the action was planned for.
            Refused: It changes what can never be changed.
            AssertionError: A load balancer's group froze by it, or an endpoint is served no more.
        """
        before = self.troubles()
        answer = self._apply(action) if isinstance(action, Apply) else self._delete(action)
        more = [f"after {describe(action)}: {trouble}" for trouble in self.troubles() if trouble not in before]
        self.spoiled += more
        assert not more, "\n".join(more)
        return answer

    def troubles(self) -> list[str]:
        """Say what a load balancer that is shared with the platform could not do with all that is there now."""
        if not self.is_balanced:
            return []
        ingress, service = platform()
        there = [(key.kind, _placed(live)) for key, live in self.objects.items()]
        ingresses = [live for kind, live in there if kind is Kind.INGRESS]
        services = [live for kind, live in there if kind is Kind.SERVICE]
        return self._balancer.show([*ingresses, ingress], [*services, service])

    def _apply(self, action: Apply) -> Manifest:
        live = self.objects.get(action.key)
        if (live["metadata"]["uid"] if live else None) != action.uid:
            raise Conflict(f"{action.key} is not the one with uid {action.uid}")
        if action.fold is not None and live is not None:
            live["metadata"]["managedFields"] = copy.deepcopy(list(action.fold.managed_fields))
        if (
            action.gives_up_replicas
            and live is not None
            and live["spec"] != {**live["spec"], **action.manifest["spec"]}
        ):
            raise Conflict(f"{action.key} has another replica count by now")
        manager = REPLICAS_MANAGER if action.gives_up_replicas else MANAGER
        after = with_defaults(applied(live, action.manifest, manager=manager))
        if live is None:
            after["metadata"] |= {"uid": f"uid-{self.version()}", "generation": 0}
        elif live["spec"].get("selector") != after["spec"].get("selector") and action.key.kind is Kind.DEPLOYMENT:
            raise Refused("spec.selector: field is immutable", reason="Invalid")
        if live is None or _canonical(live) != _canonical(after):
            self._store(action.key, live, after)
        return copy.deepcopy(self.objects[action.key])

    def _store(self, key: ObjectKey, live: Manifest | None, after: dict[str, Any]) -> None:
        if live is None or _canonical(live["spec"]) != _canonical(after["spec"]):
            after["metadata"]["generation"] += 1
        after["metadata"]["resourceVersion"] = str(self.version())
        self.objects[key] = after
        self.writes.append(("apply", key))

    def _delete(self, action: Delete) -> Manifest | None:
        live = self.objects.get(action.key)
        if live is None:
            return None
        if live["metadata"]["uid"] != action.uid:
            raise Conflict(f"{action.key} is not the one with uid {action.uid}")
        self.writes.append(("delete", action.key))
        if action.key.kind is Kind.INGRESS and self.finalized:
            live["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
            live["metadata"]["resourceVersion"] = str(self.version())
            return copy.deepcopy(live)
        del self.objects[action.key]
        return None

    def work(self) -> None:
        """Let the controllers of the cluster do what they have to do: finalizers, replica sets, pods, counters."""
        for key, live in list(self.objects.items()):
            if live["metadata"].get("deletionTimestamp"):
                del self.objects[key]
        running = {key.name: live for key, live in self.objects.items() if key.kind is Kind.DEPLOYMENT}
        self.pods = {name: live["spec"].get("replicas", 1) for name, live in running.items()}
        for name, live in running.items():
            ready = self.pods[name] if self.can_be_ready else 0
            progress = "NewReplicaSetAvailable" if self.can_be_ready else "ReplicaSetUpdated"
            generation = live["metadata"]["generation"]
            status = a_deployment_status(self.pods[name], ready=ready, generation=generation, progress=progress)
            if live.get("status") != status:
                live["status"] = status
                live["metadata"]["resourceVersion"] = str(self.version())

    def version(self) -> int:
        """Return a version above all that were given out."""
        return next(self._versions)


def _placed(live: Manifest) -> Manifest:
    return {**live, "metadata": {**live["metadata"], "namespace": SCOPE.namespace}}


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
