"""What tests/world promises, tried on the real thing."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.world import Kubernetes, KubernetesError, Manifest, Site, World, eventually

PARTS = {
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "dynamodb-local",
}


def a_deployment(
    tag: str = "v1", *, replicas: int = 1, resource: str = "nvidia.com/gpu", name: str = "llm"
) -> Manifest:
    """An inference Deployment as the product makes them, with an init container and the claim."""
    container = {
        "name": "inference",
        "image": f"vllm/vllm-openai:{tag}",
        "resources": {"limits": {resource: "1"}, "requests": {resource: "1"}},
        "volumeMounts": [{"name": "models", "mountPath": "/models"}],
    }
    spec = {
        "serviceAccountName": "gco-service-account",
        "initContainers": [{"name": "model-sync", "image": "amazon/aws-cli:2"}],
        "containers": [container],
        "volumes": [{"name": "models", "persistentVolumeClaim": {"claimName": "efs-claim"}}],
        "tolerations": [{"key": resource, "operator": "Exists", "effect": "NoSchedule"}],
    }
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


async def the_pod(kubernetes: Kubernetes) -> Manifest:
    """The only pod, as soon as its containers have a state."""

    async def probe() -> Manifest | None:
        pods = await kubernetes.list("Pod", "app=llm")
        assert len(pods) == 1, f"{len(pods)} pods"
        return pods[0] if pods[0]["status"].get("containerStatuses") else None

    return await eventually(probe, what="a pod with a status")


def is_ready(pod: Manifest) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])


def state(pod: Manifest) -> Any:
    return pod["status"]["containerStatuses"][0]["state"]


async def test_everything_is_there(world: World, site: Site) -> None:
    nodes = await world.kubernetes.list("Node")
    gpus = [n for n in nodes if n["status"]["allocatable"].get("nvidia.com/gpu") == "8"]
    neurons = [n for n in nodes if n["status"]["allocatable"].get("aws.amazon.com/neuron") == "8"]
    spot = [n for n in nodes if n["metadata"]["labels"]["karpenter.sh/capacity-type"] == "spot"]

    assert (len(nodes), len(gpus), len(neurons), len(spot)) == (15, 10, 2, 2)
    assert set(world.pids) == PARTS
    assert (await site.kubernetes.get("ServiceAccount", "gco-service-account")) is not None
    assert (await site.kubernetes.get("Deployment", "absent")) is None


@pytest.mark.parametrize(
    ("resource", "pools"),
    [("nvidia.com/gpu", ("gpu-",)), ("aws.amazon.com/neuron", ("neuron-",))],
)
async def test_a_deployment_becomes_ready_on_a_node_with_its_accelerator(
    site: Site, resource: str, pools: tuple[str, ...]
) -> None:
    await site.kubernetes.apply(a_deployment(replicas=2, resource=resource))

    async def available() -> bool:
        deployment = await site.kubernetes.get("Deployment", "llm")
        return deployment is not None and deployment["status"].get("availableReplicas") == 2

    await eventually(available, what="two available replicas")
    for pod in await site.kubernetes.list("Pod"):
        assert pod["spec"]["nodeName"].startswith(pools)
        assert pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


async def test_a_pod_without_room_stays_pending_and_says_why(site: Site) -> None:
    manifest = a_deployment()
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"limits": {"nvidia.com/gpu": "9"}}
    await site.kubernetes.apply(manifest)

    async def refused() -> str | None:
        for pod in await site.kubernetes.list("Pod"):
            for condition in pod["status"].get("conditions", ()):
                if condition.get("reason") == "Unschedulable":
                    return str(condition["message"])
        return None

    assert "Insufficient nvidia.com/gpu" in await eventually(refused, what="Unschedulable")


async def test_never_ready(site: Site) -> None:
    await site.kubernetes.apply(a_deployment("v1-never-ready"))

    pod = await the_pod(site.kubernetes)
    assert pod["status"]["phase"] == "Running"
    assert "running" in state(pod)
    assert not is_ready(pod)


async def test_crash(site: Site) -> None:
    await site.kubernetes.apply(a_deployment("v1-crash"))

    pod = await the_pod(site.kubernetes)
    status = pod["status"]["containerStatuses"][0]
    assert state(pod)["waiting"]["reason"] == "CrashLoopBackOff"
    assert not is_ready(pod)
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 1

    async def restarted() -> bool:
        again = await the_pod(site.kubernetes)
        return bool(again["status"]["containerStatuses"][0]["restartCount"] >= 2)

    await eventually(restarted, what="a second restart")


async def test_no_pull(site: Site) -> None:
    await site.kubernetes.apply(a_deployment("v1-no-pull"))

    pod = await the_pod(site.kubernetes)
    assert pod["status"]["phase"] == "Pending"
    assert not is_ready(pod)
    assert state(pod)["waiting"]["reason"] == "ImagePullBackOff"
    assert "vllm/vllm-openai:v1-no-pull" in state(pod)["waiting"]["message"]
    await asyncio.sleep(1)  # To see that nothing happens, there is only waiting.
    assert (await the_pod(site.kubernetes))["metadata"]["resourceVersion"] == (pod["metadata"]["resourceVersion"])


async def test_ready_after(site: Site) -> None:
    await site.kubernetes.apply(a_deployment("v1-ready-after-1.5s"))

    pod, seen = await the_pod(site.kubernetes), time.monotonic()
    assert pod["status"]["phase"] == "Running"
    assert not is_ready(pod)

    async def ready() -> bool:
        return is_ready(await the_pod(site.kubernetes))

    await eventually(ready, what="ready")
    assert 1.2 < time.monotonic() - seen < 3


async def test_ends_after(site: Site) -> None:
    await site.kubernetes.apply(a_deployment("v1-ends-after-1s"))

    pod = await the_pod(site.kubernetes)
    assert is_ready(pod)

    async def ended() -> Any:
        return state(await the_pod(site.kubernetes)).get("terminated")

    assert (await eventually(ended, what="the container's end"))["exitCode"] == 1
    assert not is_ready(await the_pod(site.kubernetes))


async def test_slow_stop(site: Site) -> None:
    await site.kubernetes.apply(a_deployment("v1-slow-stop-2s"))
    assert is_ready(await the_pod(site.kubernetes))

    await site.kubernetes.delete("Deployment", "llm")
    asked = time.monotonic()

    async def gone() -> bool:
        return not await site.kubernetes.list("Pod")

    await eventually(gone, what="no pods")
    assert 1.7 < time.monotonic() - asked < 4


async def test_other_pods_are_gone_at_once(site: Site) -> None:
    await site.kubernetes.apply(a_deployment())
    await the_pod(site.kubernetes)

    await site.kubernetes.delete("Deployment", "llm")

    async def gone() -> bool:
        return not await site.kubernetes.list("Pod")

    await eventually(gone, deadline=2, what="no pods")


async def test_a_put_shows_in_the_stream(world: World, site: Site) -> None:
    site.table.put_item(Item={"endpoint_name": "llm"})

    streams, arn = world.dynamodb.streams, site.table.latest_stream_arn
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]

    def records() -> Any:
        return streams.get_records(ShardIterator=iterator)["Records"]

    (record,) = await eventually(records, what="a stream record")
    assert record["eventName"] == "INSERT"
    assert record["dynamodb"]["NewImage"] == {"endpoint_name": {"S": "llm"}}


async def test_a_table_can_be_without_stream(world: World) -> None:
    async with world.site(stream=False) as site:
        assert site.table.latest_stream_arn is None


async def test_a_removed_site_leaves_no_table_and_no_namespace(world: World) -> None:
    async with world.site() as site:
        pass

    async def gone() -> bool:
        namespace = await world.kubernetes.get("Namespace", site.namespace)
        return namespace is None or namespace["status"]["phase"] == "Terminating"

    await eventually(gone, what="the namespace on its way out")
    names = [table.name for table in world.dynamodb.resource.tables.all()]
    assert site.table_name not in names


async def test_a_watch_tells_of_changes(site: Site) -> None:
    await site.kubernetes.apply(a_deployment())

    async with asyncio.timeout(10), aclosing(site.kubernetes.watch("Deployment")) as events:
        kind, deployment = await anext(events)
        await site.kubernetes.delete("Deployment", "llm")
        while kind != "DELETED":
            kind, deployment = await anext(events)

    assert deployment["metadata"]["name"] == "llm"


async def test_a_service_account_has_no_rights_but_its_own(site: Site) -> None:
    token = await site.kubernetes.token_of("gco-service-account")

    with pytest.raises(KubernetesError) as refused:
        await site.kubernetes.request("GET", site.kubernetes.path("Pod"), headers={"Authorization": f"Bearer {token}"})

    assert refused.value.status == 403


async def test_the_audit_log_has_every_request(world: World, site: Site) -> None:
    await site.kubernetes.get("Lease", "asked-for-in-the-log")

    def logged() -> bool:
        return "asked-for-in-the-log" in world.audit_log.read_text()

    await eventually(logged, what="the request in the audit log")


async def test_the_audit_log_is_read_in_whole_lines(world: World, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    other = replace(world, control_plane=replace(world.control_plane, audit_log=log))

    log.write_text('{"a": 1}\n{"b": 2}\n{"c"')
    assert other.audited() == ['{"a": 1}', '{"b": 2}']
    assert other.audited(9) == ['{"b": 2}']
    assert other.audited(12) == []
    assert other.audited(log.stat().st_size) == []
