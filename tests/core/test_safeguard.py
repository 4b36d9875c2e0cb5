from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.models import Delete, Observed
from gco_stream.core.plan import Plan, make_plan
from gco_stream.core.publication import WITHDRAWN
from gco_stream.core.wish import Unclear
from tests.builders import (
    INGRESS,
    NOW,
    REGION,
    SCOPE,
    SERVICE,
    a_deployment_status,
    a_request,
    a_spec,
    a_status,
    an_endpoint,
    an_item,
    at,
    everything_of,
    foreign,
    status_of,
)

NOBODY = a_deployment_status(1, ready=0)
OVERDUE = -SCOPE.unhealthy_after.total_seconds() - 1


def broken(*, unready_for: float | None = None, **fields: Any) -> dict[str, Any]:
    """A record whose spec cannot be read, of an endpoint that may have had nobody ready for some seconds."""
    since: dict[str, Any] = {} if unready_for is None else {"unready_since": at(-unready_for)}
    return an_item(spec=a_spec(port="abc"), region_status={REGION: a_status("error", **since)}, **fields)


def planned(item: dict[str, Any], seen: Observed) -> Plan:
    return make_plan(a_request(item), seen, SCOPE, now=NOW)


def unready() -> Observed:
    return everything_of(an_endpoint(), **NOBODY)


@pytest.mark.behaviour("B28")
def test_an_endpoint_whose_record_is_wrong_is_withdrawn_like_any_other() -> None:
    plan = planned(broken(unready_for=-OVERDUE), unready())

    assert isinstance(a_request(broken()).wish, Unclear)
    assert [(type(action), action.key) for action in plan.actions] == [(Delete, INGRESS)]
    assert plan.publication is not None
    assert plan.publication.reason == WITHDRAWN


@pytest.mark.behaviour("B28", "B29")
def test_its_clock_is_set_and_the_next_look_is_due_to_the_moment() -> None:
    request = a_request(broken())
    plan = planned(broken(), unready())

    assert plan.actions == ()
    assert plan.publication is not None
    assert plan.publication.due == NOW + SCOPE.unhealthy_after
    assert status_of(request, unready(), plan=plan).unready_since is not None
    later = planned(broken(unready_for=100), unready())
    assert later.publication is not None
    assert later.publication.due == NOW + SCOPE.unhealthy_after - timedelta(seconds=100)


@pytest.mark.behaviour("B28")
def test_it_is_published_again_with_its_first_ready_replica_where_its_pods_answer() -> None:
    back = everything_of(an_endpoint(health_check_path="/ready"), published=False)

    (action,) = planned(broken(unready_for=-OVERDUE), back).actions

    assert action.key == INGRESS
    assert not isinstance(action, Delete)
    assert action.manifest["metadata"]["annotations"]["alb.ingress.kubernetes.io/healthcheck-path"] == "/ready"
    assert action.manifest["spec"]["rules"][0]["http"]["paths"][0]["path"] == "/inference/llama"


@pytest.mark.behaviour("B19", "B28")
@pytest.mark.parametrize(
    ("item", "seen"),
    [
        (broken(unready_for=-OVERDUE), everything_of(an_endpoint())),
        (broken(), everything_of(an_endpoint(), published=False)),
        (broken(unready_for=-OVERDUE, ingress_path="/"), everything_of(an_endpoint(), published=False)),
        (broken(unready_for=-OVERDUE), everything_of(an_endpoint(), published=False).after(SERVICE, None)),
        (broken(unready_for=-OVERDUE), everything_of(an_endpoint(replicas=0))),
        (broken(unready_for=-OVERDUE), Observed()),
    ],
    ids=["it is well", "it never was published", "its path is wrong", "no Service", "no replicas", "nothing there"],
)
def test_nothing_else_of_it_is_touched(item: dict[str, Any], seen: Observed) -> None:
    assert planned(item, seen).actions == ()


@pytest.mark.behaviour("B13", "B28")
def test_an_endpoint_beside_an_object_of_others_is_withdrawn_too() -> None:
    item = an_item(region_status={REGION: a_status("error", unready_since=at(OVERDUE))})
    seen = unready()
    theirs = seen.after(SERVICE, foreign(seen.objects[SERVICE]))

    plan = planned(item, theirs)

    assert plan.foreign == (SERVICE,)
    assert [action.key for action in plan.actions] == [INGRESS]


@pytest.mark.behaviour("B28")
def test_a_clock_that_was_ahead_of_ours_delays_nothing_beyond_the_threshold() -> None:
    plan = planned(broken(unready_for=-7200), unready())

    assert plan.publication is not None
    assert plan.publication.due == NOW + SCOPE.unhealthy_after
