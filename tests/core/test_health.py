from typing import Any

import pytest

from gco_stream.core.health import Check, is_fine, liveness, readiness, told
from gco_stream.core.models import EndpointName
from gco_stream.core.source_health import SourceHealth
from gco_stream.core.vitals import Role, Watched, Work
from gco_stream.feeds.resync_counts import ResyncCounts
from tests.core.a_reading import a_leader, a_standby, watches

pytestmark = pytest.mark.behaviour("B6")

NAME = EndpointName("llama")
DEAF = SourceHealth(is_ready=False, detail="shard-1 was not read for 31 s")


def failed(checks: tuple[Check, ...]) -> dict[str, str]:
    return {check.name: check.detail for check in checks if not check.is_fine}


def test_a_leader_that_is_well_is_alive_and_ready() -> None:
    leader = a_leader()

    assert failed(liveness(leader) + readiness(leader)) == {}


def test_a_standby_is_ready_and_says_who_leads() -> None:
    standby = a_standby()

    assert failed(liveness(standby) + readiness(standby)) == {}
    assert "[+] events: standing by, other leads" in told(readiness(standby))


@pytest.mark.parametrize(
    ("lags", "is_alive"),
    [
        ((), True),
        ((30.0, 0.01), True),
        ((5.1, 6.0, 7.0), False),
        ((5.1, 5.0, 7.0), True),
    ],
    ids=["before the first beat", "stopped for a while", "always late", "once in time"],
)
def test_a_loop_is_dead_when_it_was_late_at_every_beat(lags: tuple[float, ...], is_alive: bool) -> None:
    assert is_fine(liveness(a_leader(lags=lags))) is is_alive


@pytest.mark.parametrize("role", [Role.LEADER, Role.STOPPING])
def test_a_leader_that_lost_the_lease_has_a_moment_to_end(role: Role) -> None:
    assert failed(liveness(a_leader(role=role, certain_seconds=-15.0))) == {}
    assert failed(liveness(a_leader(role=role, certain_seconds=-16.0))) == {
        "lease": "overdue for 16 s, and this process has not ended"
    }


def test_a_pass_over_its_deadline_is_stuck_once_it_had_time_to_end() -> None:
    def seconds(longest: float) -> dict[str, str]:
        in_hand = {NAME: longest, EndpointName("other"): 1.0}
        return failed(liveness(a_leader(work=Work(in_hand=in_hand, pass_deadline=150.0))))

    assert seconds(165.0) == {}
    assert seconds(166.0) == {"passes": "llama is stuck since 166 s"}


def test_of_several_stuck_passes_the_longest_is_named() -> None:
    in_hand = {NAME: 200.0, EndpointName("other"): 300.0}

    found = failed(liveness(a_leader(work=Work(in_hand=in_hand, pass_deadline=150.0))))

    assert found == {"passes": "other is stuck since 300 s, and 1 more"}


@pytest.mark.parametrize("trouble", [{"source": DEAF}, {"watches": watches(deployment=Watched())}, {"source": None}])
def test_nothing_outside_decides_whether_a_process_is_alive(trouble: dict[str, Any]) -> None:
    leader = a_leader(**trouble)

    assert is_fine(liveness(leader))
    assert not is_fine(readiness(leader))


@pytest.mark.parametrize("process", [a_leader, a_standby])
def test_a_process_is_not_ready_before_it_knows_every_kind(process: Any) -> None:
    vitals = process(watches=watches(service=Watched(), ingress=Watched()))

    assert failed(readiness(vitals)) == {"caches": "not listed yet: Service, Ingress"}


def test_a_leader_that_hears_of_no_changes_is_not_ready_and_says_why() -> None:
    assert failed(readiness(a_leader(source=DEAF))) == {"events": "shard-1 was not read for 31 s"}


def test_a_process_that_stops_is_alive_and_not_ready() -> None:
    stopping = a_leader(role=Role.STOPPING)

    assert is_fine(liveness(stopping))
    assert failed(readiness(stopping)) == {"events": "stopping"}


def test_deletions_that_wait_are_told_with_what_confirms_them_and_are_no_reason_to_be_unready() -> None:
    leader = a_leader(braked=(NAME, EndpointName("other")))

    assert is_fine(readiness(leader))
    assert "[+] deletions: 2 wait to be confirmed: gco-stream resync --confirm-deletions" in told(readiness(leader))


def test_checks_are_told_one_a_line_with_the_whole_at_the_end() -> None:
    checks = (Check(name="a", is_fine=True, detail="well"), Check(name="b", is_fine=False, detail="ill"))

    assert told(checks) == "[+] a: well\n[-] b: ill\nfailed\n"
    assert told(checks[:1]) == "[+] a: well\nok\n"


@pytest.mark.behaviour("B6")
def test_a_leader_is_not_ready_before_it_has_scanned_the_table_to_its_end() -> None:
    begun, done = ResyncCounts(failed=3), ResyncCounts(complete=1)

    assert not is_fine(readiness(a_leader(resyncs=begun)))
    assert "first scan is not complete, 3 have failed" in told(readiness(a_leader(resyncs=begun)))
    assert is_fine(readiness(a_leader(resyncs=done)))
    assert is_fine(readiness(a_standby(resyncs=begun)))


@pytest.mark.behaviour("B6")
@pytest.mark.parametrize(("seconds", "is_ready"), [(149.0, True), (151.0, False)])
def test_who_hears_nothing_of_the_cluster_could_not_take_over(seconds: float, is_ready: bool) -> None:
    deaf = watches(service=Watched(is_listed=True, objects=2, silent_seconds=seconds))

    for vitals in (a_leader(watches=deaf), a_standby(watches=deaf)):
        assert is_fine(readiness(vitals)) is is_ready
        assert ("nothing was heard of Service for 151 s" in told(readiness(vitals))) is not is_ready
