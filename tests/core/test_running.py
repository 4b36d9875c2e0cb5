"""What it takes to run an endpoint, and above all: in which order."""

from dataclasses import replace
from typing import Any

import pytest

from gco_stream.core.manifests import workload
from gco_stream.core.manifests.ingress import ingress
from gco_stream.core.models import Apply, Delete, Kind, Manifest, ObjectKey, Observed, Scope, canary_name
from gco_stream.core.publication import LOAD_BALANCER_FULL
from gco_stream.core.route import Phase, Route, read_route
from gco_stream.core.running import Course, run_course
from gco_stream.core.watchdog import Clocks
from tests.builders import (
    DEPLOYMENT,
    INGRESS,
    NAME,
    NOW,
    SCOPE,
    SERVICE,
    a_deployment_status,
    a_live,
    an_endpoint,
    leaving,
    observed,
)

CANARY_DEPLOYMENT = ObjectKey(Kind.DEPLOYMENT, canary_name(NAME))
CANARY_SERVICE = ObjectKey(Kind.SERVICE, canary_name(NAME))
AUTOSCALER = ObjectKey(Kind.AUTOSCALER, NAME)
OLD, NEW = "acme/server:v1", "acme/server:v2"
CANARY = {"image": NEW, "weight": 10}
SPLIT = Route(primary=90, canary=10)
NO_CLOCKS = Clocks()


def there(route: Route | None, *, ready: int = 1, canary_ready: int = 1, **spec: Any) -> Observed:
    """What was made for this spec, rolled out, and published so."""
    endpoint = an_endpoint(**{"image": OLD, **spec})
    live = []
    for manifest in workload(endpoint, SCOPE, replicas=endpoint.spec.replicas).values():
        is_canarys = manifest["metadata"]["name"] != NAME
        counters = a_deployment_status(manifest["spec"].get("replicas", 0), ready=canary_ready if is_canarys else ready)
        live.append(a_live(manifest, **counters) if manifest["kind"] == "Deployment" else a_live(manifest))
    if route is not None:
        live.append(a_live(ingress(endpoint, SCOPE, route=route)))
    return observed(*live)


def course(seen: Observed, *, scope: Scope = SCOPE, clocks: Clocks = NO_CLOCKS, **spec: Any) -> Course:
    return run_course(an_endpoint(**{"image": OLD, **spec}), seen, scope, clocks=clocks, now=NOW)


def steps(planned: Course) -> list[tuple[type, ObjectKey]]:
    return [(type(action), action.key) for action in planned.actions]


def route_after(planned: Course) -> Route | None:
    """What the Ingress says then."""
    (action,) = (action for action in planned.actions if action.key == INGRESS)
    return read_route(action.manifest, NAME) if isinstance(action, Apply) else None


def phase(planned: Course) -> Phase:
    assert planned.publication.route is not None
    return planned.publication.route.phase


@pytest.mark.behaviour("B14", "B20", "B34")
def test_services_come_before_whoever_leads_there_and_pods_after() -> None:
    planned = course(Observed(), canary=CANARY)

    assert steps(planned) == [
        (Apply, SERVICE),
        (Apply, CANARY_SERVICE),
        (Apply, DEPLOYMENT),
        (Apply, CANARY_DEPLOYMENT),
    ]


@pytest.mark.behaviour("B20")
def test_the_service_of_a_canary_is_there_before_the_ingress_leads_to_it() -> None:
    seen = there(Route(), canary=CANARY).after(CANARY_SERVICE, None)

    planned = course(seen, canary=CANARY)

    assert steps(planned) == [(Apply, CANARY_SERVICE), (Apply, INGRESS)]
    assert route_after(planned) == Route(primary=100, canary=0, warming_since=NOW)


@pytest.mark.behaviour("B20")
def test_a_canary_runs_the_same_but_for_its_image() -> None:
    planned = course(Observed(), canary={**CANARY, "replicas": 3}, env={"A": "1"}, port=9000)

    own, canarys = (
        action.manifest
        for action in planned.actions
        if isinstance(action, Apply) and action.key.kind is Kind.DEPLOYMENT
    )
    (server,), (canary_server,) = (m["spec"]["template"]["spec"]["containers"] for m in (own, canarys))
    assert (canary_server["image"], canarys["spec"]["replicas"]) == (NEW, 3)
    assert {**canary_server, "image": OLD} == server
    assert canarys["spec"]["selector"]["matchLabels"] == {"app": "llama-canary"}


@pytest.mark.behaviour("B21")
def test_a_rollback_takes_traffic_before_it_takes_pods() -> None:
    begun = course(there(SPLIT, canary=CANARY))
    drained = Route(primary=100, canary=0, draining_since=NOW - SCOPE.drain)
    ended = course(there(drained, canary=CANARY))

    assert steps(begun) == [(Apply, INGRESS)]
    assert phase(begun) is Phase.DRAINING
    assert steps(ended) == [(Apply, INGRESS), (Delete, CANARY_SERVICE), (Delete, CANARY_DEPLOYMENT)]
    assert route_after(ended) == Route()


@pytest.mark.behaviour("B21")
def test_a_promotion_replaces_the_endpoints_pods_and_leaves_the_canary_its_share() -> None:
    planned = course(there(SPLIT, canary=CANARY), image=NEW)

    assert steps(planned) == [(Apply, DEPLOYMENT)]
    assert planned.publication.route == SPLIT


@pytest.mark.behaviour("B21")
def test_an_endpoint_whose_pods_this_pass_replaces_is_not_complete() -> None:
    seen = there(SPLIT, canary=CANARY)

    planned = course(seen, image=NEW, env={"A": "1"})

    assert DEPLOYMENT in [action.key for action in planned.actions]
    assert phase(planned) is Phase.SPLIT


@pytest.mark.behaviour("B21")
@pytest.mark.parametrize(("image", "expected"), [(NEW, Phase.CARRIED), ("acme/server:v3", Phase.DRAINING)])
def test_a_canary_serves_in_place_only_of_an_endpoint_that_becomes_what_it_is(image: str, expected: Phase) -> None:
    planned = course(there(SPLIT, canary=CANARY, ready=0), image=image)

    assert phase(planned) is expected


@pytest.mark.behaviour("B17", "B21")
def test_a_regions_own_copy_of_an_image_is_that_image() -> None:
    copies = {"us-east-1": "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/server:v2"}

    planned = course(there(SPLIT, canary=CANARY, ready=0), image=NEW, region_image_uris=copies)

    assert phase(planned) is Phase.CARRIED


@pytest.mark.behaviour("B20")
def test_a_canary_whose_service_is_going_has_no_share() -> None:
    seen = there(SPLIT, canary=CANARY)

    planned = course(seen.after(CANARY_SERVICE, leaving(seen.objects[CANARY_SERVICE])), canary=CANARY)

    assert route_after(planned) == Route()


@pytest.mark.behaviour("B19")
@pytest.mark.parametrize(("limit", "reason"), [(90, LOAD_BALANCER_FULL), (91, None)])
def test_an_endpoints_own_target_groups_do_not_take_its_room(limit: int, reason: str | None) -> None:
    seen = replace(there(Route(), canary=CANARY), target_groups=89)

    planned = course(seen, canary=CANARY, scope=replace(SCOPE, target_groups=limit))

    assert planned.publication.reason == reason


@pytest.mark.behaviour("B27")
def test_an_ingress_that_is_leaving_is_waited_for() -> None:
    seen = there(Route())

    planned = course(seen.after(INGRESS, leaving(seen.objects[INGRESS])))

    assert steps(planned) == []
    assert planned.publication.is_on


@pytest.mark.behaviour("B19", "B27")
def test_an_ingress_that_is_leaving_publishes_nobody_any_more() -> None:
    seen = there(Route(), ready=0)

    planned = course(seen.after(INGRESS, leaving(seen.objects[INGRESS])))

    assert (planned.publication.is_on, planned.publication.why) == (False, "no replica is ready")


@pytest.mark.behaviour("B28")
def test_an_ingress_is_withdrawn_before_anything_else_is_done() -> None:
    clocks = Clocks(primary=NOW - SCOPE.unhealthy_after)

    planned = course(there(Route(), ready=0), clocks=clocks, env={"A": "1"})

    assert steps(planned) == [(Delete, INGRESS), (Apply, DEPLOYMENT)]
    assert planned.actions[0].why == "no ready replica for 300 s"


@pytest.mark.behaviour("B16", "B34")
def test_an_autoscaler_begins_when_the_count_that_it_starts_from_stands_and_gets_it_at_once() -> None:
    autoscaling = {"enabled": True, "min_replicas": 2}
    made = course(Observed(), autoscaling=autoscaling)
    (deployment,) = (a for a in made.actions if isinstance(a, Apply) and a.key == DEPLOYMENT)
    seen = there(None, autoscaling=autoscaling).after(AUTOSCALER, None)

    begun = course(seen.after(DEPLOYMENT, _rolled_out(deployment.manifest)), autoscaling=autoscaling)

    assert (deployment.manifest["spec"]["replicas"], made.is_unfinished) == (2, True)
    assert AUTOSCALER not in [action.key for action in made.actions]
    assert steps(begun) == [(Apply, INGRESS), (Apply, DEPLOYMENT), (Apply, DEPLOYMENT), (Apply, AUTOSCALER)]
    assert not begun.is_unfinished


def _rolled_out(manifest: Manifest) -> Manifest:
    return a_live(manifest, **a_deployment_status(manifest["spec"]["replicas"]))


@pytest.mark.behaviour("B16", "B19")
def test_an_autoscaled_endpoint_is_published_by_the_count_that_it_has() -> None:
    seen = there(Route(), replicas=4, autoscaling={"enabled": True})

    planned = course(seen, replicas=0, autoscaling={"enabled": True})

    assert planned.publication.is_on
