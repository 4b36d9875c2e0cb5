"""The metrics that are read off a process when somebody asks, rather than counted as things happen.

Names that controller-runtime and client-go have are theirs, so that dashboards made for them show us, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gco_stream.core.backlog import Urgency
from gco_stream.core.leadership import LEASE_NAME
from gco_stream.core.status import State
from gco_stream.core.vitals import Role, Vitals

CONTROLLER = "endpoint"
QUEUE = {"name": CONTROLLER, "controller": CONTROLLER}
_RECORDS = ("queued", "dropped", "unreadable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value.

    Attributes:
        is_counter: Whether it only rises as long as the process lives; the name then ends in ``_total``.
    """

    name: str
    value: float
    help: str
    labels: Mapping[str, str] = field(default_factory=dict)
    is_counter: bool = False


def readings_of(vitals: Vitals) -> Iterator[Reading]:
    """Read everything off; all readings of one name come together, with the same labels."""
    yield from _work(vitals)
    yield Reading(
        name="leader_election_master_status",
        help="1 where this process leads.",
        value=float(vitals.role is Role.LEADER),
        labels={"name": LEASE_NAME},
    )
    yield from _source(vitals)
    yield from _resyncs(vitals)
    yield from _watches(vitals)
    yield from _endpoints(vitals)
    for (kind, manager), count in sorted(vitals.corrected.items()):
        yield _corrected(kind.value, manager, count)
    lag_help = "The most that the event loop was late at its last beats."
    yield Reading(name="gco_stream_event_loop_lag_seconds", help=lag_help, value=vitals.lag)


def _work(vitals: Vitals) -> Iterator[Reading]:
    work, controller = vitals.work, {"controller": CONTROLLER}
    for urgency in Urgency:
        labels = {**QUEUE, "priority": urgency.name.lower()}
        depth = work.waiting.get(urgency, 0)
        yield Reading(name="workqueue_depth", help="Names that are due.", value=depth, labels=labels)
    seconds = work.in_hand.values()
    for name, text, value in (
        ("workqueue_unfinished_work_seconds", "Seconds of all passes in hand together.", sum(seconds)),
        ("workqueue_longest_running_processor_seconds", "Seconds of the longest pass.", max(seconds, default=0.0)),
    ):
        yield Reading(name=name, help=text, value=value, labels=QUEUE)
    for name, text, value in (
        ("controller_runtime_active_workers", "Passes in hand.", len(work.in_hand)),
        ("controller_runtime_max_concurrent_reconciles", "Workers.", work.workers),
    ):
        yield Reading(name=name, help=text, value=value, labels=controller)


def _source(vitals: Vitals) -> Iterator[Reading]:
    heard, source = vitals.heard, vitals.source
    name, text = "gco_stream_stream_records_total", "Records of the stream, by what became of them."
    for outcome in _RECORDS:
        count = 0 if heard is None else heard.records.get(outcome, 0)
        yield Reading(name=name, help=text, value=count, labels={"outcome": outcome}, is_counter=True)
    for name, text, value in (
        ("gco_stream_stream_gaps_total", "Times that records may have been missed.", heard.gaps if heard else 0),
        ("gco_stream_stream_blind_seconds_total", "Seconds in which they may.", heard.blind_seconds if heard else 0),
        ("gco_stream_stream_troubles_total", "Calls for the stream that failed.", heard.troubles if heard else 0),
    ):
        yield Reading(name=name, help=text, value=value, is_counter=True)
    if heard is not None and heard.lag_seconds is not None:
        text = "How old the last wish was when its record came."
        yield Reading(name="gco_stream_stream_lag_seconds", help=text, value=heard.lag_seconds)
    if source is not None:
        text = "1 where changes are heard of."
        yield Reading(name="gco_stream_stream_ready", help=text, value=float(source.is_ready))
        text = "Lines of shards that are followed."
        yield Reading(name="gco_stream_stream_lineages", help=text, value=len(source.lineages))


def _corrected(kind: str, manager: str, count: int) -> Reading:
    text, labels = "Objects that were put right, by who had changed them.", {"kind": kind, "manager": manager}
    name = "gco_stream_drift_corrected_total"
    return Reading(name=name, help=text, value=count, labels=labels, is_counter=True)


def _resyncs(vitals: Vitals) -> Iterator[Reading]:
    resyncs = vitals.resyncs
    name, text = "gco_stream_resyncs_total", "Full resyncs, by how their scan went."
    for outcome, count in (
        ("complete", 0 if resyncs is None else resyncs.complete),
        ("failed", 0 if resyncs is None else resyncs.failed),
    ):
        yield Reading(name=name, help=text, value=count, labels={"outcome": outcome}, is_counter=True)
    if resyncs is not None and resyncs.seconds is not None:
        text = "How long the last complete resync took."
        yield Reading(name="gco_stream_resync_seconds", help=text, value=resyncs.seconds)


def _watches(vitals: Vitals) -> Iterator[Reading]:
    for kind, watched in vitals.watches.items():
        text, labels = "Objects that are known.", {"kind": kind.value}
        yield Reading(name="gco_stream_cached_objects", help=text, value=watched.objects, labels=labels)
    for kind, watched in vitals.watches.items():
        if watched.silent_seconds is not None:
            text, labels = "Seconds since anything came; a bookmark comes each minute.", {"kind": kind.value}
            value = watched.silent_seconds
            yield Reading(name="gco_stream_watch_last_event_seconds", help=text, value=value, labels=labels)


def _endpoints(vitals: Vitals) -> Iterator[Reading]:
    """Tell of endpoints where this process works on them: two processes would count each of them twice."""
    if vitals.role is Role.STANDBY:
        return
    states = vitals.roster.states()
    for state in State:
        labels = {"state": state.value}
        value = states.get(state.value, 0)
        yield Reading(name="gco_stream_endpoints", help="Endpoints, by their state.", value=value, labels=labels)
    for name, text, value in (
        (
            "gco_stream_withdrawn",
            "Endpoints off the load balancer for lack of a ready replica.",
            vitals.roster.withdrawn(),
        ),
        ("gco_stream_held", "Endpoints that somebody asked to leave as they are.", vitals.roster.held()),
        (
            "gco_stream_without_room",
            "Endpoints unpublished, or their canary without traffic, as the load balancer is full.",
            vitals.roster.without_room(),
        ),
        (
            "gco_stream_target_groups",
            "Target groups that published endpoints take on the load balancer.",
            vitals.target_groups,
        ),
        ("gco_stream_target_groups_limit", "How many they may take.", vitals.target_groups_limit),
        ("gco_stream_deletions_braked", "Endpoints that wait to be confirmed as gone.", len(vitals.braked)),
    ):
        yield Reading(name=name, help=text, value=value)
    since = vitals.roster.held_since()
    if since is not None:
        text = "Since when the endpoint that is held longest has been, as Unix time."
        yield Reading(name="gco_stream_held_since_timestamp_seconds", help=text, value=since)
    for (kind, manager), count in sorted(vitals.roster.added().items()):
        text, labels = "What others have added beside our fields; it stays.", {"kind": kind.value, "manager": manager}
        yield Reading(name="gco_stream_additions", help=text, value=count, labels=labels)
