"""What is shipped, applied as its README says to a real API server: valid to the letter, admitted, and scheduled."""

from pathlib import Path
from typing import Any

import pytest

from tests.k8s.applying import kubectl, two_pods
from tests.k8s.built import KEPT, OVERLAYS
from tests.world import Kubernetes, KubernetesError, Manifest, World

VALUES = {
    "{{CLUSTER_NAME}}": "gco-us-east-1",
    "{{DYNAMODB_REGION}}": "us-east-1",
    "{{INFERENCE_MONITOR_IMAGE}}": "111122223333.dkr.ecr.us-east-1.amazonaws.com/gco-stream:0.1.0",
    "{{REGION}}": "us-east-1",
    "{{SERVICE_ACCOUNT_ROLE_ARN}}": "arn:aws:iam::111122223333:role/gco",
}


def as_the_platform_fills_it_in(folder: Path) -> Path:
    text = KEPT["gco"].read_text()
    for placeholder, value in VALUES.items():
        text = text.replace(placeholder, value)
    filled = folder / "gco.yaml"
    filled.write_text(text)
    return filled


@pytest.mark.behaviour("B36")
@pytest.mark.parametrize("overlay", OVERLAYS)
async def test_an_overlay_is_valid_and_its_pods_are_admitted_and_scheduled_apart(
    world: World, system: Kubernetes, tmp_path: Path, overlay: str
) -> None:
    source = ["-f", str(as_the_platform_fills_it_in(tmp_path))] if overlay == "gco" else ["-k", str(OVERLAYS[overlay])]

    await kubectl(world, "apply", "--validate=strict", *source)

    pods = await two_pods(system)
    nodes = {node["metadata"]["name"]: node["metadata"]["labels"] for node in await world.kubernetes.list("Node")}
    homes = [nodes[pod["spec"]["nodeName"]] for pod in pods]
    assert len({home["kubernetes.io/hostname"] for home in homes}) == 2
    assert len({home["topology.kubernetes.io/zone"] for home in homes}) == 2
    assert not any("nvidia" in home.values() for home in homes)


async def test_both_run_on_one_node_where_there_is_no_other(world: World, system: Kubernetes) -> None:
    for name in ("cpu-1", "cpu-2"):
        await world.kubernetes.patch("Node", name, {"spec": {"unschedulable": True}})
    try:
        await kubectl(world, "apply", "-k", str(OVERLAYS["irsa"]))

        pods = await two_pods(system)
    finally:
        for name in ("cpu-1", "cpu-2"):
            await world.kubernetes.patch("Node", name, {"spec": {"unschedulable": None}})
    assert {pod["spec"]["nodeName"] for pod in pods} == {"cpu-0"}


@pytest.mark.parametrize(
    ("spoiled", "complaint"),
    [
        ({"runAsNonRoot": False}, "runAsNonRoot"),
        ({"seccompProfile": {"type": "Unconfined"}}, "seccompProfile"),
    ],
)
async def test_a_pod_that_may_do_more_is_refused_there(
    system: Kubernetes, spoiled: dict[str, Any], complaint: str
) -> None:
    context = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "one", "image": "one", "securityContext": confined}

    def a_pod(name: str, context: dict[str, Any]) -> Manifest:
        spec = {
            "serviceAccountName": "gco-inference-monitor-sa",
            "securityContext": context,
            "containers": [container],
        }
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}

    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "gco-inference-monitor-sa"}}
    await system.apply(account)

    with pytest.raises(KubernetesError, match=complaint) as refused:
        await system.create(a_pod("spoiled", context | spoiled))
    await system.create(a_pod("confined", context))

    await system.delete("Pod", "confined", gracePeriodSeconds=0)
    assert refused.value.status == 403


async def test_a_field_that_the_api_does_not_know_is_refused(world: World, system: Kubernetes, tmp_path: Path) -> None:
    misspelt = tmp_path / "misspelt.yaml"
    text = as_the_platform_fills_it_in(tmp_path).read_text()
    misspelt.write_text(text.replace("terminationGracePeriodSeconds", "terminationGracePeriod"))

    with pytest.raises(AssertionError, match="terminationGracePeriod"):
        await kubectl(world, "apply", "--validate=strict", "-f", str(misspelt))

    assert await system.get("Deployment", "inference-monitor") is None
