"""The metrics API, asked by the real autoscaler."""

import pytest

from tests.e2e.replicas_seen import ReplicasSeen, replicas_seen
from tests.world import Manifest, Site, World, eventually
from tests.world.metrics_api import NAME, metrics_api


def a_deployment(replicas: int) -> Manifest:
    resources = {"requests": {"cpu": "500m", "memory": "1Gi"}}
    container = {"name": "inference", "image": "acme/server:v1", "resources": resources}
    template = {"metadata": {"labels": {"app": "llm"}}, "spec": {"containers": [container]}}
    selector = {"matchLabels": {"app": "llm"}}
    spec = {"replicas": replicas, "selector": selector, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "llm"}, "spec": spec}


def an_autoscaler(resource: str) -> Manifest:
    metric = {"name": resource, "target": {"type": "Utilization", "averageUtilization": 70}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llm"}
    bounds = {"minReplicas": 1, "maxReplicas": 10}
    spec = {"scaleTargetRef": target, **bounds, "metrics": [{"type": "Resource", "resource": metric}]}
    kind = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    return {**kind, "metadata": {"name": "llm"}, "spec": spec}


async def becomes(seen: ReplicasSeen, replicas: int) -> None:
    """Wait until the count has been this, however shortly; one step of the autoscaler may take 15 seconds."""

    async def was_seen() -> bool:
        return replicas in await seen.values()

    await eventually(was_seen, 40, f"{replicas} replicas")


@pytest.mark.parametrize("resource", ["cpu", "memory"])
async def test_twice_the_target_doubles_the_replicas_up_to_the_bound(world: World, site: Site, resource: str) -> None:
    await site.kubernetes.apply(a_deployment(3))
    async with replicas_seen(site.kubernetes, "llm") as seen, metrics_api(world, site, **{resource: 140}):
        await site.kubernetes.apply(an_autoscaler(resource))
        await becomes(seen, 10)

        assert await seen.values() == [3, 6, 10]


async def test_at_the_target_nothing_moves_until_the_utilization_changes(world: World, site: Site) -> None:
    await site.kubernetes.apply(a_deployment(3))
    async with replicas_seen(site.kubernetes, "llm") as seen, metrics_api(world, site, cpu=70) as metrics:
        await site.kubernetes.apply(an_autoscaler("cpu"))
        asked = metrics.asked
        await eventually(lambda: metrics.asked > asked + 1, 20, "two looks of the autoscaler")
        before = await seen.values()

        metrics.utilization["cpu"] = 100
        await becomes(seen, 5)

    assert before == [3]


async def test_nothing_of_it_is_left(world: World, site: Site) -> None:
    async with metrics_api(world, site):
        assert await site.kubernetes.get("APIService", NAME) is not None

    assert await site.kubernetes.get("APIService", NAME) is None
