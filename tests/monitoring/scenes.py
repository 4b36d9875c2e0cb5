"""For each alert: series in which it fires, and series that are nearly the same, in which it does not."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What an alert sees.

    Attributes:
        alert: Its name.
        at: When it is looked at.
        fires, calm: Values, one each 30 seconds, by series.
    """

    alert: str
    at: str
    fires: Mapping[str, str]
    calm: Mapping[str, str]


def of(metric: str, pod: str = "a", **labels: str) -> str:
    """Write a series as Prometheus keeps it: with the labels of the pod that it was read from."""
    all_labels = labels | {"namespace": "gco-system", "pod": pod, "instance": f"{pod}:8080"}
    return metric + "{" + ",".join(f'{key}="{value}"' for key, value in all_labels.items()) + "}"


def leads(pod: str) -> str:
    return of("leader_election_master_status", pod, name="inference-monitor-leader")


READY, LINEAGES, LAG = (
    of("gco_stream_stream_ready"),
    of("gco_stream_stream_lineages"),
    of("gco_stream_stream_lag_seconds"),
)
QUEUED = of("gco_stream_stream_records_total", outcome="queued")
GAPS = of("gco_stream_stream_gaps_total")
FAILED, COMPLETE = (of("gco_stream_resyncs_total", outcome=outcome) for outcome in ("failed", "complete"))
FRESH = of("workqueue_depth", name="endpoint", controller="endpoint", priority="fresh")
PANICS = of("controller_runtime_reconcile_panics_total", controller="endpoint")
ERRORS = of("gco_stream_endpoints", state="error")
WITHDRAWN, HELD_SINCE = of("gco_stream_withdrawn"), of("gco_stream_held_since_timestamp_seconds")
WITHOUT_ROOM, BRAKED = of("gco_stream_without_room"), of("gco_stream_deletions_braked")
TAKEN, LIMIT = of("gco_stream_target_groups"), of("gco_stream_target_groups_limit")
SILENT = of("gco_stream_watch_last_event_seconds", kind="Service")
LATE, STARTED = of("gco_stream_event_loop_lag_seconds"), of("process_start_time_seconds")


def drift(kind: str, manager: str) -> str:
    return of("gco_stream_drift_corrected_total", kind=kind, manager=manager)


def applied(le: str) -> str:
    return of("gco_stream_convergence_seconds_bucket", until="applied", le=le)


SCENES = (
    Scene(
        alert="GcoStreamNoLeader",
        at="5m",
        fires={leads("a"): "1x2 0x20", leads("b"): "0x22"},
        # A hand-over takes less than a minute.
        calm={leads("a"): "1x6 0x20", leads("b"): "0x7 1x20"},
    ),
    Scene(alert="GcoStreamNoLeader", at="5m", fires={}, calm={leads("a"): "1x20"}),
    Scene(
        alert="GcoStreamTwoLeaders",
        at="5m",
        fires={leads("a"): "1x20", leads("b"): "0 1x20"},
        # One scrape may see the next leader before another sees that the last one has gone.
        calm={leads("a"): "1x9 0x20", leads("b"): "0x8 1x20"},
    ),
    Scene(
        alert="GcoStreamNoStandby",
        at="30m",
        fires={leads("a"): "1x60"},
        calm={leads("a"): "1x60", leads("b"): "0x60"},
    ),
    Scene(alert="GcoStreamStreamBlind", at="5m", fires={READY: "1 0x20"}, calm={READY: "1x8 0x20"}),
    Scene(
        alert="GcoStreamNoStream",
        at="30m",
        fires={READY: "1x60", LINEAGES: "0x60"},
        calm={READY: "1x60", LINEAGES: "4x60"},
    ),
    Scene(
        alert="GcoStreamStreamLagging",
        at="10m",
        fires={LAG: "45x20", QUEUED: "0+3x20"},
        # The last record was late, and none has come since.
        calm={LAG: "45x20", QUEUED: "0 3x20"},
    ),
    Scene(alert="GcoStreamStreamGaps", at="1h", fires={GAPS: "0x100 1+1x20"}, calm={GAPS: "0x100 1 2x20"}),
    Scene(
        alert="GcoStreamResyncFailing",
        at="30m",
        fires={FAILED: "0+1x60", COMPLETE: "3x60"},
        calm={FAILED: "0+1x60", COMPLETE: "3x50 4x10"},
    ),
    Scene(
        alert="GcoStreamQueueStuck",
        at="10m",
        fires={FRESH: "0x4 7x20"},
        # A crowd, after which nothing waits for a moment.
        calm={FRESH: "0x4 500x4 0 500x20"},
    ),
    Scene(
        alert="GcoStreamSlow",
        at="30m",
        fires={applied("1.0"): "0+1x60", applied("30.0"): "0+4x60", applied("+Inf"): "0+4x60"},
        calm={applied("1.0"): "0+4x60", applied("30.0"): "0+4x60", applied("+Inf"): "0+4x60"},
    ),
    Scene(alert="GcoStreamPassCrashed", at="15m", fires={PANICS: "0x10 1x20"}, calm={PANICS: "1x30"}),
    Scene(alert="GcoStreamEndpointInError", at="10m", fires={ERRORS: "0 2x20"}, calm={ERRORS: "0x15 2x20"}),
    Scene(alert="GcoStreamEndpointWithdrawn", at="5m", fires={WITHDRAWN: "0 1x20"}, calm={WITHDRAWN: "0x20"}),
    Scene(alert="GcoStreamLoadBalancerFull", at="10m", fires={WITHOUT_ROOM: "0 1x20"}, calm={WITHOUT_ROOM: "0x20"}),
    Scene(
        alert="GcoStreamLoadBalancerNearlyFull",
        at="20m",
        fires={TAKEN: "0 81x50", LIMIT: "90x50"},
        calm={TAKEN: "80x50", LIMIT: "90x50"},
    ),
    # A lower limit is reached by fewer; and canaries that come and go take what they need for a while only.
    Scene(
        alert="GcoStreamLoadBalancerNearlyFull",
        at="20m",
        fires={TAKEN: "45x50", LIMIT: "50x50"},
        calm={TAKEN: "80x20 81x4 80x50", LIMIT: "90x50"},
    ),
    # The engine's time begins at 0; a day before it spares a day of looking.
    Scene(alert="GcoStreamHeldTooLong", at="5m", fires={HELD_SINCE: "-86400x20"}, calm={HELD_SINCE: "-86000x20"}),
    Scene(alert="GcoStreamDeletionsBraked", at="10m", fires={BRAKED: "0 8x20"}, calm={BRAKED: "0x18 8x20"}),
    Scene(
        alert="GcoStreamDriftStorm",
        at="15m",
        fires={drift("Service", "argocd"): "0+1x30", drift("Deployment", "argocd"): "0+1x30"},
        # As much by people, each for himself.
        calm={drift("Service", "kubectl"): "0+0.5x30", drift("Deployment", "helm"): "0+0.5x30"},
    ),
    Scene(alert="GcoStreamWatchSilent", at="10m", fires={SILENT: "0+30x20"}, calm={SILENT: "0 30 60 0 30 60 0x20"}),
    Scene(alert="GcoStreamLoopLate", at="10m", fires={LATE: "0 4x20"}, calm={LATE: "0x15 4x20"}),
    Scene(
        alert="GcoStreamRestartLoop",
        at="30m",
        fires={STARTED: "1000x10 1400x10 1700x10 2000x40", leads("a"): "0x25 _x40"},
        # Somebody else's container does so.
        calm={of("process_start_time_seconds", "other"): "1000x10 1400x10 1700x10 2000x40", leads("a"): "0x60"},
    ),
)
