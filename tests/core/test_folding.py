import copy
from typing import Any

import pytest

from gco_stream.core.compare import differences
from gco_stream.core.folding import fold
from gco_stream.core.models import Kind, Manifest
from tests.builders import a_live, an_endpoint, container_of, manifests_of
from tests.server_side_apply import applied


def service() -> Manifest:
    return manifests_of(an_endpoint())[Kind.SERVICE]


def deployment() -> Manifest:
    return manifests_of(an_endpoint())[Kind.DEPLOYMENT]


def a_renamed(intent: Manifest, changed: Manifest) -> dict[str, Any]:
    """The live object after somebody took our entries away and wrote theirs."""
    live = a_live(intent)
    return applied(_without_ours(live, intent), changed, manager="kubectl-edit")


def _without_ours(live: dict[str, Any], intent: Manifest) -> dict[str, Any]:
    bare = copy.deepcopy(live)
    (entry,) = bare["metadata"]["managedFields"]
    if intent["kind"] == "Service":
        del bare["spec"]["ports"]
        del entry["fieldsV1"]["f:spec"]["f:ports"]
    else:
        del bare["spec"]["template"]["spec"]["containers"]
        del entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    return bare


def a_service_on(port: int) -> dict[str, Any]:
    ports = [{"port": port, "targetPort": 8000, "protocol": "TCP"}]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "llama"}, "spec": {"ports": ports}}


def a_deployment_of(container: dict[str, Any]) -> dict[str, Any]:
    pod = {"spec": {"containers": [container]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "llama"}, "spec": {"template": pod}}


def repaired(intent: Manifest, live: dict[str, Any]) -> dict[str, Any]:
    """Fold and apply, as the API server does it."""
    folded = fold(intent, live)
    assert folded is not None
    after = copy.deepcopy(live)
    after["metadata"]["managedFields"] = copy.deepcopy(list(folded.managed_fields))
    return applied(after, intent, manager="gco-stream")


@pytest.mark.behaviour("B14")
def test_a_port_that_somebody_renumbered_is_taken_back() -> None:
    live = a_renamed(service(), a_service_on(8081))

    after = repaired(service(), live)

    assert [entry["port"] for entry in after["spec"]["ports"]] == [80]
    assert differences(service(), after) == ()


@pytest.mark.behaviour("B14")
def test_a_container_that_somebody_renamed_is_taken_back() -> None:
    theirs = {**container_of(deployment()), "name": "renamed"}
    live = a_renamed(deployment(), a_deployment_of(theirs))

    after = repaired(deployment(), live)

    assert [entry["name"] for entry in after["spec"]["template"]["spec"]["containers"]] == ["inference"]
    assert differences(deployment(), after) == ()


def test_the_version_that_was_read_is_named() -> None:
    live = a_renamed(service(), a_service_on(8081))

    folded = fold(service(), live)

    assert folded is not None
    assert folded.resource_version == live["metadata"]["resourceVersion"]


@pytest.mark.behaviour("B14")
def test_an_entry_beside_ours_stays_theirs() -> None:
    live = applied(a_live(service()), a_service_on(9090), manager="kubectl-edit")

    assert fold(service(), live) is None


@pytest.mark.behaviour("B14")
def test_another_port_in_the_record_folds_nothing() -> None:
    live = a_live(deployment())

    assert fold(manifests_of(an_endpoint(port=9000))[Kind.DEPLOYMENT], live) is None


def test_an_object_that_is_as_we_want_it_folds_nothing() -> None:
    assert fold(deployment(), a_live(deployment())) is None


def test_where_we_never_applied_anything_nothing_is_folded() -> None:
    live = a_renamed(service(), a_service_on(8081))
    live["metadata"]["managedFields"] = [{"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {}}]

    assert fold(service(), live) is None


@pytest.mark.behaviour("B14")
def test_a_sidecar_outlives_the_renaming_of_our_container() -> None:
    renamed = {**container_of(deployment()), "name": "renamed"}
    sidecar = {"name": "otel", "image": "otel:1"}
    live = a_renamed(deployment(), a_deployment_of(renamed))
    live = applied(live, a_deployment_of(sidecar), manager="operator")

    after = repaired(deployment(), live)

    assert {entry["name"] for entry in after["spec"]["template"]["spec"]["containers"]} == {"inference", "otel"}


@pytest.mark.behaviour("B14")
def test_a_port_that_somebody_added_outlives_another_port_in_the_record() -> None:
    theirs = {"name": "inference", "ports": [{"containerPort": 9090, "protocol": "TCP"}]}
    live = applied(a_live(deployment()), a_deployment_of(theirs), manager="kubectl-edit")

    assert fold(manifests_of(an_endpoint(port=9000))[Kind.DEPLOYMENT], live) is None
