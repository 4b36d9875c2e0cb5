"""What is written into a record about an endpoint, and when it says anything new."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from gco_stream.core.models import Scope
from gco_stream.core.times import time_of

_LONGEST_ERROR = 1000
_FRESH = timedelta(minutes=10)


class State(StrEnum):
    """The states that readers of the table know."""

    CREATING = "creating"
    UPDATING = "updating"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DELETING = "deleting"
    DELETED = "deleted"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a pass could not do what it planned: one CamelCase word, and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionStatus:
    """One region's status in a record; None is left out when it is written.

    Attributes:
        reason: One CamelCase word where the state alone says too little.
        observed_spec: Hash of the desired fields that this speaks of.
        unready_since: Since when it has had requests and no ready replica, as ISO 8601.
        canary: ``replicas_ready``, ``replicas_desired`` and ``weight`` of the canary, and its ``unready_since``.
    """

    state: State
    replicas_ready: int = 0
    replicas_desired: int = 0
    error: str | None = None
    reason: str | None = None
    published: bool = False
    observed_spec: str
    cluster: str
    unready_since: str | None = None
    canary: Mapping[str, Any] | None = None

    def as_map(self) -> dict[str, Any]:
        """Return the status as it stands in the table, without ``last_sync``."""
        said = {field: getattr(self, field) for field in _OURS} | {
            "state": self.state.value,
            "error": self.error and self.error[:_LONGEST_ERROR],
        }
        return {field: value for field, value in said.items() if value is not None}


_OURS = tuple(field.name for field in fields(RegionStatus))


def to_write(status: RegionStatus, previous: Mapping[str, Any], *, now: datetime) -> dict[str, Any] | None:
    """Return the map to write, with whatever else the previous one held; None if it would say nothing new."""
    wanted = status.as_map()
    if {key: previous[key] for key in _OURS if key in previous} == wanted:
        return None
    foreign = {key: value for key, value in previous.items() if key not in _OURS}
    return {**foreign, **wanted, "last_sync": now.isoformat(timespec="microseconds")}


def held_by_another(previous: Mapping[str, Any], scope: Scope, *, now: datetime) -> str | None:
    """Return the name of another cluster that wrote this region's status a short while ago, or None."""
    cluster = previous.get("cluster")
    written = time_of(previous.get("last_sync"))
    if not isinstance(cluster, str) or cluster == scope.cluster or written is None or now - written > _FRESH:
        return None
    return cluster
