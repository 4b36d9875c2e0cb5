"""On what footing a record claims its path: whether its endpoint stands there, as cluster and status show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from gco_stream.core.manifests.ownership import ENDPOINT, MANAGED_BY, is_ours
from gco_stream.core.models import EndpointName, Item, Manifest, Observed
from gco_stream.core.projection import path_of
from gco_stream.core.record import spec_hash
from gco_stream.core.route import read_route

_WITHOUT_TRAFFIC = (None, "creating", "stopping", "stopped", "deleting", "deleted")


class Footing(IntEnum):
    """How certain it is that an endpoint is published; what is smaller comes first."""

    SEEN = 0
    """Its Ingress is there."""
    SAID = 1
    """The status says so, or that it was withdrawn only for the time being."""
    SAID_BEFORE = 2
    """The status says so, but the record has changed since, or has met a clash: it may be at another path."""
    NONE = 3
    """Nothing says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foothold:
    """Where an endpoint stands.

    Attributes:
        path: Where its Ingress is; None: none is known of, or its path cannot be told.
        has_canary: Whether its canary stands, too.
    """

    footing: Footing
    path: str | None
    has_canary: bool


def read_foothold(name: EndpointName, item: Item, status: Mapping[str, Any], seen: Observed) -> Foothold:
    """Read where an endpoint stands.

    Args:
        status: This region's, empty if there is none.
        seen: What is known of the endpoint's objects. It may be nothing: that none is known of proves nothing.
    """
    ingress = seen.ingress(name)
    is_there = ingress is not None and _is_its(ingress, name, status)
    return Foothold(
        footing=Footing.SEEN if is_there else _told(item, status),
        path=path_of(ingress) if ingress is not None and is_there else None,
        has_canary=_has_canary(name, status, seen),
    )


def _is_its(ingress: Manifest, name: EndpointName, status: Mapping[str, Any]) -> bool:
    """Whether an Ingress is the endpoint's, or can be the poller's for it; that one leaves no mark and tells less."""
    if is_ours(ingress, name):
        return True
    if (ingress["metadata"].get("labels") or {}).keys() & {MANAGED_BY, ENDPOINT}:
        return False
    state = status.get("state")
    has_replicas = state == "error" or bool(status.get("replicas_desired"))
    return has_replicas and state not in _WITHOUT_TRAFFIC and status.get("reason") != "ForeignObject"


def _told(item: Item, status: Mapping[str, Any]) -> Footing:
    """Read the status alone; while an endpoint is withdrawn its clock goes on, whatever else the status says."""
    is_withdrawn = status.get("reason") == "Withdrawn" or status.get("unready_since") is not None
    # The poller did not say so, and put there what ran.
    is_published = status.get("published", status.get("state") == "running") is True
    if not is_published and not is_withdrawn:
        return Footing.NONE
    is_of_this = status.get("observed_spec") == spec_hash(item) and status.get("reason") != "Clash"
    return Footing.SAID if is_of_this else Footing.SAID_BEFORE


def _has_canary(name: EndpointName, status: Mapping[str, Any], seen: Observed) -> bool:
    deployment, route = seen.canary(name), read_route(seen.ingress(name), name)
    is_there = deployment is not None and is_ours(deployment, name)
    return is_there or status.get("canary") is not None or (route is not None and route.canary is not None)
