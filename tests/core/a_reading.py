"""Readings of a process that is well, but for what a test says."""

from typing import Any

from gco_stream.core.models import Kind
from gco_stream.core.shards import Lineage, ShardId
from gco_stream.core.source_health import SourceHealth
from gco_stream.core.vitals import Role, Vitals, Watched, Work
from gco_stream.feeds.resync_counts import ResyncCounts

LINEAGE = Lineage(shard=ShardId("shard-1"), awaits_children=False, seen=90.0)
FOLLOWING = SourceHealth(is_ready=True, detail="following the stream: 1 lineages", lineages=(LINEAGE,))


def watches(**others: Watched) -> dict[Kind, Watched]:
    listed = Watched(is_listed=True, objects=2, silent_seconds=1.5)
    return {kind: others.get(kind.name.lower(), listed) for kind in Kind}


def a_leader(**fields: Any) -> Vitals:
    plain: dict[str, Any] = {
        "role": Role.LEADER,
        "identity": "me",
        "leader": "me",
        "certain_seconds": 8.0,
        "lags": (0.001, 0.002),
        "watches": watches(),
        "source": FOLLOWING,
        "work": Work(workers=16, pass_deadline=150.0),
        "resyncs": ResyncCounts(complete=1),
    }
    return Vitals(**plain | fields)


def a_standby(**fields: Any) -> Vitals:
    plain = {"role": Role.STANDBY, "leader": "other", "certain_seconds": float("-inf"), "source": None}
    return a_leader(**plain | fields)
