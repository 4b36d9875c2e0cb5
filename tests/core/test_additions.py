import copy
from typing import Any

import pytest

from gco_stream.core.additions import Addition, additions, count_additions
from gco_stream.core.models import Kind
from tests.builders import NAME, a_live, an_endpoint, deployment_of, observed
from tests.server_side_apply import applied

OURS = deployment_of(an_endpoint(env={"A": "1"}))


def with_theirs(*, manager: str = "kubectl-edit", spec: Any = None, **metadata: Any) -> dict[str, Any]:
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "llama", **metadata}}
    return applied(a_live(OURS), theirs | ({"spec": spec} if spec else {}), manager=manager)


def of_container(**container: Any) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [{"name": "inference", **container}]}}}


def paths(live: dict[str, Any]) -> list[str]:
    return [addition.path for addition in additions(live)]


@pytest.mark.behaviour("B14")
def test_what_is_all_ours_has_no_additions() -> None:
    assert additions(a_live(OURS)) == ()


@pytest.mark.behaviour("B14")
def test_a_variable_that_somebody_added_is_named_with_who_did() -> None:
    live = with_theirs(spec=of_container(env=[{"name": "THEIRS", "value": "secret"}]))

    assert additions(live) == (Addition("spec.template.spec.containers[inference].env[THEIRS]", "kubectl-edit"),)
    assert str(additions(live)[0]) == "spec.template.spec.containers[inference].env[THEIRS] by kubectl-edit"


@pytest.mark.behaviour("B14")
def test_a_sidecar_is_one_addition_and_not_each_of_its_fields() -> None:
    live = with_theirs(spec={"template": {"spec": {"containers": [{"name": "sidecar", "image": "x"}]}}})

    assert paths(live) == ["spec.template.spec.containers[sidecar]"]


@pytest.mark.behaviour("B14")
def test_labels_and_annotations_are_additions() -> None:
    assert paths(with_theirs(labels={"team": "nlp"}, annotations={"note": "x"})) == [
        "metadata.annotations.note",
        "metadata.labels.team",
    ]


def test_a_field_that_both_set_alike_is_ours() -> None:
    assert paths(with_theirs(spec={"replicas": 1})) == []


@pytest.mark.behaviour("B16")
def test_replicas_that_we_handed_over_are_nobodys_addition() -> None:
    without_replicas = copy.deepcopy(dict(OURS))
    del without_replicas["spec"]["replicas"]
    handed = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "llama"}, "spec": {"replicas": 4}}

    live = applied(a_live(without_replicas), handed, manager="gco-stream-replicas")

    assert additions(live) == ()


def test_a_hold_is_meant_for_us() -> None:
    assert paths(with_theirs(annotations={"gco.io/hold": "debugging"})) == []


def test_statuses_and_finalizers_are_the_clusters_own_business() -> None:
    live = copy.deepcopy(a_live(OURS))
    fields = {"f:status": {"f:replicas": {}}, "f:metadata": {"f:finalizers": {".": {}, 'v:"x"': {}}}}
    live["metadata"]["managedFields"].append({"manager": "controller", "operation": "Update", "fieldsV1": fields})
    scaled = {"manager": "hpa", "operation": "Update", "subresource": "scale", "fieldsV1": {"f:spec": {"f:x": {}}}}
    live["metadata"]["managedFields"].append(scaled)

    assert additions(live) == ()


@pytest.mark.behaviour("B14")
def test_entries_of_a_list_that_we_do_not_have_are_named_one_by_one() -> None:
    bare = a_live(deployment_of(an_endpoint()))
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "llama"}}
    spec = of_container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])

    live = applied(bare, {**theirs, "spec": spec}, manager="somebody")

    place = "spec.template.spec.containers[inference].env"
    assert paths(live) == [f"{place}[A]", f"{place}[B]"]


@pytest.mark.behaviour("B14")
def test_additions_are_counted_by_kind_and_manager_on_our_objects_alone() -> None:
    live = with_theirs(spec=of_container(env=[{"name": "A2", "value": "x"}]), labels={"team": "red"})
    theirs = applied(None, {**OURS, "metadata": {"name": "llama", "labels": {}}}, manager="helm")

    assert count_additions(observed(live), NAME) == {(Kind.DEPLOYMENT, "kubectl-edit"): 2}
    assert count_additions(observed(theirs), NAME) == {}
