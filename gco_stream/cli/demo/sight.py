"""What the table and the cluster look like at one moment, and what is new since another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gco_stream.core.models import CANARY_SUFFIX, EndpointName, Item, Manifest, canary_name
from gco_stream.core.record import status_in
from gco_stream.core.rollout import read_rollout
from gco_stream.core.route import Route, read_route

_INGRESS_PREFIX = "inference-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """The pods of one Deployment.

    Attributes:
        desired: How many it is to have.
        ready: How many of those are ready.
        image: What those run that are made from now on.
        leaving: How many are on their way out, and count no more.
    """

    desired: int
    ready: int
    image: str
    leaving: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint: what is wanted of it, what is said of it, and what there is.

    Attributes:
        item: Its record; None once that is purged.
        own: Its own pods; None without a Deployment.
        canary: Those of its canary; None without one.
        route: Its shares on the load balancer; None while it is not published.
        has_service: Whether its Service is there.
    """

    name: str
    item: Item | None = None
    status: Mapping[str, Any] = field(default_factory=dict)
    own: Pods | None = None
    canary: Pods | None = None
    route: Route | None = None
    has_service: bool = False

    @property
    def desired(self) -> str:
        """The state that its record asks for."""
        return "" if self.item is None else str(self.item.get("desired_state", ""))

    @property
    def state(self) -> str:
        """The state that the controller reports."""
        return str(self.status.get("state", ""))

    @property
    def why(self) -> str:
        """What the controller says of that state."""
        return str(self.status.get("error") or self.status.get("reason") or "")

    @property
    def shares(self) -> str:
        """Who gets its requests, in a few words."""
        if self.route is None:
            return "not published"
        if self.route.canary is None:
            return "published"
        return f"{self.route.primary or 0} : {self.route.canary}"


Sight = Mapping[str, Endpoint]
"""Every endpoint that has a record or an object, by its name."""


def sight_of(items: Iterable[Item], objects: Sequence[Manifest], region: str) -> Sight:
    """Put together what was read.

    Args:
        objects: The Deployments, Services, Ingresses and pods of the namespace.
    """
    records = {str(item["endpoint_name"]): item for item in items}
    deployments = {_name(live): live for live in objects if live["kind"] == "Deployment"}
    ingresses = {_name(live).removeprefix(_INGRESS_PREFIX): live for live in objects if live["kind"] == "Ingress"}
    services = {_name(live) for live in objects if live["kind"] == "Service"}
    pods = [live for live in objects if live["kind"] == "Pod"]
    named = {name.removesuffix(CANARY_SUFFIX) for name in (*deployments, *services, *ingresses)}
    return {
        name: Endpoint(
            name=name,
            item=records.get(name),
            status=status_in(records.get(name, {}), region),
            own=_pods(deployments.get(name), pods),
            canary=_pods(deployments.get(canary_name(EndpointName(name))), pods),
            route=read_route(ingresses.get(name), EndpointName(name)),
            has_service=name in services,
        )
        for name in sorted(records.keys() | named)
    }


def news(before: Sight, now: Sight) -> Iterator[tuple[str, str]]:
    """Say what has changed in the cluster, as pairs of an endpoint and a few words."""
    for name in sorted(before.keys() | now.keys()):
        earlier, later = before.get(name, Endpoint(name=name)), now.get(name, Endpoint(name=name))
        yield from ((name, text) for text in _pod_news("", earlier.own, later.own))
        yield from ((name, text) for text in _pod_news("canary: ", earlier.canary, later.canary))
        if earlier.shares != later.shares:
            yield name, _told_shares(later)


def in_the_table(endpoint: Endpoint) -> str:
    """Say what its record asks for, and which status it has here."""
    if endpoint.item is None:
        return "no record"
    status = f"status {endpoint.state or 'not written yet'}"
    return f"{endpoint.desired} wanted, {status}" + (f" ({endpoint.why})" if endpoint.why else "")


def in_the_cluster(endpoint: Endpoint) -> str:
    """Say what there is of it."""
    parts = [
        *_of_pods("", endpoint.own),
        *_of_pods("canary: ", endpoint.canary),
        "with its Service" if endpoint.has_service else "no Service",
        _told_shares(endpoint),
    ]
    return ", ".join(parts)


def _of_pods(whose: str, pods: Pods | None) -> Iterator[str]:
    if pods is not None:
        yield f"{whose}{pods.ready} of {pods.desired} pods ready"
        yield f"image {pods.image}"
        if pods.leaving:
            yield f"{pods.leaving} leaving"
    elif not whose:
        yield "no Deployment"


def _told_shares(endpoint: Endpoint) -> str:
    if endpoint.route is None:
        return "off the load balancer"
    if endpoint.route.canary is None:
        return "on the load balancer: all requests"
    phase = endpoint.route.phase.value.replace("-", " ")
    return f"on the load balancer: {endpoint.route.primary or 0} % : {endpoint.route.canary} % canary ({phase})"


def _pod_news(whose: str, before: Pods | None, now: Pods | None) -> Iterator[str]:
    if now is None:
        if before is not None:
            yield f"{whose}no Deployment any more"
        return
    if before is None or (before.ready, before.desired) != (now.ready, now.desired):
        yield f"{whose}{now.ready} of {now.desired} pods ready" if now.desired else f"{whose}no pods wanted"


def _pods(deployment: Manifest | None, pods: Iterable[Manifest]) -> Pods | None:
    if deployment is None:
        return None
    rollout = read_rollout(deployment)
    (container, *_) = deployment["spec"]["template"]["spec"]["containers"]
    mine = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get("app") == _name(deployment)]
    return Pods(
        desired=rollout.desired,
        ready=rollout.ready,
        image=str(container["image"]),
        leaving=sum("deletionTimestamp" in pod["metadata"] for pod in mine),
    )


def _name(live: Manifest) -> str:
    return str(live["metadata"]["name"])
