from collections import Counter
from dataclasses import dataclass, field

import pytest

from gco_stream.core.backlog import Urgency
from gco_stream.core.models import EndpointName, Kind
from gco_stream.core.readings import readings_of
from gco_stream.core.roster import Roster
from gco_stream.core.vitals import Vitals, Work
from tests.core.a_reading import a_leader, a_standby

pytestmark = pytest.mark.behaviour("B39")


@dataclass(frozen=True)
class Heard:
    records: Counter[str] = field(default_factory=Counter)
    troubles: int = 0
    gaps: int = 0
    blind_seconds: float = 0.0
    lag_seconds: float | None = None


def values(vitals: Vitals, name: str) -> dict[str, float]:
    """The readings of one name, by the last of their labels."""
    return {"".join(list(r.labels.values())[-1:]): r.value for r in readings_of(vitals) if r.name == name}


@pytest.mark.parametrize("vitals", [a_leader(), a_standby(), a_leader(heard=Heard(lag_seconds=0.5))])
def test_no_series_is_read_twice_and_those_of_one_name_have_the_same_labels(vitals: Vitals) -> None:
    readings = list(readings_of(vitals))

    series = [(reading.name, *sorted(reading.labels.items())) for reading in readings]
    assert len(series) == len(set(series))
    shapes = {(reading.name, tuple(reading.labels), reading.is_counter, reading.help) for reading in readings}
    assert len(shapes) == len({reading.name for reading in readings})


def test_counters_alone_end_in_total() -> None:
    for reading in readings_of(a_leader(corrected={(Kind.SERVICE, "kubectl"): 1})):
        assert reading.name.endswith("_total") is reading.is_counter, reading


def test_exactly_who_leads_is_a_master() -> None:
    assert values(a_leader(), "leader_election_master_status") == {"inference-monitor-leader": 1}
    assert values(a_standby(), "leader_election_master_status") == {"inference-monitor-leader": 0}


def test_a_queue_is_told_by_why_names_wait_in_it() -> None:
    work = Work(waiting={Urgency.FRESH: 1, Urgency.RESYNC: 7}, in_hand={EndpointName("a"): 3.0, EndpointName("b"): 1.0})

    leader = a_leader(work=work)

    assert values(leader, "workqueue_depth") == {"fresh": 1, "again": 0, "resync": 7}
    assert values(leader, "workqueue_unfinished_work_seconds") == {"endpoint": 4.0}
    assert values(leader, "workqueue_longest_running_processor_seconds") == {"endpoint": 3.0}
    assert values(leader, "controller_runtime_active_workers") == {"endpoint": 2}


def test_what_the_stream_was_heard_to_say_is_counted() -> None:
    heard = Heard(Counter(queued=3, dropped=2), troubles=4, gaps=1, blind_seconds=2.5, lag_seconds=0.3)

    leader = a_leader(heard=heard)

    assert values(leader, "gco_stream_stream_records_total") == {"queued": 3, "dropped": 2, "unreadable": 0}
    assert values(leader, "gco_stream_stream_gaps_total") == {"": 1}
    assert values(leader, "gco_stream_stream_troubles_total") == {"": 4}
    assert values(leader, "gco_stream_stream_blind_seconds_total") == {"": 2.5}
    assert values(leader, "gco_stream_stream_lag_seconds") == {"": 0.3}
    assert values(leader, "gco_stream_stream_ready") == {"": 1}


def test_what_has_never_happened_is_0_and_what_was_never_measured_is_absent() -> None:
    assert values(a_standby(), "gco_stream_stream_gaps_total") == {"": 0}
    assert values(a_standby(), "gco_stream_stream_lag_seconds") == {}
    assert values(a_standby(), "gco_stream_stream_ready") == {}


def test_endpoints_are_counted_by_their_leader_alone() -> None:
    roster = Roster()
    roster.note(EndpointName("a"), {"state": "running", "reason": "Held"})
    roster.note(EndpointName("b"), {"state": "updating", "reason": "Withdrawn"})
    roster.note(EndpointName("d"), {"state": "running", "reason": "LoadBalancerFull"})

    leader, standby = a_leader(roster=roster, braked=(EndpointName("c"),)), a_standby(roster=roster)

    assert values(leader, "gco_stream_endpoints")["running"] == 2
    assert values(leader, "gco_stream_endpoints")["error"] == 0
    assert values(leader, "gco_stream_withdrawn") == values(leader, "gco_stream_held") == {"": 1}
    assert values(leader, "gco_stream_deletions_braked") == values(leader, "gco_stream_without_room") == {"": 1}
    assert values(standby, "gco_stream_endpoints") == values(standby, "gco_stream_withdrawn") == {}


def test_the_room_on_the_load_balancer_is_told_by_the_leader_alone() -> None:
    leader, standby = (made(target_groups=81, target_groups_limit=90) for made in (a_leader, a_standby))

    assert values(leader, "gco_stream_target_groups") == {"": 81}
    assert values(leader, "gco_stream_target_groups_limit") == {"": 90}
    assert values(standby, "gco_stream_target_groups") == values(standby, "gco_stream_target_groups_limit") == {}


@pytest.mark.behaviour("B14")
def test_what_others_have_added_is_counted_by_kind_and_by_who_it_was() -> None:
    roster = Roster()
    added = Counter({(Kind.DEPLOYMENT, "kubectl-edit"): 2, (Kind.SERVICE, "helm"): 1})
    for name in ("a", "b"):
        roster.note(EndpointName(name), {"state": "running"}, added=added)

    found = [r for r in readings_of(a_leader(roster=roster)) if r.name == "gco_stream_additions"]

    assert [(r.labels, r.value) for r in found] == [
        ({"kind": "Deployment", "manager": "kubectl-edit"}, 4),
        ({"kind": "Service", "manager": "helm"}, 2),
    ]
    assert not [r for r in readings_of(a_standby(roster=roster)) if r.name == "gco_stream_additions"]


def test_corrections_are_counted_by_kind_and_by_who_made_them_necessary() -> None:
    corrected = {(Kind.SERVICE, "kubectl-edit"): 2, (Kind.DEPLOYMENT, "helm"): 1}

    found = [r for r in readings_of(a_leader(corrected=corrected)) if r.name == "gco_stream_drift_corrected_total"]

    assert [(r.labels, r.value) for r in found] == [
        ({"kind": "Deployment", "manager": "helm"}, 1),
        ({"kind": "Service", "manager": "kubectl-edit"}, 2),
    ]


def test_a_watch_is_told_by_for_how_long_nothing_came() -> None:
    assert values(a_leader(), "gco_stream_watch_last_event_seconds") == {kind.value: 1.5 for kind in Kind}
