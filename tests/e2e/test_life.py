"""An endpoint's life, seen from the table and the API server alone."""

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from tests.controller import Controller
from tests.e2e.watching import asked, changed, container_of, history, is_promoted, is_purged, reaches, states
from tests.world import Site, World, eventually
from tests.writers import Writers, a_spec

pytestmark = pytest.mark.usefixtures("controller")

KINDS = {"Deployment": "llama", "Service": "llama", "Ingress": "inference-llama"}


def without_times(version: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a record without the times at which it was written."""
    item = dict(version or {})
    statuses = item.pop("region_status", {})
    item["region_status"] = {region: {**status, "last_sync": None} for region, status in statuses.items()}
    return {**item, "updated_at": None}


@pytest.mark.behaviour("B8", "B15", "B18", "B32")
async def test_a_new_record_becomes_pods_on_gpu_nodes_and_is_reported(
    world: World, site: Site, writers: Writers
) -> None:
    writers.create("llama", a_spec(replicas=2))

    status = await reaches(writers, "llama", "running", replicas_ready=2)
    await is_promoted(writers, "llama")

    assert status["replicas_desired"] == 2
    assert status["published"] is True
    assert "error" not in status
    for kind, name in KINDS.items():
        assert await site.kubernetes.get(kind, name) is not None
    pods = await site.kubernetes.list("Pod", "app=llama")
    nodes = [await site.kubernetes.get("Node", pod["spec"]["nodeName"]) for pod in pods]
    assert [node and node["metadata"]["labels"]["eks.amazonaws.com/instance-gpu-manufacturer"] for node in nodes] == [
        "nvidia",
        "nvidia",
    ]
    versions = history(world, site, "llama")
    assert states(versions) == ["creating", "running"]
    said = [without_times(version) for version in versions]
    assert all(before != after for before, after in pairwise(said)), "something was written that said nothing new"


@pytest.mark.behaviour("B32")
@pytest.mark.parametrize(
    ("spec", "labels"),
    [
        ({"accelerator": "neuron"}, {"accelerator": "neuron"}),
        ({"capacity_type": "spot"}, {"karpenter.sh/capacity-type": "spot"}),
        ({"capacity_type": "on-demand"}, {"karpenter.sh/capacity-type": "on-demand"}),
    ],
)
async def test_pods_land_on_the_nodes_that_the_record_asks_for(
    site: Site, writers: Writers, spec: dict[str, str], labels: dict[str, str]
) -> None:
    writers.create("llama", a_spec(**spec))

    await reaches(writers, "llama", "running")

    (pod,) = await site.kubernetes.list("Pod", "app=llama")
    node = await site.kubernetes.get("Node", pod["spec"]["nodeName"])
    assert node is not None
    assert labels.items() <= node["metadata"]["labels"].items()


@pytest.mark.behaviour("B19")
async def test_an_endpoint_is_published_only_when_a_replica_is_ready(
    world: World, site: Site, writers: Writers
) -> None:
    writers.create("llama", a_spec(image="vllm/vllm-openai:v1-ready-after-1s"))

    creating = await reaches(writers, "llama", "creating")
    assert creating["published"] is False
    assert await site.kubernetes.get("Ingress", "inference-llama") is None
    await reaches(writers, "llama", "running")

    ingress = await site.kubernetes.get("Ingress", "inference-llama")
    (pod,) = await site.kubernetes.list("Pod", "app=llama")
    assert ingress is not None
    # The server numbers all changes of all objects in one row.
    assert int(ingress["metadata"]["resourceVersion"]) > int(pod["metadata"]["resourceVersion"])
    changes = [(verb, kind) for verb, kind, _ in changed(world, site)]
    assert changes == [("patch", "services"), ("patch", "deployments"), ("patch", "ingresses")]


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    ("changes", "path", "wanted"),
    [
        ({"image": "vllm/vllm-openai:v0.9.0"}, ("image",), "vllm/vllm-openai:v0.9.0"),
        ({"env": {"A": "2"}}, ("env",), [{"name": "A", "value": "2"}]),
        ({"env": None}, ("env",), None),
        ({"port": 9000}, ("ports",), [{"containerPort": 9000, "name": "http", "protocol": "TCP"}]),
        ({"health_check_path": "/v1/ok"}, ("readinessProbe", "httpGet", "path"), "/inference/llama/v1/ok"),
        ({"args": ["--model", "x"]}, ("args",), ["--model", "x", "--root-path", "/inference/llama"]),
        ({"resources": {"requests": {"cpu": "2"}}}, ("resources", "requests"), {"cpu": "2", "nvidia.com/gpu": "1"}),
    ],
)
async def test_every_change_of_the_spec_reaches_the_pods(
    site: Site, writers: Writers, changes: dict[str, object], path: tuple[str, ...], wanted: object
) -> None:
    writers.create("llama", a_spec(env={"A": "1", "B": "1"}))
    await is_promoted(writers, "llama")

    writers.change("llama", **changes)

    async def is_as_wanted() -> bool:
        found = await container_of(site, "llama")
        for step in path:
            found = found.get(step, {}) if step != path[-1] else found.get(step)  # type: ignore[assignment]
        return found == wanted

    await eventually(is_as_wanted, what=f"{path} = {wanted}")
    await is_promoted(writers, "llama")
    pods = [p for p in await site.kubernetes.list("Pod", "app=llama") if "deletionTimestamp" not in p["metadata"]]
    assert len(pods) == 1


@pytest.mark.behaviour("B14", "B18", "B19")
async def test_a_new_port_and_health_path_reach_service_and_load_balancer(site: Site, writers: Writers) -> None:
    writers.create("llama")
    await is_promoted(writers, "llama")

    writers.change("llama", port=9000, health_check_path="/ok")
    await is_promoted(writers, "llama")

    service = await site.kubernetes.get("Service", "llama")
    ingress = await site.kubernetes.get("Ingress", "inference-llama")
    assert service is not None
    assert ingress is not None
    assert service["spec"]["ports"] == [{"port": 80, "targetPort": 9000, "protocol": "TCP"}]
    health = ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/healthcheck-path"]
    assert health == "/inference/llama/ok"


@pytest.mark.behaviour("B16")
async def test_scaling_to_nothing_and_back(site: Site, writers: Writers) -> None:
    writers.create("llama")
    await is_promoted(writers, "llama")

    writers.scale("llama", 0)
    nothing = await reaches(writers, "llama", "running", replicas_desired=0, replicas_ready=0)
    assert nothing["published"] is False
    assert await site.kubernetes.get("Ingress", "inference-llama") is None

    writers.scale("llama", 3)
    await reaches(writers, "llama", "running", replicas_desired=3, replicas_ready=3, published=True)


@pytest.mark.behaviour("B16", "B23", "B24")
async def test_stop_and_start_bring_the_same_replicas_back(world: World, site: Site, writers: Writers) -> None:
    writers.create("llama", a_spec(image="vllm/vllm-openai:v1-slow-stop-1s"))
    await is_promoted(writers, "llama")

    writers.say("llama", "stopped")
    await reaches(writers, "llama", "stopping")
    assert await site.kubernetes.list("Pod", "app=llama") != []
    await reaches(writers, "llama", "stopped", replicas_desired=0)

    assert await site.kubernetes.list("Pod", "app=llama") == []
    assert await site.kubernetes.get("Ingress", "inference-llama") is None
    assert await site.kubernetes.get("Service", "llama") is not None
    writers.say("llama", "running")
    await reaches(writers, "llama", "running", replicas_ready=1, replicas_desired=1, published=True)
    assert states(history(world, site, "llama"))[-4:] == ["stopping", "stopped", "updating", "running"]


@pytest.mark.behaviour("B10", "B26")
async def test_delete_leaves_nothing_not_even_the_record(world: World, site: Site, writers: Writers) -> None:
    writers.create("llama", a_spec(image="vllm/vllm-openai:v1-slow-stop-1s"))
    await is_promoted(writers, "llama")

    writers.say("llama", "deleted")
    await reaches(writers, "llama", "deleting")
    await is_purged(writers, "llama")

    for kind in ("Deployment", "ReplicaSet", "Pod", "Service", "Ingress"):
        assert await site.kubernetes.list(kind, "app=llama") == []
    assert states(history(world, site, "llama"))[-2:] == ["deleting", "deleted"]
    deletions = [kind for verb, kind, _ in asked(world, site) if verb == "delete"]
    assert deletions == ["ingresses", "services", "deployments"]


@pytest.mark.behaviour("B27")
async def test_a_start_in_the_middle_of_a_teardown_builds_it_again(site: Site, writers: Writers) -> None:
    writers.create("llama", a_spec(image="vllm/vllm-openai:v1-slow-stop-2s"))
    await is_promoted(writers, "llama")

    writers.say("llama", "deleted")
    await reaches(writers, "llama", "deleting")
    writers.change("llama", image="vllm/vllm-openai:v2")
    await is_promoted(writers, "llama")

    assert (await container_of(site, "llama"))["image"] == "vllm/vllm-openai:v2"
    assert await site.kubernetes.get("Ingress", "inference-llama") is not None


@pytest.mark.behaviour("B7")
async def test_a_region_that_is_no_target_any_more_is_cleared(world: World, site: Site, writers: Writers) -> None:
    writers.create("llama", target_regions=["us-east-1", "eu-west-1"])
    await reaches(writers, "llama", "running")

    writers.retarget("llama", "eu-west-1")
    await reaches(writers, "llama", "deleted")

    for kind in ("Deployment", "Pod", "Service", "Ingress"):
        assert await site.kubernetes.list(kind, "app=llama") == []
    item = writers.read("llama")
    assert item is not None
    assert item["desired_state"] == "deploying"


@pytest.mark.behaviour("B7")
async def test_an_endpoint_of_another_region_is_left_alone(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("theirs", target_regions=["eu-west-1"])
    writers.create("ours")
    await is_promoted(writers, "ours")
    controller.resync()
    await controller.has_logged("table scanned", reason="SIGHUP")
    writers.create("later")
    await is_promoted(writers, "later")

    assert len(history(world, site, "theirs")) == 1
    assert await site.kubernetes.get("Deployment", "theirs") is None


@pytest.mark.behaviour("B14")
async def test_a_converged_endpoint_costs_no_write(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("llama", a_spec(env={"EMPTY": "", "N": 1}, model_source="s3://models/llama", replicas=2))
    await is_promoted(writers, "llama")
    changes = changed(world, site)
    versions = len(history(world, site, "llama"))

    for _ in range(3):
        controller.resync()
        await asyncio.sleep(0)
    await controller.has_logged("table scanned", reason="SIGHUP")
    writers.create("later")
    await is_promoted(writers, "later")

    after = [request for request in changed(world, site) if "later" not in request[2]]
    assert after == changes
    assert len(history(world, site, "llama")) == versions


@pytest.mark.behaviour("B25")
@pytest.mark.parametrize("states", [("stopped", "running"), ("stopped", "running", "stopped"), ("deleted", "running")])
@pytest.mark.parametrize("caught", ["creating", "running", "stopping"])
async def test_states_asked_for_in_quick_succession_converge_from_wherever_they_are_caught(
    site: Site, writers: Writers, caught: str, states: tuple[str, ...]
) -> None:
    writers.create("llama", a_spec(image="vllm/vllm-openai:v1-ready-after-0.5s-slow-stop-0.5s"))
    await reaches(writers, "llama", "creating" if caught == "creating" else "running")
    if caught == "stopping":
        writers.say("llama", "stopped")
        await reaches(writers, "llama", "stopping")

    for state in states:
        writers.say("llama", state)

    if states[-1] == "stopped":
        await reaches(writers, "llama", "stopped", published=False)
        assert await site.kubernetes.list("Pod", "app=llama") == []
    else:
        await reaches(writers, "llama", "running", replicas_ready=1, published=True)
        assert await site.kubernetes.get("Ingress", "inference-llama") is not None
