"""What a plan leaves alone although it is not quite as rendered."""

from dataclasses import replace
from typing import Any

import pytest

from gco_stream.core.models import Apply, Observed
from gco_stream.core.plan import make_plan
from gco_stream.core.status import State
from tests.builders import (
    DEPLOYMENT,
    INGRESS,
    NOW,
    SCOPE,
    SERVICE,
    a_live,
    a_request,
    a_spec,
    an_endpoint,
    everything_of,
    foreign,
    status_of,
)

SYNCED: dict[str, Any] = {"model_source": "s3://models/llama"}
NEWER = replace(SCOPE, model_sync_image="amazon/aws-cli:99")


def request_of(**spec: Any) -> Any:
    return a_request(spec=a_spec(**SYNCED, **spec), desired_state="running")


def test_another_model_sync_image_in_the_settings_restarts_nobody() -> None:
    assert make_plan(request_of(), everything_of(an_endpoint(**SYNCED)), NEWER, now=NOW).actions == ()


def test_another_model_sync_image_comes_with_the_next_change_of_the_pods() -> None:
    (action,) = make_plan(request_of(env={"A": "1"}), everything_of(an_endpoint(**SYNCED)), NEWER, now=NOW).actions

    assert isinstance(action, Apply)
    assert "initContainers[model-sync].image" in action.why


@pytest.mark.behaviour("B14")
def test_a_model_sync_image_that_somebody_else_set_is_put_right() -> None:
    seen = everything_of(an_endpoint(**SYNCED))
    ours = seen.objects[DEPLOYMENT]
    theirs = a_live(dict(ours) | {"spec": _with_image(ours["spec"], "evil:1")}, before=None)
    fields = theirs["metadata"]["managedFields"][0]["fieldsV1"]
    del fields["f:spec"]["f:template"]["f:spec"]["f:initContainers"]['k:{"name":"model-sync"}']["f:image"]

    (action,) = make_plan(request_of(), seen.after(DEPLOYMENT, theirs), SCOPE, now=NOW).actions

    assert "evil:1" in action.why


def _with_image(spec: Any, image: str) -> Any:
    template = spec["template"]
    (sync,) = template["spec"]["initContainers"]
    pod = template["spec"] | {"initContainers": [sync | {"image": image}]}
    return spec | {"template": template | {"spec": pod}}


@pytest.mark.behaviour("B13")
@pytest.mark.parametrize("state", ["stopped", "deleted"])
def test_beside_a_foreign_object_ours_still_stop_and_go(state: str) -> None:
    seen = everything_of(an_endpoint())
    theirs = seen.after(SERVICE, foreign(seen.objects[SERVICE]))

    plan = make_plan(a_request(desired_state=state), theirs, SCOPE, now=NOW)

    assert plan.foreign == (SERVICE,)
    assert {action.key for action in plan.actions} == {INGRESS, DEPLOYMENT}


@pytest.mark.behaviour("B13")
def test_no_object_is_foreign_where_there_is_none() -> None:
    assert make_plan(a_request(desired_state="deleted"), Observed(), SCOPE, now=NOW).foreign == ()


def held(seen: Observed, reason: str = "debugging") -> Observed:
    deployment = dict(seen.objects[DEPLOYMENT])
    deployment["metadata"] = {**deployment["metadata"], "annotations": {"gco.io/hold": reason}}
    return seen.after(DEPLOYMENT, deployment)


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize("state", ["running", "stopped", "deleted"])
def test_an_endpoint_that_is_held_is_left_as_it_is(state: str) -> None:
    request = a_request(spec=a_spec(replicas=3), desired_state=state)

    plan = make_plan(request, held(everything_of(an_endpoint())), SCOPE, now=NOW)

    assert plan.actions == ()
    assert plan.held == "debugging"
    assert plan.held_back != ()
    assert plan.reason == "held: debugging"


@pytest.mark.behaviour("B14")
def test_what_is_held_back_is_not_reported_as_running() -> None:
    request = a_request(spec=a_spec(replicas=3), desired_state="running")
    seen = held(everything_of(an_endpoint()))

    behind = status_of(request, seen, plan=make_plan(request, seen, SCOPE, now=NOW))
    as_wanted = status_of(a_request(), seen, plan=make_plan(a_request(), seen, SCOPE, now=NOW))

    assert (behind.state, behind.reason) == (State.UPDATING, "Held")
    assert (as_wanted.state, as_wanted.reason) == (State.RUNNING, "Held")
