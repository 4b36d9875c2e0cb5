"""The nouns that flow through the controller."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple, NewType

EndpointName = NewType("EndpointName", str)
"""What the queue carries: the key of a record, and nothing of its state."""

Item = Mapping[str, Any]
"""A record as it is in the table: plain Python values, numbers as ``Decimal``."""

Manifest = Mapping[str, Any]
"""A Kubernetes object as plain JSON values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one controller answers for: a region, its cluster, and one namespace in it.

    Attributes:
        model_sync_image: Image of the init container that copies models from S3.
        target_groups: How many target groups published endpoints may have together. A load balancer takes 100, which
            cannot be raised, and the platform needs some of its own.
            Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
        unhealthy_after: How long a published endpoint, or its canary, may have no ready replica.
        warmup: How long the load balancer is given to register pods before they get traffic.
        drain: How long an ended canary is given to finish its last requests.
    """

    region: str
    cluster: str
    namespace: str
    model_sync_image: str
    target_groups: int = 90
    unhealthy_after: timedelta = timedelta(seconds=300)
    warmup: timedelta = timedelta(seconds=30)
    drain: timedelta = timedelta(seconds=30)


class Kind(StrEnum):
    """The kinds of object that an endpoint consists of."""

    DEPLOYMENT = "Deployment"
    SERVICE = "Service"
    INGRESS = "Ingress"
    AUTOSCALER = "HorizontalPodAutoscaler"


CANARY_SUFFIX = "-canary"


class ObjectKey(NamedTuple):
    """One object in the controller's namespace."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"


def is_leaving(live: Manifest) -> bool:
    """Whether an object is being deleted: an apply to it would vanish with it."""
    return live["metadata"].get("deletionTimestamp") is not None


def canary_name(name: EndpointName) -> str:
    """Name the Deployment and the Service of an endpoint's canary."""
    return f"{name}{CANARY_SUFFIX}"


def ingress_name(name: EndpointName) -> str:
    """Name the Ingress of an endpoint."""
    return f"inference-{name}"


def own_keys(name: EndpointName) -> tuple[ObjectKey, ...]:
    """Name the objects of an endpoint apart from its canary's, in the order in which they are taken away."""
    return (
        ObjectKey(Kind.INGRESS, ingress_name(name)),
        ObjectKey(Kind.AUTOSCALER, name),
        ObjectKey(Kind.SERVICE, name),
        ObjectKey(Kind.DEPLOYMENT, name),
    )


def canary_keys(name: EndpointName) -> tuple[ObjectKey, ...]:
    """Name the objects of an endpoint's canary, in the order in which they are taken away."""
    return (ObjectKey(Kind.SERVICE, canary_name(name)), ObjectKey(Kind.DEPLOYMENT, canary_name(name)))


def object_keys(name: EndpointName) -> tuple[ObjectKey, ...]:
    """Name every object that an endpoint can have, in the order in which they are taken away."""
    return (*own_keys(name), *canary_keys(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the cluster has under the names of one endpoint.

    Attributes:
        objects: The objects that exist, as the API server shows them.
        pods: The pods with the label ``app=<endpoint>`` or ``app=<endpoint>-canary``, or None if nobody asked.
        target_groups: How many target groups all other endpoints have, or None if nobody asked.
    """

    objects: Mapping[ObjectKey, Manifest] = field(default_factory=dict)
    pods: tuple[Manifest, ...] | None = None
    target_groups: int | None = None

    def only(self, key: ObjectKey) -> Mapping[ObjectKey, Manifest]:
        """Return one object under its key; empty if it does not exist."""
        return {key: self.objects[key]} if key in self.objects else {}

    def get(self, key: ObjectKey) -> Manifest | None:
        """Return one object, or None if it does not exist."""
        return self.objects.get(key)

    def deployment(self, name: EndpointName) -> Manifest | None:
        """Return the endpoint's Deployment, or None if it does not exist."""
        return self.objects.get(ObjectKey(Kind.DEPLOYMENT, name))

    def canary(self, name: EndpointName) -> Manifest | None:
        """Return the Deployment of the endpoint's canary, or None if it does not exist."""
        return self.objects.get(ObjectKey(Kind.DEPLOYMENT, canary_name(name)))

    def ingress(self, name: EndpointName) -> Manifest | None:
        """Return the endpoint's Ingress, or None if it does not exist."""
        return self.objects.get(ObjectKey(Kind.INGRESS, ingress_name(name)))

    def after(self, key: ObjectKey, now: Manifest | None) -> "Observed":
        """Return the same with one object as the API server answered it, or without it where None."""
        others = {k: v for k, v in self.objects.items() if k != key}
        return replace(self, objects=others if now is None else {**others, key: now})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Ownership to write down before an apply, on the version of the object that it was read from."""

    managed_fields: tuple[Mapping[str, Any], ...]
    resource_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Make one object as the manifest says.

    Attributes:
        manifest: The complete intent: every field that we want to own.
        uid: The object that this is meant for; None creates one and must not touch one that is there.
        why: What differs, for people.
        fold: Ownership to write down first, or None.
        gives_up_replicas: Whether this only writes the replica count, as it is, over to a manager of its own, so that
            the intent that follows can leave it to an autoscaler. A count that has changed meanwhile is a conflict.
    """

    key: ObjectKey
    manifest: Manifest
    uid: str | None
    why: str
    fold: Fold | None = None
    gives_up_replicas: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Take one object away, if it is still the one with this uid."""

    key: ObjectKey
    uid: str
    why: str


Action = Apply | Delete


def describe(action: Action) -> str:
    """Say in a few words what an action does, e.g. ``apply Service llama``."""
    if isinstance(action, Delete):
        return f"delete {action.key}"
    return f"{'release the replicas of' if action.gives_up_replicas else 'apply'} {action.key}"
