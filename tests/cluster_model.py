"""A cluster in memory: the sandbox's store, with Deployments as their controller does them, a step at a time.

``carry_out`` is one write; ``work`` is what goes on by itself: pods come and go, finalizers are done. After every write
a load balancer must be able to serve what is there; what others have spoiled before is not held against a write.
"""

import copy
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from gco_stream.core.manifests.ownership import REPLICAS_MANAGER
from gco_stream.core.models import (
    Action,
    Apply,
    Delete,
    EndpointName,
    Fold,
    Kind,
    Manifest,
    ObjectKey,
    Observed,
    canary_name,
    describe,
    object_keys,
)
from gco_stream.errors import Conflict, Refused
from gco_stream.sandbox.store.errors import ApiError
from gco_stream.sandbox.store.kinds import RESOURCES
from gco_stream.sandbox.store.requests import Deletion, Place, Write
from gco_stream.sandbox.store.store import Store
from tests.builders import NOW, SCOPE, a_deployment_status, a_pod
from tests.load_balancer import LoadBalancer, platform

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

    namespace: str = SCOPE.namespace
    store: Store = field(init=False)
    pods: dict[str, int] = field(default_factory=dict)
    can_be_ready: bool = True
    finalized: bool = True
    writes: list[tuple[str, ObjectKey]] = field(default_factory=list)
    is_balanced: bool = True
    spoiled: list[str] = field(default_factory=list)
    _balancer: LoadBalancer = field(init=False)

    def __post_init__(self) -> None:
        self.store, self._balancer = a_store(self.namespace), LoadBalancer(own_namespace=self.namespace)

    @property
    def objects(self) -> dict[ObjectKey, dict[str, Any]]:
        """What is there; to be changed at will by those who play somebody else."""
        return cast("dict[ObjectKey, dict[str, Any]]", self.store.objects[self.namespace])

    @objects.setter
    def objects(self, objects: dict[ObjectKey, dict[str, Any]]) -> None:
        self.store.objects[self.namespace] = cast("dict[tuple[str, str], dict[str, Any]]", objects)

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
        there = [(key.kind, self._placed(live)) for key, live in self.objects.items()]
        ingresses = [live for kind, live in there if kind is Kind.INGRESS]
        services = [live for kind, live in there if kind is Kind.SERVICE]
        return self._balancer.show([*ingresses, ingress], [*services, service])

    def _apply(self, action: Apply) -> Manifest:
        before = self.objects.get(action.key)
        if action.fold is not None:
            self.write(action.key, "patch", _fold(action.fold))
        metadata = {**action.manifest["metadata"], **({"uid": action.uid} if action.uid else {"resourceVersion": "1"})}
        if not action.gives_up_replicas:
            answer = self.write(action.key, "apply", {**action.manifest, "metadata": metadata}, force=True)
        else:
            body = {**action.manifest, "metadata": metadata}
            answer = self.write(action.key, "apply", body, manager=REPLICAS_MANAGER)
        if before is None or before["metadata"]["resourceVersion"] != answer["metadata"]["resourceVersion"]:
            self.writes.append(("apply", action.key))
        return copy.deepcopy(answer)

    def write(
        self, key: ObjectKey, verb: str, body: Any, *, manager: str = MANAGER, force: bool = False
    ) -> dict[str, Any]:
        """Send one write to the store, and return the object as it then is.

        Raises:
            Conflict: 409, or it is another object.
            Refused: It will never be accepted.
        """
        write = Write(manager=manager, force=force)
        try:
            if verb == "patch":
                return self.store.patch(self._place_of(key), body, write)
            return self.store.apply(self._place_of(key), body, write)[0]
        except ApiError as error:
            raise _meaning(error) from error

    def _delete(self, action: Delete) -> Manifest | None:
        live = self.objects.get(action.key)
        if live is None:
            return None
        if action.key.kind is Kind.INGRESS and self.finalized:
            live["metadata"]["finalizers"] = ["test"]
        try:
            self.store.delete(self._place_of(action.key), Deletion(uid=action.uid))
        except ApiError as error:
            raise _meaning(error) from error
        self.writes.append(("delete", action.key))
        return copy.deepcopy(self.objects.get(action.key))

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

    def _placed(self, live: Manifest) -> Manifest:
        return {**live, "metadata": {**live["metadata"], "namespace": self.namespace}}

    def _place_of(self, key: ObjectKey) -> Place:
        return place_of(key, namespace=self.namespace)

    def version(self) -> int:
        """Return a version above all that were given out."""
        return self.store.next_version()


def a_store(namespace: str) -> Store:
    """A store with one namespace, whose time stands still."""
    uids = count(1)
    store = Store(now=lambda: NOW, new_uid=lambda: f"uid-{next(uids)}", keep=1)
    store.objects[namespace] = {}
    return store


@dataclass(frozen=True, kw_only=True)
class ObjectPlace(Place):
    """A place whose key is the controller's own."""

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(Kind(self.resource.kind), self.name)


def place_of(key: ObjectKey, *, namespace: str) -> Place:
    return ObjectPlace(resource=RESOURCES[key.kind.value], namespace=namespace, name=key.name)


def _fold(fold: Fold) -> list[dict[str, Any]]:
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": copy.deepcopy(list(fold.managed_fields))},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": fold.resource_version},
    ]


def _meaning(error: ApiError) -> Conflict | Refused:
    causes = error.status.get("details", {}).get("causes", ())
    if error.code == 409 or any(cause["field"] == "metadata.uid" for cause in causes):
        return Conflict(str(error))
    return Refused(str(error), reason=error.reason or "Invalid")
