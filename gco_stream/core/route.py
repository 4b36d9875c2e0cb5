"""What an Ingress tells the load balancer: which of an endpoint's two Services gets which share of the traffic.

Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gco_stream.core.models import EndpointName, Manifest, canary_name
from gco_stream.core.times import time_of, written

ACTION = "weighted-routing"
ACTION_ANNOTATION = f"alb.ingress.kubernetes.io/actions.{ACTION}"
WARMING_SINCE = "gco.io/warming-since"
DRAINING_SINCE = "gco.io/draining-since"
ROUTE_ANNOTATIONS = (ACTION_ANNOTATION, WARMING_SINCE, DRAINING_SINCE)


class Phase(StrEnum):
    """Where an endpoint stands on the load balancer; ``docs/publication.md`` lists what leads from one to another."""

    UNPUBLISHED = "unpublished"
    ALONE = "alone"
    WARMING = "warming"
    SPLIT = "split"
    DRAINING = "draining"
    CARRIED = "carried"
    STANDING_IN = "standing-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The shares of an endpoint's Service and of its canary's.

    Attributes:
        primary: Weight of the endpoint's own Service; None: no target group of it.
        canary: Weight of the canary's Service; None: no target group of it.
        warming_since: Since when the load balancer has had time to register the pods of the group without weight.
        draining_since: Since when the canary gets no new requests.
    """

    primary: int | None = 100
    canary: int | None = None
    warming_since: datetime | None = None
    draining_since: datetime | None = None

    @property
    def phase(self) -> Phase:
        """Where an endpoint with this route stands."""
        if self.canary is None:
            return Phase.ALONE
        if self.primary is None:
            return Phase.STANDING_IN
        if self.canary == 0:
            return Phase.WARMING if self.draining_since is None else Phase.DRAINING
        return Phase.CARRIED if self.primary == 0 else Phase.SPLIT

    @property
    def target_groups(self) -> int:
        """How many target groups it takes."""
        return sum(weight is not None for weight in (self.primary, self.canary))


def action_of(route: Route, name: EndpointName) -> str | None:
    """Write the load balancer's action; None where a plain backend says the same.

    Weights and ports are whole numbers and the text is canonical: another order of keys would be another version of
    the Ingress, and a weight such as ``80.0`` stops the load balancer's whole group.
    """
    if route.canary is None:
        return None
    shares = ((name, route.primary), (canary_name(name), route.canary))
    groups = [{"serviceName": s, "servicePort": 80, "weight": weight} for s, weight in shares if weight is not None]
    action = {"type": "forward", "forwardConfig": {"targetGroups": groups}}
    return json.dumps(action, separators=(",", ":"))


def annotations_of(route: Route, name: EndpointName) -> Mapping[str, str | None]:
    """Write a route as annotations; None for those that it does not have."""
    return {
        ACTION_ANNOTATION: action_of(route, name),
        WARMING_SINCE: written(route.warming_since),
        DRAINING_SINCE: written(route.draining_since),
    }


def read_route(ingress: Manifest | None, name: EndpointName) -> Route | None:
    """Read the route of a live Ingress; None without one. One that says nothing readable leads to the endpoint."""
    if ingress is None:
        return None
    annotations = ingress["metadata"].get("annotations") or {}
    weights = _weights(annotations.get(ACTION_ANNOTATION))
    if canary_name(name) not in weights:
        return Route()
    return Route(
        primary=weights.get(name),
        canary=weights[canary_name(name)],
        warming_since=time_of(annotations.get(WARMING_SINCE)),
        draining_since=time_of(annotations.get(DRAINING_SINCE)),
    )


def target_groups_of(ingress: Manifest) -> int:
    """Count the target groups that an Ingress takes on the load balancer, whoever made it."""
    annotations = ingress["metadata"].get("annotations") or {}
    return max(1, len(_weights(annotations.get(ACTION_ANNOTATION))))


def _weights(action: str | None) -> Mapping[str, int]:
    """Read the weights by Service, those that are readable; the one group of an action may come without a weight."""
    groups = _groups(action)
    found: dict[str, Any] = {str(group.get("serviceName")): group.get("weight", 100) for group in groups}
    return {service: weight for service, weight in found.items() if type(weight) is int}


def _groups(action: str | None) -> list[Mapping[str, Any]]:
    try:
        groups = json.loads(action or "{}")["forwardConfig"]["targetGroups"]
    except (ValueError, KeyError, TypeError):
        return []
    return [group for group in groups if isinstance(group, Mapping)] if isinstance(groups, list) else []
