"""Taking over what is running: no pod, no replica count and no request notices; on the real controllers alone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gco_stream.core.adoption import adopting_fold, as_folded
from gco_stream.core.compare import differences
from gco_stream.core.folding import fold as fold_renamed
from gco_stream.core.models import Apply
from gco_stream.errors import Conflict
from tests.builders import NAME
from tests.contracts.adoptions import (
    DEPLOYMENT,
    OURS,
    SERVICE,
    SPECS,
    adopted,
    an_old_item,
    at_rest,
    container_of,
    intent_as_found,
    left,
    left_of,
    managers,
    take_over,
)
from tests.contracts.stages import RealStage, a_real_stage, manifests_of
from tests.e2e.replicas_seen import replicas_seen
from tests.poller import objects_of, patch
from tests.world.kubernetes import MERGE_PATCH
from tests.world.site import Site
from tests.world.world import World


@pytest_asyncio.fixture(loop_scope="session")
async def stage(world: World, site: Site) -> AsyncIterator[RealStage]:
    async with a_real_stage(world.kubeconfig, site) as opened:
        yield opened


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
async def test_no_pod_is_replaced_by_an_adoption(stage: RealStage, spec: dict[str, Any]) -> None:
    live = (await left_of(stage, an_old_item(stage, replicas=2, **spec)))[DEPLOYMENT]
    before = await pods_and_sets(stage)

    await adopted(stage, live, replicas=2, **spec)

    await at_rest(stage, DEPLOYMENT)
    assert await pods_and_sets(stage) == before


@pytest.mark.behaviour("B35")
async def test_no_pod_is_replaced_where_people_have_edited_between_the_fields(stage: RealStage) -> None:
    await left(stage, objects_of(an_old_item(stage, env={"A": "1", "B": "2"}))[0])
    env = [{"name": "A", "value": "1"}, {"name": "THEIRS", "value": "2"}, {"name": "B", "value": "by hand"}]
    restarted = {"kubectl.kubernetes.io/restartedAt": "2026-02-01T00:00:00Z"}
    pod = {"containers": [{**await container(stage), "env": env, "image": "acme/server:v1-by-hand"}]}
    change = {"spec": {"template": {"metadata": {"annotations": restarted}, "spec": pod}}}
    await stage.kubernetes.patch("Deployment", NAME, change)
    edited = await at_rest(stage, DEPLOYMENT)
    before = await pods_and_sets(stage)

    after = await adopted(stage, edited, env={"A": "1", "B": "2"})

    await at_rest(stage, DEPLOYMENT)
    assert await pods_and_sets(stage) == before
    assert differences(intent_as_found(stage, after, env={"A": "1", "B": "2"}), after) == ()


@pytest.mark.behaviour("B35")
@pytest.mark.behaviour("B16")
@pytest.mark.parametrize("last", ["poller", "autoscaler"])
async def test_no_other_replica_count_is_ever_seen(stage: RealStage, last: str) -> None:
    await left(stage, objects_of(an_old_item(stage, replicas=1 if last == "autoscaler" else 4))[0])
    if last == "autoscaler":
        await scaled_by_an_autoscaler(stage, 4)
    live = await at_rest(stage, DEPLOYMENT)

    async with replicas_seen(stage.kubernetes, NAME) as seen:
        after = await take_over(stage, live, intent_as_found(stage, live, autoscaled=True), autoscaled=True)
        again = await take_over(stage, after, intent_as_found(stage, after, autoscaled=True), autoscaled=True)

        assert await seen.values() == [4]
    assert managers(again) == ([OURS] if last == "autoscaler" else [OURS, "gco-stream-replicas"])


@pytest.mark.behaviour("B35")
async def test_what_a_poller_writes_later_becomes_ours_again(stage: RealStage) -> None:
    live = (await left_of(stage, an_old_item(stage)))[DEPLOYMENT]
    await adopted(stage, live)
    pod = {"containers": [{"name": "inference", "image": "acme/server:v0"}]}
    await patch(stage.kubernetes, "Deployment", NAME, {"spec": {"replicas": 3, "template": {"spec": pod}}})
    changed = await at_rest(stage, DEPLOYMENT)

    after = await take_over(stage, changed, manifests_of(stage)[DEPLOYMENT])

    assert managers(changed) == ["OpenAPI-Generator", OURS]
    assert managers(after) == [OURS]
    assert (after["spec"]["replicas"], container_of(after)["image"]) == (1, "acme/server:v1")


@pytest.mark.behaviour("B35")
async def test_a_poller_that_writes_meanwhile_stops_the_adoption(stage: RealStage) -> None:
    live = (await left_of(stage, an_old_item(stage)))[DEPLOYMENT]
    await patch(stage.kubernetes, "Deployment", NAME, {"spec": {"replicas": 3}})

    with pytest.raises(Conflict):
        await adopted(stage, live)

    now = await stage.live(DEPLOYMENT)
    assert now is not None
    assert now["spec"]["replicas"] == 3
    assert managers(now) == ["OpenAPI-Generator"]


@pytest.mark.behaviour("B35")
async def test_a_port_that_people_renumbered_before_is_taken_back(stage: RealStage) -> None:
    await left(stage, objects_of(an_old_item(stage))[1])
    ports = [{"port": 8081, "targetPort": 8000, "protocol": "TCP"}]
    live = await stage.kubernetes.patch("Service", NAME, {"spec": {"ports": ports}})
    manifest = manifests_of(stage)[SERVICE]
    folded = as_folded(live, adopting_fold(live, keeps_replicas=False))
    uid = live["metadata"]["uid"]

    both = fold_renamed(manifest, folded)
    after = await stage.cluster.carry_out(Apply(key=SERVICE, manifest=manifest, uid=uid, why="test", fold=both))

    assert after is not None
    assert [port["port"] for port in after["spec"]["ports"]] == [80]
    assert differences(manifest, after) == ()


async def container(stage: RealStage) -> Any:
    return container_of(await at_rest(stage, DEPLOYMENT))


async def pods_and_sets(stage: RealStage) -> tuple[set[str], set[str]]:
    """The pods that are not on their way out, and the ReplicaSets."""
    pods, sets = await stage.kubernetes.list("Pod"), await stage.kubernetes.list("ReplicaSet")
    staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return {pod["metadata"]["uid"] for pod in staying}, {one["metadata"]["uid"] for one in sets}


async def scaled_by_an_autoscaler(stage: RealStage, replicas: int) -> None:
    """Write the count where an autoscaler does, and under its name."""
    kubernetes = stage.kubernetes
    path, headers = kubernetes.path("Deployment", NAME) + "/scale", {"User-Agent": "kube-controller-manager/v1.36.1"}
    change = {"spec": {"replicas": replicas}}
    await kubernetes.request("PATCH", path, change, content_type=MERGE_PATCH, headers=headers)
