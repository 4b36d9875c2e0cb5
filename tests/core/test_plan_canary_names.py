"""An endpoint that is called like another's canary, both left by the poller: neither lays hands on the other."""

import copy
from typing import Any

import pytest

from gco_stream.core.claims import Claims
from gco_stream.core.models import CANARY_SUFFIX, EndpointName, Item, Kind, Observed, object_keys
from gco_stream.core.plan import Plan, make_plan
from gco_stream.core.wish import read_request
from tests.builders import ELSEWHERE, NAME, NOW, REGION, SCOPE, a_deployment_status, a_spec, an_item
from tests.left_behind import left_behind

pytestmark = [pytest.mark.behaviour("B13"), pytest.mark.behaviour("B35")]

NAMESAKE = EndpointName(f"{NAME}{CANARY_SUFFIX}")
SET = {"image": "acme/server:v2"}


def at_the_pollers(name: str, *, canary: Any = None, **fields: Any) -> Item:
    """A record as the poller kept it: its status does not say what is published."""
    spec = {**a_spec(), "canary": canary} if canary is not ... else a_spec()
    status = {"state": "running", "replicas_ready": 1, "replicas_desired": 1}
    return an_item(name, **{"spec": spec, "desired_state": "running", "region_status": {REGION: status}} | fields)


def both_left(*items: Item) -> Observed:
    """What the poller made for several records, with everything ready."""
    objects = {key: copy.deepcopy(dict(live)) for item in items for key, live in left_behind(item).objects.items()}
    for key, live in objects.items():
        if key.kind is Kind.DEPLOYMENT:
            live["status"] = a_deployment_status()
    return Observed(objects=objects)


def planned(item: Item, seen: Observed, *others: Item) -> Plan:
    claims = Claims(REGION)
    for one in (*others, item):
        claims.note(one)
    name = EndpointName(item["endpoint_name"])
    mine = Observed(objects={key: live for key, live in seen.objects.items() if key in object_keys(name)}, pods=())
    return make_plan(read_request(name, item, SCOPE, claims), mine, SCOPE, now=NOW)


def touched(plan: Plan) -> set[str]:
    """The names of the namesake's objects in a plan."""
    return {str(action.key) for action in plan.actions if action.key.name == NAMESAKE}


@pytest.mark.parametrize("canary", [SET, None, {}, "junk"], ids=str)
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"desired_state": "stopped"},
        {"desired_state": "deleted"},
        {"target_regions": [ELSEWHERE]},
        {"created_at": "2020-01-01T00:00:00+00:00"},
    ],
    ids=str,
)
def test_the_objects_of_an_endpoint_that_is_called_like_a_canary_are_its_own(
    canary: Any, change: dict[str, Any]
) -> None:
    namesake = at_the_pollers(NAMESAKE)
    seen = both_left(at_the_pollers(NAME), namesake)

    plan = planned(at_the_pollers(NAME, canary=canary, **change), seen, namesake)

    assert touched(plan) == set()


@pytest.mark.parametrize("fields", [{"desired_state": "deleted"}, {"target_regions": [ELSEWHERE]}, {"spec": "junk"}])
@pytest.mark.parametrize("state", ["running", "stopped", "deleted"])
def test_they_are_its_own_as_long_as_it_has_a_record(state: str, fields: dict[str, Any]) -> None:
    namesake = at_the_pollers(NAMESAKE)
    seen = both_left(at_the_pollers(NAME), namesake)

    plan = planned(at_the_pollers(NAME, canary=SET, desired_state=state), seen, {**namesake, **fields})

    assert touched(plan) == set()


@pytest.mark.parametrize("state", ["running", "stopped", "deleted"])
def test_an_ingress_that_speaks_of_a_canary_does_not_make_them_anothers(state: str) -> None:
    namesake = at_the_pollers(NAMESAKE)
    seen = both_left(at_the_pollers(NAME, canary=SET), namesake)

    plan = planned(at_the_pollers(NAME, desired_state=state), seen, namesake)

    assert touched(plan) == set()


@pytest.mark.parametrize("state", ["stopped", "deleted"])
def test_without_such_an_endpoint_what_bears_the_canarys_name_is_the_canarys(state: str) -> None:
    item = at_the_pollers(NAME, canary=SET)

    plan = planned({**item, "desired_state": state}, both_left(item))

    expected = {f"Deployment {NAMESAKE}"} | ({f"Service {NAMESAKE}"} if state == "deleted" else set())
    assert touched(plan) == expected


def test_a_canary_that_is_null_lays_claim_to_nothing() -> None:
    seen = both_left(at_the_pollers(NAME), at_the_pollers(NAMESAKE))

    plan = planned(at_the_pollers(NAME, canary=None, desired_state="deleted"), seen)

    assert touched(plan) == set()
