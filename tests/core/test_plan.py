from typing import Any

import pytest

from gco_stream.core.models import Action, Apply, Delete, EndpointName, Manifest, ObjectKey, Observed
from gco_stream.core.plan import Plan, explain_foreign, make_plan
from gco_stream.core.publication import Publication
from gco_stream.core.route import Route
from gco_stream.core.wish import Request, read_request
from tests.builders import (
    DEPLOYMENT,
    ELSEWHERE,
    INGRESS,
    NAME,
    NOW,
    SCOPE,
    SERVICE,
    a_deployment_status,
    a_live,
    a_request,
    a_spec,
    an_endpoint,
    changed,
    deployment_of,
    everything_of,
    foreign,
    leaving,
    observed,
)


def plan_of(request: Request, seen: Observed) -> Plan:
    return make_plan(request, seen, SCOPE, now=NOW)


def running(**spec: Any) -> Request:
    return a_request(spec=a_spec(**spec), desired_state="running")


def keys(actions: tuple[Action, ...]) -> list[tuple[type[Action], ObjectKey]]:
    return [(type(action), action.key) for action in actions]


def with_object(seen: Observed, live: Manifest) -> Observed:
    (key,) = [
        key
        for key in (DEPLOYMENT, SERVICE, INGRESS)
        if (key.kind, key.name) == (live["kind"], live["metadata"]["name"])
    ]
    return seen.after(key, live)


@pytest.mark.behaviour("B14")
def test_a_new_endpoint_gets_a_service_and_a_deployment_first() -> None:
    plan = plan_of(running(), Observed())

    assert keys(plan.actions) == [(Apply, SERVICE), (Apply, DEPLOYMENT)]
    assert all(isinstance(action, Apply) and action.uid is None for action in plan.actions)
    assert plan.reason == "apply Service llama: missing; apply Deployment llama: missing"


@pytest.mark.behaviour("B14")
def test_the_plan_for_a_converged_endpoint_is_empty() -> None:
    plan = plan_of(running(), everything_of(an_endpoint()))

    assert plan == Plan(publication=Publication(route=Route()))
    assert plan.reason == ""


@pytest.mark.behaviour("B14")
def test_a_difference_is_applied_to_the_object_that_was_seen_with_the_reason() -> None:
    seen = everything_of(an_endpoint())

    plan = plan_of(running(replicas=3), seen)

    (action,) = plan.actions
    assert isinstance(action, Apply)
    assert action.uid == seen.objects[DEPLOYMENT]["metadata"]["uid"]
    assert action.manifest == deployment_of(an_endpoint(replicas=3))
    assert plan.reason == "apply Deployment llama: spec.replicas: 1 → 3"


def test_a_long_list_of_differences_is_cut() -> None:
    seen = everything_of(an_endpoint())

    plan = plan_of(running(image="vllm/vllm:1", port=9, model_path="/m", capacity_type="spot", gpu_count=4), seen)

    assert all(action.why.count(",") <= 5 for action in plan.actions)
    assert "more" in plan.reason


@pytest.mark.behaviour("B19")
def test_an_endpoint_is_published_at_its_first_ready_replica() -> None:
    for ready, published in ((0, False), (1, True)):
        status = a_deployment_status(2, ready=ready)
        seen = everything_of(an_endpoint(replicas=2), published=False, **status)

        plan = plan_of(running(replicas=2), seen)

        assert keys(plan.actions) == ([(Apply, INGRESS)] if published else [])


@pytest.mark.behaviour("B19")
def test_what_is_published_stays_so_when_its_replicas_are_lost() -> None:
    seen = everything_of(an_endpoint(), **a_deployment_status(1, ready=0))

    plan = plan_of(running(), seen)

    assert plan.actions == ()
    assert plan.publication is not None
    assert plan.publication.is_on


@pytest.mark.behaviour("B16")
@pytest.mark.behaviour("B19")
def test_no_replicas_means_not_published_and_scaled_down() -> None:
    plan = plan_of(running(replicas=0), everything_of(an_endpoint()))

    assert keys(plan.actions) == [(Delete, INGRESS), (Apply, DEPLOYMENT)]


@pytest.mark.behaviour("B19")
def test_an_ingress_waits_for_a_service_that_is_leaving() -> None:
    ready = everything_of(an_endpoint(), published=False)
    seen = with_object(ready, leaving(ready.objects[SERVICE]))

    plan = plan_of(running(), seen)

    assert plan.actions == ()


@pytest.mark.behaviour("B27")
@pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS])
def test_what_is_leaving_is_waited_for(key: ObjectKey) -> None:
    seen = everything_of(an_endpoint())

    plan = plan_of(running(port=9000), with_object(seen, leaving(seen.objects[key])))

    assert key not in [action.key for action in plan.actions]


@pytest.mark.behaviour("B13")
@pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS])
@pytest.mark.parametrize("state", ["running", "stopped", "deleted"])
def test_foreign_objects_are_never_acted_upon(key: ObjectKey, state: str) -> None:
    seen = everything_of(an_endpoint())
    theirs = with_object(seen, foreign(seen.objects[key]))

    plan = plan_of(a_request(desired_state=state, spec=a_spec(port=9000)), theirs)

    assert key not in [action.key for action in plan.actions]


@pytest.mark.behaviour("B13")
def test_one_foreign_object_keeps_an_endpoint_from_running_and_is_named() -> None:
    seen = everything_of(an_endpoint())

    plan = plan_of(running(), observed(foreign(seen.objects[SERVICE])))

    assert plan == Plan(foreign=(SERVICE,))
    assert plan.reason == "foreign objects: Service llama"
    assert "Service llama exists already without the label app.kubernetes.io/managed-by" in explain_foreign(
        plan.foreign
    )


@pytest.mark.behaviour("B23")
@pytest.mark.parametrize("spec", [a_spec(), {}, "junk", {"image": "", "port": "abc"}])
def test_stopping_unpublishes_and_scales_down_whatever_the_spec_says(spec: Any) -> None:
    endpoint = an_endpoint(replicas=3, env={"A": "1"}, labels={"team": "nlp"})
    seen = everything_of(endpoint)

    plan = plan_of(a_request(desired_state="stopped", spec=spec), seen)

    takes, scales = plan.actions
    assert takes == Delete(key=INGRESS, uid=seen.objects[INGRESS]["metadata"]["uid"], why="stopped")
    assert isinstance(scales, Apply)
    assert scales.manifest == deployment_of(endpoint, replicas=0)
    assert scales.uid == seen.objects[DEPLOYMENT]["metadata"]["uid"]


@pytest.mark.behaviour("B23")
def test_stopping_what_was_never_made_makes_nothing() -> None:
    assert plan_of(a_request(desired_state="stopped"), Observed(pods=())) == Plan()


@pytest.mark.behaviour("B23")
def test_what_is_stopped_is_left_alone() -> None:
    seen = everything_of(an_endpoint(replicas=0), published=False)

    assert plan_of(a_request(desired_state="stopped", spec=a_spec(port=9000)), seen) == Plan()


@pytest.mark.behaviour("B23")
def test_stopping_keeps_what_others_added() -> None:
    live = a_live(deployment_of(an_endpoint()))
    live["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "x"})

    (action,) = plan_of(a_request(desired_state="stopped"), observed(live)).actions

    assert isinstance(action, Apply)
    assert action.manifest == deployment_of(an_endpoint(), replicas=0)


@pytest.mark.behaviour("B26")
def test_deleting_takes_everything_away_from_the_outside_in() -> None:
    seen = everything_of(an_endpoint())

    plan = plan_of(a_request(desired_state="deleted"), seen)

    assert keys(plan.actions) == [(Delete, INGRESS), (Delete, SERVICE), (Delete, DEPLOYMENT)]
    assert [action.uid for action in plan.actions] == [seen.objects[a.key]["metadata"]["uid"] for a in plan.actions]
    assert {action.why for action in plan.actions} == {"deleted"}


@pytest.mark.behaviour("B26")
@pytest.mark.parametrize("gone", [DEPLOYMENT, SERVICE, INGRESS])
def test_deleting_does_not_hang_on_any_object_being_there(gone: ObjectKey) -> None:
    plan = plan_of(a_request(desired_state="deleted"), everything_of(an_endpoint()).after(gone, None))

    assert [action.key for action in plan.actions] == [key for key in (INGRESS, SERVICE, DEPLOYMENT) if key != gone]


@pytest.mark.behaviour("B26")
def test_what_is_being_deleted_is_not_deleted_again() -> None:
    seen = everything_of(an_endpoint())
    all_leave = Observed(objects={key: leaving(live) for key, live in seen.objects.items()}, pods=())

    assert plan_of(a_request(desired_state="deleted"), all_leave).actions == ()


@pytest.mark.behaviour("B7")
def test_nothing_is_kept_where_the_region_is_no_target() -> None:
    plan = plan_of(
        a_request(desired_state="running", target_regions=[ELSEWHERE], spec="junk"), everything_of(an_endpoint())
    )

    assert keys(plan.actions) == [(Delete, INGRESS), (Delete, SERVICE), (Delete, DEPLOYMENT)]
    assert {action.why for action in plan.actions} == {"the region is no longer a target"}


@pytest.mark.behaviour("B7")
def test_where_nothing_is_owned_nothing_is_done() -> None:
    assert plan_of(a_request(target_regions=[ELSEWHERE]), Observed(pods=())) == Plan()


@pytest.mark.behaviour("B8")
@pytest.mark.parametrize("change", [{"desired_state": "off"}, {"target_regions": []}, {"spec": {}}, {"namespace": "x"}])
def test_a_record_that_cannot_be_read_leaves_everything_as_it_is(change: dict[str, Any]) -> None:
    assert plan_of(a_request(**change), everything_of(an_endpoint())) == Plan()


def test_a_record_that_is_gone_leaves_everything_as_it_is() -> None:
    assert plan_of(read_request(EndpointName(NAME), None, SCOPE), everything_of(an_endpoint())) == Plan()


@pytest.mark.behaviour("B13")
def test_an_object_of_another_endpoint_is_foreign() -> None:
    live = a_live(deployment_of(an_endpoint()))
    labels = {**live["metadata"]["labels"], "gco.io/endpoint": "other"}

    assert plan_of(running(), observed(changed(live, labels=labels))).foreign == (DEPLOYMENT,)
