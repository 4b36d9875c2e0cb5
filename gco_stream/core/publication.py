"""Whether an endpoint is on the load balancer: the one decision that anything about an Ingress follows from."""

from dataclasses import dataclass

from gco_stream.core.models import EndpointName, Kind, ObjectKey, Observed, Scope, is_leaving
from gco_stream.core.rollout import read_rollout

LOAD_BALANCER_FULL = "LoadBalancerFull"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The decision.

    Attributes:
        why: For people, where it is off.
        withheld: One CamelCase word where the endpoint could take requests and is off all the same, else None.
    """

    is_on: bool
    why: str = ""
    withheld: str | None = None


def decide_publication(name: EndpointName, observed: Observed, scope: Scope, *, replicas: int) -> Publication:
    """Decide: on from the first ready replica, off where no replica is wanted.

    A target group without a healthy target makes Global Accelerator give up the whole region's load balancer; an
    Ingress without its Service, or one target group more than there is room for, freezes every other Ingress. What is
    on stays on, also while a Deployment that somebody removed is made again.

    Args:
        replicas: How many are wanted now.
    """
    if replicas == 0:
        return Publication(is_on=False, why="no replica is wanted")
    if observed.ingress(name) is not None:
        return Publication(is_on=True)
    deployment = observed.deployment(name)
    if deployment is None or read_rollout(deployment).ready == 0:
        return Publication(is_on=False, why="no replica is ready")
    service = observed.get(ObjectKey(Kind.SERVICE, name))
    if service is not None and is_leaving(service):
        return Publication(is_on=False, why="its Service is going")
    if observed.target_groups is not None and observed.target_groups >= scope.target_groups:
        return Publication(is_on=False, why="no room on the load balancer", withheld=LOAD_BALANCER_FULL)
    return Publication(is_on=True)
