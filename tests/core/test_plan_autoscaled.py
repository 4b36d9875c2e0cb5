"""What a plan does about an endpoint whose count is an autoscaler's."""

from typing import Any

import pytest

from gco_stream.core.manifests import render
from gco_stream.core.models import Action, Apply, Delete, Kind, ObjectKey, Observed
from gco_stream.core.plan import Plan, make_plan
from gco_stream.core.wish import Request
from tests.builders import (
    DEPLOYMENT,
    NAME,
    NOW,
    SCOPE,
    a_deployment_status,
    a_live,
    a_request,
    a_spec,
    an_endpoint,
    changed,
    everything_of,
    observed,
)

AUTOSCALER = ObjectKey(Kind.AUTOSCALER, NAME)


def plan_of(request: Request, seen: Observed) -> Plan:
    return make_plan(request, seen, SCOPE, now=NOW)


def running(**spec: Any) -> Request:
    return a_request(spec=a_spec(**spec), desired_state="running")


def keys(actions: tuple[Action, ...]) -> list[tuple[type[Action], ObjectKey]]:
    return [(type(action), action.key) for action in actions]


@pytest.mark.behaviour("B16")
@pytest.mark.parametrize(("autoscaling", "start"), [({"min_replicas": 2}, 2), ({}, 1), ({"min_replicas": 1}, 1)])
def test_an_autoscaled_endpoint_starts_with_its_lower_bound(autoscaling: dict[str, int], start: int) -> None:
    stopped = everything_of(an_endpoint(replicas=0), published=False)

    plan = plan_of(running(autoscaling={"enabled": True, **autoscaling}), stopped)

    (action,) = plan.actions
    assert isinstance(action, Apply)
    assert action.manifest["spec"]["replicas"] == start


@pytest.mark.behaviour("B16")
def test_a_count_that_was_set_here_is_written_over_before_it_is_left_to_an_autoscaler() -> None:
    seen = everything_of(an_endpoint(replicas=7))

    plan = plan_of(running(replicas=1, autoscaling={"enabled": True}), seen)

    released, applied, autoscaler = plan.actions
    assert keys(plan.actions) == [(Apply, DEPLOYMENT), (Apply, DEPLOYMENT), (Apply, AUTOSCALER)]
    assert isinstance(released, Apply)
    assert isinstance(applied, Apply)
    assert isinstance(autoscaler, Apply)
    assert (released.gives_up_replicas, released.manifest["spec"]) == (True, {"replicas": 7})
    assert (applied.gives_up_replicas, "replicas" in applied.manifest["spec"]) == (False, False)
    assert (autoscaler.uid, released.uid) == (None, applied.uid)


@pytest.mark.behaviour("B16")
def test_the_count_of_a_running_autoscaled_endpoint_is_left_alone() -> None:
    endpoint = an_endpoint(autoscaling={"enabled": True})
    live = [a_live(manifest) for manifest in render(endpoint, SCOPE, replicas=None).values()]
    seen = observed(*live)
    scaled = changed(seen.objects[DEPLOYMENT])
    scaled["spec"]["replicas"] = 7
    scaled["status"] = a_deployment_status(7)

    plan = plan_of(running(autoscaling={"enabled": True}), seen.after(DEPLOYMENT, scaled))

    assert plan.actions == ()


@pytest.mark.behaviour("B16", "B34")
def test_an_autoscaler_goes_before_the_record_sets_the_count_again() -> None:
    endpoint = an_endpoint(autoscaling={"enabled": True})
    seen = observed(*(a_live(manifest) for manifest in render(endpoint, SCOPE, replicas=None).values()))

    plan = plan_of(running(replicas=3), seen)

    assert keys(plan.actions) == [(Delete, AUTOSCALER), (Apply, DEPLOYMENT)]
