"""Who has changed what we applied."""

from typing import Any

import pytest

from gco_stream.core.drift import Corrections, Drift, drift, is_applied_already
from gco_stream.core.models import Action, Apply, Delete, Kind, Manifest, ObjectKey, Observed
from gco_stream.core.plan import make_plan
from gco_stream.core.wish import Request
from tests.builders import (
    DEPLOYMENT,
    INGRESS,
    NAME,
    NOW,
    REGION,
    SCOPE,
    SERVICE,
    a_live,
    a_request,
    a_spec,
    a_status,
    an_endpoint,
    an_item,
    deployment_of,
    everything_of,
)
from tests.server_side_apply import applied

pytestmark = pytest.mark.behaviour("B14")

OURS = deployment_of(an_endpoint(env={"A": "1"}))


def of_container(**container: Any) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [{"name": "inference", **container}]}}}


def after_hands(live: Manifest, *, manager: str = "kubectl-edit", spec: Any = None, **metadata: Any) -> dict[str, Any]:
    """An object after somebody has set fields of it by force, as an edit does."""
    theirs = {"apiVersion": "apps/v1", "kind": live["kind"], "metadata": {"name": live["metadata"]["name"], **metadata}}
    return applied(live, theirs | ({"spec": spec} if spec else {}), manager=manager)


def repairing(manifest: Manifest, live: Manifest) -> Apply:
    key = ObjectKey(Kind(manifest["kind"]), manifest["metadata"]["name"])
    return Apply(key=key, manifest=manifest, uid=live["metadata"]["uid"], why="differs")


def found(live: Manifest, manifest: Manifest = OURS, *, is_repeated: bool = False) -> dict[str, tuple[str, ...]]:
    drifts = drift(repairing(manifest, live), live, is_repeated=is_repeated)
    return {one.manager: one.paths for one in drifts}


class TestFields:
    def test_a_value_that_somebody_changed_is_theirs(self) -> None:
        live = after_hands(a_live(OURS), spec=of_container(image="theirs:v9"))

        assert found(live) == {"kubectl-edit": ("spec.template.spec.containers[inference].image",)}

    def test_a_variable_a_label_and_the_replicas_are_found_as_well(self) -> None:
        spec = {"replicas": 7, **of_container(env=[{"name": "A", "value": "secret"}])}
        live = after_hands(a_live(OURS), spec=spec, labels={"app": "theirs"})

        assert found(live)["kubectl-edit"] == (
            "metadata.labels.app",
            "spec.replicas",
            "spec.template.spec.containers[inference].env[A].value",
        )

    def test_each_of_several_is_named_with_what_they_changed(self) -> None:
        live = after_hands(a_live(OURS), spec={"replicas": 7}, manager="kubectl-scale")
        live = after_hands(live, spec=of_container(image="theirs:v9"))

        assert list(found(live)) == ["kubectl-edit", "kubectl-scale"]

    def test_what_they_add_beside_ours_is_no_drift(self) -> None:
        live = after_hands(a_live(OURS), spec=of_container(env=[{"name": "B", "value": "2"}]), labels={"team": "nlp"})

        assert found(live) == {}

    def test_what_is_still_ours_and_wanted_otherwise_is_a_step_of_our_own(self) -> None:
        later = deployment_of(an_endpoint(image="acme/server:v2", env={"A": "1"}))

        assert found(a_live(OURS), later) == {}

    def test_what_we_have_never_applied_and_nobody_owns_is_a_step_of_our_own(self) -> None:
        later = deployment_of(an_endpoint(env={"A": "1", "B": "2"}))

        assert found(a_live(OURS), later) == {}

    def test_counters_are_nobodys_business(self) -> None:
        live = a_live(OURS)
        status = {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status"}
        live["metadata"]["managedFields"].append({**status, "fieldsV1": {"f:status": {"f:replicas": {}}}})

        assert found(live) == {}

    def test_what_somebody_took_away_is_told_by_the_same_intent_being_applied_again(self) -> None:
        assert found(a_live(OURS), is_repeated=True) == {"unknown": ()}

    def test_who_is_known_is_named_though_the_intent_is_the_same(self) -> None:
        live = after_hands(a_live(OURS), spec=of_container(image="theirs:v9"))

        assert list(found(live, is_repeated=True)) == ["kubectl-edit"]


class TestSentence:
    def test_it_says_what_where_and_who(self) -> None:
        live = after_hands(a_live(OURS), spec=of_container(image="theirs:v9"))

        (one,) = drift(repairing(OURS, live), live, is_repeated=False)

        assert str(one) == "corrected image on Deployment llama, last written by kubectl-edit"

    def test_values_are_never_told(self) -> None:
        live = after_hands(a_live(OURS), spec=of_container(env=[{"name": "A", "value": "secret"}]))

        (one,) = drift(repairing(OURS, live), live, is_repeated=False)

        assert str(one) == "corrected env[A].value on Deployment llama, last written by kubectl-edit"

    def test_a_long_list_is_cut(self) -> None:
        one = Drift(key=SERVICE, manager="helm", paths=tuple("abcdefg"))

        assert str(one) == "corrected a, b, c, d, e and 2 more on Service llama, last written by helm"

    def test_what_is_not_known_is_said(self) -> None:
        one = Drift(key=SERVICE, manager="unknown")

        assert str(one) == "corrected something removed on Service llama, last written by unknown"


def reported(state: str, *, desired: str = "running", spec: Any = None, **status: Any) -> Request:
    """A look at a record whose last status was about ``spec``, by default the one that it has now."""
    item = an_item(desired_state=desired)
    told = item if spec is None else an_item(spec=spec)
    return a_request({**item, "region_status": {REGION: a_status(state, told, **status)}})


class TestWhatWasAppliedAlready:
    @pytest.mark.parametrize("state", ["creating", "updating", "running"])
    def test_an_endpoint_on_its_way_or_there(self, state: str) -> None:
        assert is_applied_already(reported(state), REGION)

    @pytest.mark.parametrize("state", ["stopping", "stopped"])
    def test_an_endpoint_that_should_be_stopped_and_was_scaled_to_none(self, state: str) -> None:
        assert is_applied_already(reported(state, desired="stopped"), REGION)

    @pytest.mark.parametrize(
        "request_",
        [
            reported("running", spec=a_spec(replicas=9)),
            reported("error"),
            reported("running", reason="Held"),
            reported("stopped"),
            reported("running", desired="stopped"),
            reported("running", observed_spec=...),
            a_request(),
        ],
        ids=["another spec", "error", "held", "starting", "stopping", "a poller's", "new"],
    )
    def test_nothing_else(self, request_: Request) -> None:
        assert not is_applied_already(request_, REGION)


def hacked() -> Observed:
    seen = everything_of(an_endpoint())
    live = after_hands(seen.objects[DEPLOYMENT], spec=of_container(image="theirs:v9"))
    return Observed(objects={**seen.objects, DEPLOYMENT: live})


class TestCounting:
    def test_what_a_plan_corrects_is_counted_by_kind_and_manager_once_it_is_done(self) -> None:
        corrections, request, seen = Corrections(), reported("running"), hacked()
        (action,) = make_plan(request, seen, SCOPE, now=NOW).actions

        drifts = corrections.found(request, REGION, action, seen.get(action.key))
        assert not corrections.counts
        corrections.note(action, seen.get(action.key), drifts)

        assert corrections.counts == {(Kind.DEPLOYMENT, "kubectl-edit"): 1}

    def test_a_change_of_the_record_is_none(self) -> None:
        request, seen = reported("running", spec=a_spec(replicas=9)), hacked()
        (action,) = make_plan(request, seen, SCOPE, now=NOW).actions

        assert Corrections().found(request, REGION, action, seen.get(action.key)) == ()

    def test_what_is_made_or_taken_away_is_none(self) -> None:
        live = hacked().objects[DEPLOYMENT]
        missing = Apply(key=DEPLOYMENT, manifest=OURS, uid=None, why="missing")
        actions: list[tuple[Action, Manifest | None]] = [
            (missing, None),
            (Delete(key=DEPLOYMENT, uid=live["metadata"]["uid"], why="the canary has ended"), live),
        ]

        assert [Corrections().found(reported("running"), REGION, action, there) for action, there in actions] == [
            ()
        ] * 2

    def test_the_same_intent_on_the_same_object_is_known_again(self) -> None:
        corrections, live = Corrections(), a_live(OURS)
        action = repairing(OURS, live)
        corrections.note(action, live, ())

        (one,) = corrections.found(reported("running"), REGION, action, live)

        assert one == Drift(key=DEPLOYMENT, manager="unknown")

    def test_the_same_intent_on_another_object_is_not(self) -> None:
        corrections, live, other = Corrections(), a_live(OURS), a_live(OURS)
        corrections.note(repairing(OURS, live), live, ())

        assert corrections.found(reported("running"), REGION, repairing(OURS, other), other) == ()

    def test_no_more_is_remembered_than_is_useful(self) -> None:
        corrections, live = Corrections(), a_live(OURS)
        first = repairing(OURS, live)
        corrections.note(first, live, ())

        for number in range(4096):
            key = ObjectKey(Kind.SERVICE, f"{NAME}-{number}")
            corrections.note(Apply(key=key, manifest=OURS, uid="x", why=""), live, ())

        assert corrections.found(reported("running"), REGION, first, live) == ()


def test_an_ingress_is_told_by_the_same_rule() -> None:
    live = everything_of(an_endpoint()).objects[INGRESS]
    manifest = {field: live[field] for field in ("kind", "spec")}
    intent = {"apiVersion": "networking.k8s.io/v1", **manifest, "metadata": {"name": INGRESS.name}}
    theirs = after_hands(live, spec={"ingressClassName": "nginx"})

    assert found(theirs, intent) == {"kubectl-edit": ("spec.ingressClassName",)}
