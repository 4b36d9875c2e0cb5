import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given

from gco_stream.core.adoption import adopting_fold, as_folded, is_adoptable, speaks_of_canary
from gco_stream.core.merging import applied_by, fields_of
from gco_stream.core.models import EndpointName, Kind, Manifest, ObjectKey
from gco_stream.core.projection import project
from tests.builders import DEPLOYMENT, INGRESS, NAME, SERVICE, a_live, a_spec, an_endpoint, an_item, manifests_of
from tests.left_behind import kept, left_behind
from tests.poller import ingress, weighted_ingress
from tests.server_side_apply import applied, leaves
from tests.strategies import junk

AUTOSCALER = ObjectKey(Kind.AUTOSCALER, NAME)
AUTOSCALED = {"enabled": True, "min_replicas": 2}
EVERYTHING = an_item(spec=a_spec(autoscaling=AUTOSCALED, canary={"image": "acme/server:v2"}))
REPLICAS = ("f:spec", "f:replicas")

Change = Callable[[dict[str, Any]], object]


def found(key: ObjectKey, *changes: Change) -> dict[str, Any]:
    """One of the poller's objects, changed by hand afterwards."""
    live = copy.deepcopy(dict(left_behind(EVERYTHING).objects[key]))
    for change in changes:
        change(live)
    return live


def metadata(**fields: Any) -> Change:
    return lambda live: live["metadata"].update(fields)


def labels(**more: str) -> Change:
    return lambda live: live["metadata"]["labels"].update(
        {key.replace("__", "/"): value for key, value in more.items()}
    )


def renamed_manager(manager: str, operation: str = "Update") -> Change:
    return lambda live: live["metadata"]["managedFields"][0].update(manager=manager, operation=operation)


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("key", left_behind(EVERYTHING).objects, ids=str)
def test_every_object_of_the_poller_may_be_taken_over(key: ObjectKey) -> None:
    assert is_adoptable(found(key), key, NAME)


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("key", left_behind(EVERYTHING).objects, ids=str)
def test_no_object_of_another_endpoint_is_taken(key: ObjectKey) -> None:
    assert not is_adoptable(found(key), key, EndpointName("other"))


def test_an_ingress_without_a_canary_may_be_taken_over() -> None:
    assert is_adoptable(kept(ingress(an_item())), INGRESS, NAME)


@pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS], ids=str)
def test_what_is_ours_is_not_adopted_again(key: ObjectKey) -> None:
    ours = manifests_of(an_endpoint())[key.kind]

    assert not is_adoptable(a_live(ours), key, NAME)


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("key", left_behind(EVERYTHING).objects, ids=str)
def test_what_was_folded_and_not_applied_yet_may_still_be_taken_over(key: ObjectKey) -> None:
    live = found(key)

    assert is_adoptable(as_folded(live, adopting_fold(live, keeps_replicas=True)), key, NAME)


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("key", left_behind(EVERYTHING).objects, ids=str)
@pytest.mark.parametrize(
    "change",
    [
        lambda live: live["metadata"].pop("labels"),
        labels(app="another"),
        labels(gco__type="x", project="theirs"),
        labels(**{"app.kubernetes.io__managed-by": "Helm"}),
        labels(**{"gco.io__endpoint": NAME}),
        renamed_manager("kubectl-create"),
        renamed_manager("OpenAPI-Generator", "Apply"),
        renamed_manager("helm"),
        metadata(managedFields=[]),
        metadata(annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"}),
        metadata(ownerReferences=[{"kind": "InferenceService", "name": NAME}]),
    ],
    ids=[
        "no labels",
        "another app",
        "another project",
        "a chart's",
        "marked by hand",
        "made with kubectl",
        "applied by a program",
        "made by helm",
        "maker unknown",
        "applied with kubectl",
        "owned by another object",
    ],
)
def test_what_somebody_else_has_a_claim_to_is_never_taken(key: ObjectKey, change: Change) -> None:
    assert not is_adoptable(found(key, change), key, NAME)


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("key", left_behind(EVERYTHING).objects, ids=str)
def test_what_another_tool_applies_as_well_is_never_taken(key: ObjectKey) -> None:
    live = found(key)
    (entry,) = live["metadata"]["managedFields"]
    live["metadata"]["managedFields"].append({**entry, "manager": "argocd-controller", "operation": "Apply"})

    assert not is_adoptable(live, key, NAME)


@pytest.mark.behaviour("B35")
def test_a_deployment_that_the_poller_only_scaled_is_not_its_own() -> None:
    live = found(DEPLOYMENT, renamed_manager("kubectl-create"))
    (entry,) = live["metadata"]["managedFields"]
    scaled = {**entry, "manager": "OpenAPI-Generator", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    live["metadata"]["managedFields"].append(scaled)

    assert not is_adoptable(live, DEPLOYMENT, NAME)


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize(
    ("key", "change"),
    [
        (DEPLOYMENT, lambda live: live["spec"]["template"]["spec"]["containers"][0].update(name="vllm")),
        (DEPLOYMENT, lambda live: live["spec"]["selector"]["matchLabels"].update(tier="gpu")),
        (SERVICE, lambda live: live["spec"]["selector"].update(app="other")),
        (SERVICE, lambda live: live["spec"].update(type="LoadBalancer")),
        (INGRESS, lambda live: live["spec"].update(ingressClassName="nginx")),
        (INGRESS, lambda live: live["spec"].update(rules=[])),
        (INGRESS, lambda live: live["spec"]["rules"].append(a_rule("other"))),
        (INGRESS, lambda live: live["spec"].update(defaultBackend={"service": {"name": "other"}})),
        (AUTOSCALER, lambda live: live["spec"]["scaleTargetRef"].update(name="other")),
        (AUTOSCALER, lambda live: live["spec"]["scaleTargetRef"].update(kind="StatefulSet")),
    ],
)
def test_what_the_poller_never_made_so_is_never_taken(key: ObjectKey, change: Change) -> None:
    assert not is_adoptable(found(key, change), key, NAME)


def a_rule(service_name: str) -> dict[str, Any]:
    backend = {"service": {"name": service_name, "port": {"number": 80}}}
    return {"http": {"paths": [{"path": "/x", "pathType": "Prefix", "backend": backend}]}}


@pytest.mark.parametrize("key", left_behind(EVERYTHING).objects, ids=str)
def test_a_projection_is_never_taken(key: ObjectKey) -> None:
    assert not is_adoptable(project(found(key)), key, NAME)


@given(metadata=junk, spec=junk)
def test_anything_at_all_may_be_asked_about(metadata: Any, spec: Any) -> None:
    for key in left_behind(EVERYTHING).objects:
        assert not is_adoptable({"metadata": metadata, "spec": spec}, key, NAME)


@given(spec=junk, managed=junk)
def test_labels_alone_make_nothing_adoptable(spec: Any, managed: Any) -> None:
    live = {"metadata": {"labels": found(DEPLOYMENT)["metadata"]["labels"], "managedFields": managed}, "spec": spec}

    assert not is_adoptable(live, DEPLOYMENT, NAME)


def owners(live: Mapping[str, Any]) -> dict[tuple[str, str], set[tuple[str, ...]]]:
    """Who owns which fields, as far as anybody owns any."""
    entries = live["metadata"]["managedFields"]
    return {(entry["manager"], entry["operation"]): set(leaves(entry["fieldsV1"])) for entry in entries}


def fold_of(live: Manifest, *, keeps_replicas: bool = False) -> Manifest:
    fold = adopting_fold(live, keeps_replicas=keeps_replicas)
    assert fold is not None
    return as_folded(live, fold)


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("key", left_behind(EVERYTHING).objects, ids=str)
def test_all_that_the_old_client_owns_becomes_ours(key: ObjectKey) -> None:
    live = found(key)

    after = fold_of(live)

    assert owners(after) == {("gco-stream", "Apply"): owners(live)[("OpenAPI-Generator", "Update")]}
    assert {**after, "metadata": {**after["metadata"], "managedFields": None}} == {
        **live,
        "metadata": {**live["metadata"], "managedFields": None},
    }


def test_a_fold_is_bound_to_the_version_that_was_read() -> None:
    live = found(DEPLOYMENT, metadata(resourceVersion="4711"))

    fold = adopting_fold(live, keeps_replicas=False)

    assert fold is not None
    assert fold.resource_version == "4711"


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("manager", ["OpenAPI-Generator", "before-first-apply", "gco-stream"])
def test_a_write_beside_ours_is_folded_too(manager: str) -> None:
    live = a_live(manifests_of(an_endpoint())[Kind.DEPLOYMENT])
    ours = owners(live)[("gco-stream", "Apply")]
    head = {"manager": manager, "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1"}
    live["metadata"]["managedFields"].append({**head, "fieldsV1": {"f:spec": {"f:paused": {}}}})

    assert owners(fold_of(live)) == {("gco-stream", "Apply"): ours | {("f:spec", "f:paused")}}


@pytest.mark.parametrize(
    "entry",
    [
        {"manager": "kubectl-edit", "operation": "Update"},
        {"manager": "kubectl", "operation": "Apply"},
        {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status"},
        {"manager": "kube-controller-manager", "operation": "Update", "subresource": "scale"},
        {"manager": "OpenAPI-Generator", "operation": "Update", "subresource": "scale"},
        {"manager": "OpenAPI-Generator", "operation": "Update", "apiVersion": "extensions/v1beta1"},
    ],
    ids=lambda entry: " ".join(entry.values()),
)
def test_the_entries_of_others_stay_as_they_are(entry: dict[str, str]) -> None:
    live = found(DEPLOYMENT)
    theirs = {"apiVersion": "apps/v1", **entry, "fieldsV1": {"f:spec": {"f:paused": {}}}}
    live["metadata"]["managedFields"].append(theirs)

    after = fold_of(live, keeps_replicas=True)

    assert theirs in after["metadata"]["managedFields"]
    assert not applied_by(fields_of(after, "gco-stream"), ("f:spec", "f:paused"))


@pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS], ids=str)
def test_where_the_old_client_owns_nothing_nothing_is_folded(key: ObjectKey) -> None:
    ours = a_live(manifests_of(an_endpoint())[key.kind])
    edited = applied(ours, {**manifests_of(an_endpoint())[key.kind]}, manager="kubectl")

    assert adopting_fold(ours, keeps_replicas=True) is None
    assert adopting_fold(edited, keeps_replicas=True) is None
    assert adopting_fold(project(found(key)), keeps_replicas=True) is None


@pytest.mark.behaviour("B35")
def test_the_replicas_of_an_autoscaled_deployment_get_an_owner_of_their_own() -> None:
    after = fold_of(found(DEPLOYMENT), keeps_replicas=True)

    assert owners(after)[("gco-stream-replicas", "Apply")] == {REPLICAS}
    assert REPLICAS not in owners(after)[("gco-stream", "Apply")]


@pytest.mark.behaviour("B35")
def test_replicas_that_the_autoscaler_has_set_stay_its_own() -> None:
    live = found(DEPLOYMENT)
    del live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"]

    assert set(owners(fold_of(live, keeps_replicas=True))) == {("gco-stream", "Apply")}


@pytest.mark.behaviour("B35")
def test_a_later_scaling_by_the_poller_leaves_one_owner_of_the_replicas() -> None:
    live = dict(fold_of(found(DEPLOYMENT), keeps_replicas=True))
    scaling = {**live["metadata"]["managedFields"][0], "manager": "OpenAPI-Generator", "operation": "Update"}
    scaling["fieldsV1"] = {"f:spec": {"f:replicas": {}}}
    live["metadata"]["managedFields"] = [*live["metadata"]["managedFields"], scaling]

    after = fold_of(live, keeps_replicas=True)

    managers = [entry["manager"] for entry in after["metadata"]["managedFields"]]
    assert managers == ["gco-stream", "gco-stream-replicas"]
    assert REPLICAS not in owners(after)[("gco-stream", "Apply")]


def test_the_object_that_was_read_is_not_changed_by_folding_it() -> None:
    live = found(DEPLOYMENT)
    before = copy.deepcopy(live)

    fold_of(live, keeps_replicas=True)

    assert live == before


def test_only_an_ingress_with_weights_speaks_of_a_canary() -> None:
    assert speaks_of_canary(kept(weighted_ingress(EVERYTHING)), NAME)
    assert not speaks_of_canary(kept(weighted_ingress(EVERYTHING)), EndpointName("ama"))
    assert not speaks_of_canary(kept(ingress(EVERYTHING)), NAME)
    assert not speaks_of_canary(None, NAME)
