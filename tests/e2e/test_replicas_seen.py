"""The witness that the tests of autoscaling rely on."""

from tests.e2e.replicas_seen import replicas_seen
from tests.world import Manifest, Site


def a_deployment(replicas: int) -> Manifest:
    labels = {"app": "llm"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "inference", "image": "acme/server:v1"}]}}
    kind = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "llm"}}
    return {**kind, "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}}


async def test_every_value_is_seen_however_short_it_was(site: Site) -> None:
    await site.kubernetes.apply(a_deployment(1))
    async with replicas_seen(site.kubernetes, "llm") as seen:
        for count in (4, 0, 4, 4, 2):
            await site.kubernetes.apply(a_deployment(count))

        assert await seen.values() == [1, 4, 0, 4, 2]


async def test_a_deployment_may_come_and_go(site: Site) -> None:
    async with replicas_seen(site.kubernetes, "llm") as seen:
        assert await seen.values() == [None]
        await site.kubernetes.apply(a_deployment(3))
        await site.kubernetes.delete("Deployment", "llm")
        assert await seen.values() == [None, 3, None]
        await site.kubernetes.apply(a_deployment(2))

        assert await seen.values() == [None, 3, None, 2]


async def test_other_deployments_are_not_counted(site: Site) -> None:
    other = a_deployment(7) | {"metadata": {"name": "other"}}
    async with replicas_seen(site.kubernetes, "llm") as seen:
        await site.kubernetes.apply(other)
        await site.kubernetes.apply(a_deployment(3))

        assert await seen.values() == [None, 3]
