"""The overlays: names and labels, what differs between them, and that what is kept of them is what they make."""

import re

import pytest

from gco_stream.errors import InvalidSettings
from gco_stream.settings import read_settings
from tests.k8s.built import (
    BASE,
    KEPT,
    OVERLAYS,
    built,
    container_of,
    environment_of,
    kept_text,
    pod_spec,
)
from tests.world import Manifest
from tests.world.parts import Parts

NAMES = {
    "ServiceAccount": ("gco-system", "gco-inference-monitor-sa"),
    "Deployment": ("gco-system", "inference-monitor"),
    "Role": ("gco-inference", "gco-inference-monitor-role"),
    "RoleBinding": ("gco-inference", "gco-inference-monitor-binding"),
    "PodDisruptionBudget": ("gco-system", "inference-monitor-pdb"),
    "NetworkPolicy": ("gco-system", "inference-monitor"),
    "PriorityClass": (None, "gco-inference-monitor"),
}
APPLIED_BY_THE_PLATFORM = NAMES.keys() - {"PriorityClass"}
ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
AWS_TOKEN = "aws-iam-token"

every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)
those_with_a_role = pytest.mark.parametrize("overlay", ["irsa", "gco"])


@every_overlay
def test_what_is_kept_is_what_kustomize_makes(world_parts: Parts, overlay: str) -> None:
    assert KEPT[overlay].read_text() == kept_text(world_parts, overlay), "make manifests writes it anew"


@pytest.mark.behaviour("B36")
@every_overlay
def test_names_and_labels_are_those_that_the_platform_looks_for(world_parts: Parts, overlay: str) -> None:
    found = built(world_parts, OVERLAYS[overlay])

    names = {kind: (m["metadata"].get("namespace"), m["metadata"]["name"]) for kind, m in found.items()}
    assert names.items() <= NAMES.items()
    assert names.keys() >= APPLIED_BY_THE_PLATFORM
    assert {m["metadata"]["labels"]["app"] for m in found.values()} == {"inference-monitor"}
    deployment = found["Deployment"]["spec"]
    assert deployment["selector"] == {"matchLabels": {"app": "inference-monitor"}}
    assert deployment["template"]["metadata"]["labels"] == {"app": "inference-monitor", "project": "gco"}
    assert pod_spec(found["Deployment"])["serviceAccountName"] == "gco-inference-monitor-sa"
    assert found["RoleBinding"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "gco-inference-monitor-sa", "namespace": "gco-system"}
    ]


@pytest.mark.behaviour("B36")
@those_with_a_role
def test_the_token_for_aws_is_where_the_environment_says(world_parts: Parts, overlay: str) -> None:
    found = built(world_parts, OVERLAYS[overlay])

    (volume,) = [v for v in pod_spec(found["Deployment"])["volumes"] if v["name"] == AWS_TOKEN]
    (mount,) = [m for m in container_of(found["Deployment"])["volumeMounts"] if m["name"] == AWS_TOKEN]
    (source,) = volume["projected"]["sources"]
    variables = environment_of(found["Deployment"])
    assert source["serviceAccountToken"]["audience"] == "sts.amazonaws.com"
    assert variables["AWS_WEB_IDENTITY_TOKEN_FILE"] == f"{mount['mountPath']}/{source['serviceAccountToken']['path']}"
    assert variables["AWS_ROLE_ARN"] == found["ServiceAccount"]["metadata"]["annotations"][ROLE_ANNOTATION]


def test_with_pod_identity_nothing_comes_before_the_agents_credentials(world_parts: Parts) -> None:
    found = built(world_parts, OVERLAYS["pod-identity"])

    assert "annotations" not in found["ServiceAccount"]["metadata"]
    assert AWS_TOKEN not in [volume["name"] for volume in pod_spec(found["Deployment"])["volumes"]]
    assert [name for name in environment_of(found["Deployment"]) if name.startswith("AWS_")] == [
        "AWS_EC2_METADATA_DISABLED"
    ]


@pytest.mark.behaviour("B36")
@pytest.mark.parametrize("overlay", ["irsa", "pod-identity"])
def test_an_overlays_environment_is_all_that_the_controller_needs(world_parts: Parts, overlay: str) -> None:
    found = built(world_parts, OVERLAYS[overlay])

    settings = read_settings(environment_of(found["Deployment"]))

    assert (settings.cluster_name, settings.region, settings.table_region) == ("gco-us-east-1", *["us-east-1"] * 2)
    assert settings.table_name == "gco-inference-endpoints"
    assert settings.namespace == found["Role"]["metadata"]["namespace"]


def test_the_base_alone_names_no_region_so_that_nobody_runs_it_as_it_is(world_parts: Parts) -> None:
    variables = environment_of(built(world_parts, BASE)["Deployment"])

    with pytest.raises(InvalidSettings, match="REGION is missing"):
        read_settings(variables)


@pytest.mark.behaviour("B36")
def test_the_platforms_deployer_finds_its_placeholders_and_no_interval_of_the_poller(world_parts: Parts) -> None:
    placeholders = set(re.findall(r"{{\w+}}", KEPT["gco"].read_text()))
    variables = environment_of(built(world_parts, OVERLAYS["gco"])["Deployment"])

    assert placeholders == {
        "{{CLUSTER_NAME}}",
        "{{DYNAMODB_REGION}}",
        "{{INFERENCE_MONITOR_IMAGE}}",
        "{{REGION}}",
        "{{SERVICE_ACCOUNT_ROLE_ARN}}",
    }
    assert "RECONCILE_INTERVAL_SECONDS" not in variables


@pytest.mark.behaviour("B36")
def test_the_platforms_deployer_is_given_no_kind_that_it_cannot_apply(world_parts: Parts) -> None:
    found = built(world_parts, OVERLAYS["gco"])

    assert found.keys() == APPLIED_BY_THE_PLATFORM
    assert "priorityClassName" not in pod_spec(found["Deployment"])


@pytest.mark.parametrize("overlay", ["irsa", "pod-identity"])
def test_the_controller_waits_first_and_evicts_no_endpoint(world_parts: Parts, overlay: str) -> None:
    found = built(world_parts, OVERLAYS[overlay])

    priority: Manifest = found["PriorityClass"]
    assert pod_spec(found["Deployment"])["priorityClassName"] == priority["metadata"]["name"]
    assert priority["preemptionPolicy"] == "Never"
    assert priority["value"] > 0
    assert not priority.get("globalDefault")
