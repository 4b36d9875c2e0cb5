"""What can be read of this process at one moment: its checks, its metrics and its status page are made from it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Protocol

from gco_stream.core.backlog import Urgency
from gco_stream.core.models import EndpointName, Kind
from gco_stream.core.roster import Entry, Roster
from gco_stream.core.source_health import SourceHealth


class Role(Enum):
    """What a process is about."""

    STANDBY = "standby"
    LEADER = "leader"
    STOPPING = "stopping"


class Heard(Protocol):
    """What the stream's feed has counted."""

    @property
    def records(self) -> Mapping[Any, int]:
        """What became of records."""
        ...

    @property
    def troubles(self) -> int:
        """Calls that failed."""
        ...

    @property
    def gaps(self) -> int:
        """How often records may have been missed."""
        ...

    @property
    def blind_seconds(self) -> float:
        """For how long altogether."""
        ...

    @property
    def lag_seconds(self) -> float | None:
        """How old the last wish was when its record came."""
        ...


class Resynced(Protocol):
    """What resyncs have counted."""

    @property
    def complete(self) -> int:
        """Those that went through."""
        ...

    @property
    def failed(self) -> int:
        """Scans that broke off."""
        ...

    @property
    def seconds(self) -> float | None:
        """How long the last complete one took."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The watch of one kind.

    Attributes:
        is_listed: Whether all objects have been seen once.
        silent_seconds: Since anything came, None before the first.
    """

    is_listed: bool = False
    objects: int = 0
    silent_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The queue and those who work on it.

    Attributes:
        waiting: How many names are due, by why they wait.
        later: How many are put off.
        in_hand: For how many seconds each name has been worked on, the longest first.
        pass_deadline: After how many seconds a pass ends itself.
    """

    waiting: Mapping[Urgency, int] = field(default_factory=dict)
    later: int = 0
    in_hand: Mapping[EndpointName, float] = field(default_factory=dict)
    workers: int = 0
    pass_deadline: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """One reading.

    Attributes:
        identity: This process, as the Lease calls it.
        leader: Who leads, as far as is known; empty: nobody.
        certain_seconds: For how long leading is certain yet.
        lags: By how many seconds the event loop was late, at each of its last beats.
        source: None until this process leads.
        heard: None until this process leads, and where its source is not the stream.
        corrected: How many objects were put right, by kind and by who had changed them.
        braked: Endpoints without a record that stay until somebody confirms that they may go.
        target_groups: How many target groups published endpoints take on the load balancer.
        target_groups_limit: How many they may.
    """

    role: Role
    identity: str = ""
    leader: str = ""
    certain_seconds: float = 0.0
    lags: tuple[float, ...] = ()
    watches: Mapping[Kind, Watched]
    source: SourceHealth | None = None
    heard: Heard | None = None
    resyncs: Resynced | None = None
    corrected: Mapping[tuple[Kind, str], int] = field(default_factory=dict)
    work: Work = field(default_factory=Work)
    roster: Roster = field(default_factory=Roster)
    braked: tuple[EndpointName, ...] = ()
    target_groups: int = 0
    target_groups_limit: int = 0

    @property
    def lag(self) -> float:
        """The worst of the last lags."""
        return max(self.lags, default=0.0)


def page_of(vitals: Vitals, *, now: float) -> dict[str, Any]:
    """Make the status page, as plain JSON values.

    Args:
        now: Of the clock by which lineages were seen.
    """
    return {
        "role": vitals.role.value,
        "identity": vitals.identity,
        "leader": vitals.leader,
        "event_loop_lag_seconds": round(vitals.lag, 3),
        "source": _source(vitals.source, now),
        "caches": {kind.value: asdict(watched) for kind, watched in vitals.watches.items()},
        "queue": _queue(vitals.work),
        "deletions_braked": list(vitals.braked),
        "endpoints": {name: _entry(entry) for name, entry in vitals.roster.entries().items()},
    }


def _entry(entry: Entry) -> dict[str, Any]:
    added = sorted(entry.added.items())
    return {
        "state": entry.state,
        "reason": entry.reason,
        "error": entry.error,
        "published": entry.published,
        "plan": entry.plan,
        "added": [{"kind": kind.value, "manager": manager, "count": count} for (kind, manager), count in added],
    }


def _source(source: SourceHealth | None, now: float) -> dict[str, Any] | None:
    if source is None:
        return None
    lineages = [
        {"shard": lineage.shard, "silent_seconds": round(now - lineage.seen, 3), "waits": lineage.awaits_children}
        for lineage in source.lineages
    ]
    return {"is_ready": source.is_ready, "detail": source.detail, "lineages": lineages}


def _queue(work: Work) -> dict[str, Any]:
    return {
        "waiting": {urgency.name.lower(): count for urgency, count in work.waiting.items()},
        "later": work.later,
        "in_hand": {name: round(seconds, 3) for name, seconds in work.in_hand.items()},
        "workers": work.workers,
    }
