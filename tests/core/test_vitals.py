import json
from collections import Counter

import pytest

from gco_stream.core.backlog import Urgency
from gco_stream.core.models import EndpointName, Kind
from gco_stream.core.roster import Roster
from gco_stream.core.vitals import Vitals, Work, page_of
from tests.core.a_reading import a_leader, a_standby

pytestmark = pytest.mark.behaviour("B6")

NAME = EndpointName("llama")


def test_the_page_of_a_leader_tells_lineages_caches_queue_and_endpoints() -> None:
    roster = Roster()
    roster.note(NAME, {"state": "running", "published": True}, "apply Service llama: new")
    work = Work(waiting={Urgency.FRESH: 1, Urgency.RESYNC: 7}, later=3, in_hand={NAME: 0.25}, workers=16)

    page = page_of(a_leader(roster=roster, work=work, braked=(EndpointName("gone"),)), now=91.5)

    assert page["source"]["lineages"] == [{"shard": "shard-1", "silent_seconds": 1.5, "waits": False}]
    assert page["caches"]["Service"] == {"is_listed": True, "objects": 2, "silent_seconds": 1.5}
    assert page["queue"] == {
        "waiting": {"fresh": 1, "resync": 7},
        "later": 3,
        "in_hand": {"llama": 0.25},
        "workers": 16,
    }
    assert page["endpoints"]["llama"]["plan"] == "apply Service llama: new"
    assert page["deletions_braked"] == ["gone"]


@pytest.mark.parametrize("vitals", [a_leader(), a_standby()], ids=["leader", "standby"])
def test_every_page_can_be_written_as_strict_json(vitals: Vitals) -> None:
    page = page_of(vitals, now=100.0)

    assert json.loads(json.dumps(page, allow_nan=False)) == page


def test_the_worst_lag_is_told() -> None:
    assert a_leader(lags=(0.1, 0.7, 0.2)).lag == 0.7
    assert a_leader(lags=()).lag == 0.0


@pytest.mark.behaviour("B14")
def test_the_page_tells_what_others_have_added() -> None:
    roster = Roster()
    roster.note(EndpointName("chat"), {"state": "running"}, added=Counter({(Kind.SERVICE, "helm"): 2}))

    page = page_of(a_leader(roster=roster), now=100.0)

    assert page["endpoints"]["chat"]["added"] == [{"kind": "Service", "manager": "helm", "count": 2}]
    assert json.loads(json.dumps(page, allow_nan=False)) == page
