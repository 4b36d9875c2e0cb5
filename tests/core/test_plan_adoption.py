"""From what the poller left to an endpoint of ours: plans, carried out in memory until nothing is left to do."""

import copy
from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.models import Item, Kind, Manifest, ObjectKey, Observed, canary_name
from gco_stream.core.plan import Plan, make_plan
from gco_stream.core.projection import project
from gco_stream.core.route import read_route
from tests.builders import (
    DEPLOYMENT,
    INGRESS,
    NAME,
    NOW,
    SCOPE,
    SERVICE,
    a_deployment_status,
    a_request,
    an_item,
    container_of,
)
from tests.cluster_model import ClusterModel
from tests.left_behind import left_behind

HEALTH_PATH = "alb.ingress.kubernetes.io/healthcheck-path"
AUTOSCALER = ObjectKey(Kind.AUTOSCALER, NAME)
CANARY = ObjectKey(Kind.DEPLOYMENT, canary_name(NAME))
VLLM = "vllm/vllm-openai:v1"


def a_record(**spec: Any) -> Item:
    return an_item(spec={"image": "acme/server:v1", **spec})


def left_for(item: Item) -> ClusterModel:
    model = ClusterModel()
    model.objects = {key: copy.deepcopy(dict(live)) for key, live in left_behind(item).objects.items()}
    model.work()
    return model


def plan_for(item: Item, observed: Observed, *, minutes: int = 0) -> Plan:
    return make_plan(a_request(item), observed, SCOPE, now=NOW + timedelta(minutes=minutes))


def converged(model: ClusterModel, item: Item) -> ClusterModel:
    """Carry plans out, one a minute, so that drains and the like are over, until two in a row have nothing to do."""
    idle = 0
    for minute in range(8):
        actions = plan_for(item, model.observe(NAME), minutes=minute).actions
        idle = 0 if actions else idle + 1
        if idle == 2:
            return model
        for action in actions:
            model.carry_out(action)
        model.work()
    raise AssertionError("there is always something left to do")


def seen_thinly(model: ClusterModel) -> Observed:
    return Observed(objects={key: project(live) for key, live in model.observe(NAME).objects.items()})


def template(live: Manifest) -> Any:
    return live["spec"]["template"]


NEVER_APPLIED = [
    {"port": 9000},
    {"health_check_path": "/ready"},
    {"env": {"A": "1"}},
    {"image": "vllm/vllm-openai:v1"},
    {"gpu_count": 2, "tolerations": [{"operator": "Exists"}]},
]


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("edit", NEVER_APPLIED, ids=str)
def test_edits_that_the_poller_never_applied_reach_neither_pods_nor_traffic(edit: dict[str, Any]) -> None:
    model = left_for(a_record())
    before = copy.deepcopy(model.objects)

    converged(model, a_record(**edit))

    assert template(model.objects[DEPLOYMENT]) == template(before[DEPLOYMENT])
    assert model.objects[SERVICE]["spec"]["ports"] == before[SERVICE]["spec"]["ports"]
    annotations = [there[INGRESS]["metadata"]["annotations"][HEALTH_PATH] for there in (model.objects, before)]
    assert annotations[0] == annotations[1]


@pytest.mark.behaviour("B35")
def test_the_load_balancer_asks_where_the_pods_that_were_found_are() -> None:
    item = a_record(image="acme/postgis:v1")

    model = converged(left_for(item), item)

    asked = container_of(model.objects[DEPLOYMENT])["readinessProbe"]["httpGet"]["path"]
    assert model.objects[INGRESS]["metadata"]["annotations"][HEALTH_PATH] == asked


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("edit", [{}, *NEVER_APPLIED], ids=str)
def test_what_was_taken_over_is_seen_to_be_so_without_a_request(edit: dict[str, Any]) -> None:
    item = a_record(**edit)

    model = converged(left_for(a_record()), item)

    assert plan_for(item, seen_thinly(model)).actions == ()


@pytest.mark.behaviour("B35")
def test_the_next_edit_applies_everything() -> None:
    model = converged(left_for(a_record()), a_record(port=9000))

    converged(model, a_record(port=9000, env={"A": "1"}))

    container = container_of(model.objects[DEPLOYMENT])
    assert (container["env"], container["ports"][0]["containerPort"]) == ([{"name": "A", "value": "1"}], 9000)


@pytest.mark.behaviour("B35")
def test_no_count_moves_and_the_autoscaler_stays() -> None:
    item = a_record(replicas=4, autoscaling={"enabled": True})

    model = converged(left_for(item), item)

    assert model.objects[DEPLOYMENT]["spec"]["replicas"] == 4
    assert model.objects[AUTOSCALER]["metadata"]["labels"]["gco.io/endpoint"] == NAME


def weight_of_canary(model: ClusterModel) -> int | None:
    route = read_route(model.objects[INGRESS], NAME)
    assert route is not None
    return route.canary


@pytest.mark.behaviour("B35")
def test_a_canary_that_answers_where_the_load_balancer_asks_keeps_its_share_throughout() -> None:
    item = a_record(canary={"image": "acme/server:v2", "weight": 20})
    model = left_for(item)

    plan = plan_for(item, model.observe(NAME))

    assert plan.publication is not None
    assert (plan.publication.reason, plan.publication.route) == (None, read_route(model.objects[INGRESS], NAME))
    assert weight_of_canary(converged(model, item)) == 20


@pytest.mark.behaviour("B20", "B35")
def test_a_canary_that_was_found_under_another_path_has_no_share_and_stays() -> None:
    item = a_record(image=VLLM, canary={"image": f"{VLLM}-b", "weight": 20})
    model = left_for(item)
    before = template(model.objects[CANARY])

    converged(model, item)

    assert weight_of_canary(model) is None
    assert template(model.objects[CANARY]) == before
    for seen in (model.observe(NAME), seen_thinly(model)):
        plan = plan_for(item, seen, minutes=9)
        assert plan.publication is not None
        assert (plan.actions, plan.publication.reason) == ((), "CanaryUnavailable")


@pytest.mark.behaviour("B20", "B35")
def test_a_canary_that_was_found_under_another_path_gets_its_share_by_the_next_edit() -> None:
    item = a_record(image=VLLM, canary={"image": f"{VLLM}-b", "weight": 20})
    model = converged(left_for(item), item)

    converged(model, a_record(image=VLLM, canary={"image": f"{VLLM}-c", "weight": 20}))

    assert container_of(model.objects[CANARY])["args"] == ["--root-path", f"/inference/{NAME}"]
    assert weight_of_canary(model) == 20


@pytest.mark.behaviour("B20", "B35")
def test_the_last_pods_under_another_path_get_no_share_while_they_are_replaced() -> None:
    item = a_record(image=VLLM, canary={"image": f"{VLLM}-b", "weight": 20})
    model = converged(left_for(item), item)
    edited = a_record(image=VLLM, canary={"image": f"{VLLM}-c", "weight": 20})

    for action in plan_for(edited, model.observe(NAME)).actions:
        model.carry_out(action)
    live = model.objects[CANARY]
    live["status"] = a_deployment_status(1, updated=1, old=1, ready=1, generation=live["metadata"]["generation"])

    for minutes in (1, 9):
        plan = plan_for(edited, model.observe(NAME), minutes=minutes)
        assert plan.publication is not None
        assert (plan.actions, plan.publication.reason) == ((), "CanaryUnavailable")


@pytest.mark.behaviour("B35")
def test_a_canary_of_the_pollers_that_is_over_is_taken_away() -> None:
    old = a_record(canary={"image": "acme/server:v2"})
    model = left_for(old)

    plan = plan_for(a_record(), model.observe(NAME))

    assert plan.foreign == ()
    converged(model, a_record())
    assert {key.name for key in model.objects} == {NAME, f"inference-{NAME}"}
    assert "weighted-routing" not in str(model.objects[INGRESS])


@pytest.mark.behaviour("B35")
def test_an_endpoint_that_is_called_like_a_canary_is_left_alone() -> None:
    model = left_for(a_record())
    other = left_for({**a_record(), "endpoint_name": f"{NAME}-canary"})
    model.objects |= other.objects

    converged(model, a_record())

    assert all(model.objects[key] == live for key, live in other.objects.items())
