"""What the real API server and its controllers make of an autoscaler, and of who owns the replicas."""

from dataclasses import replace
from typing import Any

import pytest

from gco_stream.core.compare import differences
from gco_stream.core.manifests.autoscaler import autoscaler
from gco_stream.core.models import Manifest
from tests.builders import NAME, SCOPE
from tests.contracts.stages import an_endpoint
from tests.e2e.replicas_seen import ReplicasSeen, replicas_seen
from tests.world import Kubernetes, KubernetesError, Site, eventually

KIND = "HorizontalPodAutoscaler"
OURS, HANDED = "gco-stream", "gco-stream-replicas"
CPU, MEMORY = {"type": "cpu", "target": 60}, {"type": "memory", "target": 80}


def rendered(site: Site, **autoscaling: Any) -> dict[str, Any]:
    scope = replace(SCOPE, namespace=site.namespace)
    endpoint = an_endpoint(scope, labels={"team": "nlp"}, autoscaling={"enabled": True, **autoscaling})
    return dict(autoscaler(endpoint, scope))


def a_deployment(**spec: Any) -> dict[str, Any]:
    labels = {"app": NAME}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "inference", "image": "acme/server:v1"}]},
    }
    kind = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}}
    return {**kind, "spec": {**spec, "selector": {"matchLabels": labels}, "template": template}}


async def saved_by_an_older_client(kubernetes: Kubernetes) -> Manifest:
    """Let a client of autoscaling/v1 read the autoscaler and write it back with one more annotation."""
    path = kubernetes.path(KIND, NAME).replace("/v2/", "/v1/")
    old = await kubernetes.request("GET", path)
    old["metadata"].setdefault("annotations", {})["theirs"] = "yes"
    await kubernetes.request("PUT", path, old)
    live = await kubernetes.get(KIND, NAME)
    assert live is not None
    return live


@pytest.mark.behaviour("B34")
@pytest.mark.parametrize(
    "autoscaling",
    [{}, {"metrics": [MEMORY]}, {"metrics": [CPU, MEMORY]}, {"metrics": [MEMORY, CPU]}, {"min_replicas": 3}],
    ids=["defaults", "memory", "both", "both the other way round", "bounds"],
)
async def test_a_second_apply_changes_nothing(site: Site, autoscaling: dict[str, Any]) -> None:
    manifest = rendered(site, **autoscaling)
    first = await site.kubernetes.apply(manifest, OURS)
    # Looked at by its controller, whose status is a new version of it.
    live = await eventually(lambda: looked_at(site.kubernetes), 10, "a status")

    second = await site.kubernetes.apply(manifest, OURS)

    assert second["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]
    assert second["spec"] == first["spec"] == manifest["spec"]
    assert differences(manifest, second) == ()


async def says(kubernetes: Kubernetes, reason: str) -> bool:
    """Whether the autoscaler gives this reason in one of its conditions."""
    live = await looked_at(kubernetes)
    return live is not None and any(condition["reason"] == reason for condition in live["status"]["conditions"])


async def was(seen: ReplicasSeen, count: int) -> bool:
    return count in await seen.values()


async def looked_at(kubernetes: Kubernetes) -> Manifest | None:
    live = await kubernetes.get(KIND, NAME)
    assert live is not None
    return live if live.get("status", {}).get("conditions") else None


@pytest.mark.behaviour("B34")
@pytest.mark.parametrize("metrics", [[CPU, MEMORY], [MEMORY, CPU], [CPU]], ids=["both", "the other way round", "one"])
async def test_what_an_older_client_saves_is_still_what_we_render(site: Site, metrics: list[Any]) -> None:
    manifest = rendered(site, metrics=metrics)
    await site.kubernetes.apply(manifest, OURS)

    live = await saved_by_an_older_client(site.kubernetes)

    assert live["spec"]["metrics"] == manifest["spec"]["metrics"]
    assert differences(manifest, live) == ()


@pytest.mark.behaviour("B34")
async def test_a_type_that_is_there_twice_does_not_survive_an_older_client(site: Site) -> None:
    manifest = rendered(site)
    twice = [metric(60), metric(80)]
    manifest["spec"]["metrics"] = twice
    assert (await site.kubernetes.apply(manifest, OURS))["spec"]["metrics"] == twice

    live = await saved_by_an_older_client(site.kubernetes)

    # Which is why a record may not have it.
    assert live["spec"]["metrics"] == [metric(60)]


def metric(target: int) -> dict[str, Any]:
    utilization = {"type": "Utilization", "averageUtilization": target}
    return {"type": "Resource", "resource": {"name": "cpu", "target": utilization}}


@pytest.mark.behaviour("B34")
async def test_no_lower_bound_of_0_is_taken(site: Site) -> None:
    manifest = rendered(site)
    manifest["spec"]["minReplicas"] = 0

    with pytest.raises(KubernetesError, match="minReplicas: Invalid value: 0"):
        await site.kubernetes.apply(manifest, OURS)


@pytest.mark.behaviour("B34")
async def test_what_somebody_adds_to_the_metrics_differs(site: Site) -> None:
    manifest = rendered(site)
    await site.kubernetes.apply(manifest, OURS)
    theirs = {"spec": {"metrics": [*manifest["spec"]["metrics"], metric(90)]}}

    live = await site.kubernetes.patch(KIND, NAME, theirs)

    assert [difference.path for difference in differences(manifest, live)] == ["spec.metrics"]
    assert (await site.kubernetes.apply(manifest, OURS))["spec"] == manifest["spec"]


@pytest.mark.behaviour("B16")
async def test_replicas_that_are_handed_over_first_are_the_same_at_every_instant(site: Site) -> None:
    kubernetes = site.kubernetes
    await kubernetes.apply(a_deployment(replicas=4), OURS)
    async with replicas_seen(kubernetes, NAME) as seen:
        await kubernetes.apply(only_replicas(4), HANDED, force=False)
        await kubernetes.apply(a_deployment(), OURS)
        await kubernetes.apply(rendered(site, max_replicas=8), OURS)
        await eventually(lambda: looked_at(kubernetes), 10, "a look of the autoscaler")

        assert await seen.values() == [4]


@pytest.mark.behaviour("B16")
async def test_replicas_that_are_only_left_out_are_one(site: Site) -> None:
    await site.kubernetes.apply(a_deployment(replicas=4), OURS)
    async with replicas_seen(site.kubernetes, NAME) as seen:
        await site.kubernetes.apply(a_deployment(), OURS)

        assert await seen.values() == [4, 1]


@pytest.mark.behaviour("B16")
async def test_a_stale_count_is_not_handed_over(site: Site) -> None:
    await site.kubernetes.apply(a_deployment(replicas=4), OURS)

    with pytest.raises(KubernetesError) as refused:
        await site.kubernetes.apply(only_replicas(3), HANDED, force=False)

    assert refused.value.status == 409
    assert refused.value.body["details"]["causes"][0]["reason"] == "FieldManagerConflict"


def only_replicas(count: int) -> dict[str, Any]:
    kind = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}}
    return {**kind, "spec": {"replicas": count}}


@pytest.mark.behaviour("B16")
async def test_the_bounds_hold_without_any_metrics(site: Site) -> None:
    await site.kubernetes.apply(a_deployment(replicas=4), OURS)
    async with replicas_seen(site.kubernetes, NAME) as seen:
        await site.kubernetes.apply(rendered(site, min_replicas=6), OURS)
        await eventually(lambda: was(seen, 6), 10, "the lower bound")
        await site.kubernetes.apply(rendered(site, max_replicas=5), OURS)
        await eventually(lambda: was(seen, 5), 10, "the upper bound")

        assert await seen.values() == [4, 6, 5]


@pytest.mark.behaviour("B16")
async def test_an_autoscaler_leaves_an_endpoint_at_0_alone(site: Site) -> None:
    await site.kubernetes.apply(a_deployment(replicas=0), OURS)
    async with replicas_seen(site.kubernetes, NAME) as seen:
        await site.kubernetes.apply(rendered(site, min_replicas=3), OURS)
        await eventually(lambda: says(site.kubernetes, "ScalingDisabled"), 10, "ScalingDisabled")

        assert await seen.values() == [0]
