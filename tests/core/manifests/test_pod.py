import copy
from typing import Any

import pytest

from gco_stream.core.manifests.pod import environment
from gco_stream.core.record import read_endpoint
from tests.builders import NAME, SCOPE, a_spec, an_endpoint, an_item, container_of, deployment_of

NVIDIA = {"key": "nvidia.com/gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}
NEURON = {**NVIDIA, "key": "aws.amazon.com/neuron"}


def pod_of(**spec: Any) -> Any:
    return deployment_of(an_endpoint(**spec))["spec"]["template"]["spec"]


def container(**spec: Any) -> Any:
    return container_of(deployment_of(an_endpoint(**spec)))


@pytest.mark.behaviour("B30")
def test_the_pods_frame_is_the_platforms() -> None:
    template = deployment_of(an_endpoint())["spec"]["template"]

    assert template["metadata"] == {"labels": {"app": NAME, "project": "gco", "gco.io/type": "inference"}}
    assert template["spec"]["serviceAccountName"] == "gco-service-account"
    assert [container["name"] for container in template["spec"]["containers"]] == ["inference"]


@pytest.mark.behaviour("B30")
def test_a_server_has_time_to_load_and_is_asked_for_health_then() -> None:
    server = container(port=8080, health_check_path="/ping")

    asked = {"httpGet": {"path": "/ping", "port": 8080}}
    assert server["livenessProbe"] == {**asked, "initialDelaySeconds": 120, "periodSeconds": 15, "failureThreshold": 5}
    assert server["readinessProbe"] == {**asked, "initialDelaySeconds": 30, "periodSeconds": 10}
    startup = server["startupProbe"]
    assert startup["httpGet"] == asked["httpGet"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 30 * 60


@pytest.mark.behaviour("B30")
def test_a_pod_ends_gracefully_and_is_hardened_where_it_breaks_nothing() -> None:
    pod, server = pod_of(), container()

    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert server["securityContext"] == {"allowPrivilegeEscalation": False}
    assert server["lifecycle"]["preStop"]["sleep"]["seconds"] < pod["terminationGracePeriodSeconds"]


@pytest.mark.behaviour("B32")
@pytest.mark.parametrize(
    ("accelerator", "resource", "toleration", "selector"),
    [
        ("nvidia", "nvidia.com/gpu", NVIDIA, {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"}),
        ("neuron", "aws.amazon.com/neuron", NEURON, {"accelerator": "neuron"}),
    ],
)
def test_an_accelerator_is_asked_for_tolerated_and_selected(
    accelerator: str, resource: str, toleration: dict[str, str], selector: dict[str, str]
) -> None:
    pod = pod_of(accelerator=accelerator, gpu_count=2)

    resources = pod["containers"][0]["resources"]
    assert resources["requests"] == {"cpu": "1", "memory": "4Gi", resource: "2"}
    assert resources["limits"] == {"cpu": "4", "memory": "16Gi", resource: "2"}
    assert pod["tolerations"] == [toleration]
    assert pod["nodeSelector"] == selector


@pytest.mark.behaviour("B32")
def test_without_accelerators_nothing_is_asked_for() -> None:
    pod = pod_of(gpu_count=0)

    assert pod["containers"][0]["resources"]["limits"] == {"cpu": "4", "memory": "16Gi"}
    assert "tolerations" not in pod
    assert "nodeSelector" not in pod


@pytest.mark.behaviour("B32")
def test_accelerators_join_the_resources_of_the_record() -> None:
    resources = {"requests": {"cpu": "8", "memory": "64Gi"}, "limits": {"memory": "64Gi"}}

    rendered = container(resources=resources, gpu_count="4")["resources"]

    assert rendered == {
        "requests": {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "4"},
        "limits": {"memory": "64Gi", "nvidia.com/gpu": "4"},
    }


@pytest.mark.behaviour("B32")
def test_tolerations_of_the_record_come_beside_the_accelerators() -> None:
    own = {"key": "dedicated", "operator": "Exists"}

    assert pod_of(tolerations=[own])["tolerations"] == [NVIDIA, own]
    assert pod_of(tolerations=[own], gpu_count=0)["tolerations"] == [own]


@pytest.mark.behaviour("B32")
def test_a_selector_of_the_record_replaces_the_default_one() -> None:
    assert pod_of(node_selector={"pool": "a100"})["nodeSelector"] == {"pool": "a100"}
    assert pod_of(node_selector={"pool": "cpu"}, gpu_count=0)["nodeSelector"] == {"pool": "cpu"}


@pytest.mark.behaviour("B32")
def test_capacity_and_instance_type_are_added_to_either() -> None:
    wanted = {"karpenter.sh/capacity-type": "spot", "node.kubernetes.io/instance-type": "p5.48xlarge"}

    for selector in ({}, {"pool": "a100"}):
        plain = pod_of(node_selector=selector)["nodeSelector"]
        chosen = pod_of(node_selector=selector, capacity_type="spot", gpu_type="p5.48xlarge")["nodeSelector"]
        assert chosen == plain | wanted


@pytest.mark.behaviour("B32")
def test_the_record_is_never_changed_by_rendering() -> None:
    selector, resources = {"pool": "a"}, {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}
    item = an_item(spec=a_spec(node_selector=selector, resources=resources, capacity_type="spot", tolerations=[]))
    before = copy.deepcopy(item)

    endpoint = read_endpoint(item, SCOPE)
    first = deployment_of(endpoint)

    assert item == before
    assert deployment_of(endpoint) == first


@pytest.mark.behaviour("B33")
def test_a_model_path_mounts_the_shared_volume() -> None:
    pod = pod_of(model_path="/models/llama")

    assert pod["volumes"] == [{"name": "model-storage", "persistentVolumeClaim": {"claimName": "efs-claim"}}]
    assert pod["containers"][0]["volumeMounts"] == [{"name": "model-storage", "mountPath": "/models"}]
    assert "initContainers" not in pod
    assert "volumes" not in pod_of()


@pytest.mark.behaviour("B33")
@pytest.mark.parametrize("key", ["llama", "a'b", "$(id)", "a;rm", "`x`"])
def test_a_model_source_is_copied_by_one_program_without_a_shell(key: str) -> None:
    pod = pod_of(model_source=f"s3://models/{key}")

    (sync,) = pod["initContainers"]
    source = f"s3://models/{key}".replace("$(", "$$(")
    assert (sync["name"], sync["image"]) == ("model-sync", SCOPE.model_sync_image)
    assert sync["command"] == ["aws"]
    assert sync["args"] == ["s3", "sync", source, f"/models/{NAME}", "--no-progress"]
    assert sync["volumeMounts"] == pod["containers"][0]["volumeMounts"]
    assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": "efs-claim"}


def test_command_arguments_and_port_are_the_records() -> None:
    server = container(command=["python3", "-m", "serve"], args=["--b", "--a"], port="30000")

    assert server["command"] == ["python3", "-m", "serve"]
    assert server["args"] == ["--b", "--a"]
    assert server["ports"] == [{"name": "http", "containerPort": 30000, "protocol": "TCP"}]
    assert not {"command", "args", "env"} & container().keys()


def test_variables_are_listed_by_name_after_those_that_they_refer_to() -> None:
    listed = environment({"A": "$(Z)/a", "B": "", "Z": "$(NOWHERE)", "C": "$(D)", "D": "$(C)"})

    names = [variable["name"] for variable in listed]
    assert names == ["Z", "A", "B", "D", "C"]
    assert listed[1] == {"name": "A", "value": "$(Z)/a"}


@pytest.mark.behaviour("B17")
def test_the_region_pulls_its_own_copy() -> None:
    copy_here = "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/llama-server:v1"

    assert container(region_image_uris={"us-east-1": copy_here})["image"] == copy_here
    assert container(region_image_uris={"eu-west-1": copy_here})["image"] == a_spec()["image"]


@pytest.mark.behaviour("B17")
def test_an_update_of_the_image_takes_effect_where_the_copy_is_left_behind() -> None:
    stale = "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/llama-server:v1"

    updated = container(image="registry.example/acme/llama-server:v2", region_image_uris={"us-east-1": stale})

    assert updated["image"] == "registry.example/acme/llama-server:v2"
