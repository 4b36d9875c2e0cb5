"""Coming from the poller, on the real parts: nobody who uses an endpoint notices, and afterwards all works."""

import asyncio
import json
from typing import Any

import pytest

from tests.cli.commands import shell_at
from tests.controller import Controller, running_controller
from tests.e2e.after_the_poller import (
    ADOPTED,
    CANARY,
    FLEET,
    PLAIN,
    SCALED,
    SETTINGS,
    VLLM,
    frozen,
    leaves,
    owned_by_the_old_client,
    pods,
    rests,
    versions,
)
from tests.e2e.replicas_seen import replicas_seen
from tests.e2e.traffic_seen import traffic_seen
from tests.e2e.watching import changed, container_of, history, is_promoted, reaches
from tests.poller import patch
from tests.world import Site, World
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B35")


async def a_fleet(site: Site, writers: Writers) -> None:
    for name, left in FLEET.items():
        await leaves(site, writers, name, **left)


async def all_taken_over(writers: Writers) -> None:
    for name in FLEET:
        await reaches(writers, name, "running", reason=ADOPTED, published=True)


async def test_no_pod_is_replaced_and_nobody_is_unpublished(world: World, site: Site, writers: Writers) -> None:
    await a_fleet(site, writers)
    before = await pods(site)

    async with traffic_seen(site.kubernetes, "weighted") as traffic, running_controller(site):
        await all_taken_over(writers)
        for name in FLEET:
            await rests(site, name)
        assert traffic.shares() == ["80/20"]

    assert await pods(site) == before
    assert await owned_by_the_old_client(site) == []
    assert not [request for request in changed(world, site) if request[0] == "delete"]


async def test_another_start_changes_nothing(world: World, site: Site, writers: Writers) -> None:
    await a_fleet(site, writers)
    async with running_controller(site):
        await all_taken_over(writers)
        for name in FLEET:
            await rests(site, name)
    there, written = await versions(site), changed(world, site)
    told = {name: len(history(world, site, name)) for name in FLEET}

    async with running_controller(site) as controller:
        (scan,) = controller.logged("table scanned")
        writers.create("later")
        await is_promoted(writers, "later")

    assert scan["queued"] == 0
    assert [request for request in changed(world, site) if "later" not in request[2]] == written
    assert {name: len(history(world, site, name)) for name in FLEET} == told
    assert {key: version for key, version in (await versions(site)).items() if "later" not in key[1]} == there


async def test_plan_says_before_what_will_be_taken_over_and_touches_nothing(
    world: World, site: Site, writers: Writers
) -> None:
    await a_fleet(site, writers)
    before = await versions(site)

    ended = await asyncio.to_thread(shell_at(site).apart, "plan", "-o", "json")

    pending = {one["endpoint"]: one["pending"] for one in json.loads(ended.out)}
    assert all(edits and {edit["reason"] for edit in edits} == {ADOPTED} for edits in pending.values())
    planned = {one["endpoint"]: one["changes"] for one in json.loads(ended.out)}
    assert (ended.code, set(planned)) == (1, set(FLEET)), ended.err
    for changes in planned.values():
        assert {change["action"] for change in changes} == {"change"}
        assert all(change["reason"].startswith("taken over") for change in changes)
        assert not any(change["interrupts"] for change in changes)
    assert (await versions(site), changed(world, site)) == (before, [])


@pytest.mark.behaviour("B16")
@pytest.mark.parametrize("last", ["autoscaler", "poller"])
async def test_no_replica_of_an_autoscaled_endpoint_moves(site: Site, writers: Writers, last: str) -> None:
    await leaves(site, writers, "llama", gpu_count=0, autoscaling=SCALED)
    await rests(site, "llama", replicas=3)
    if last == "poller":
        await patch(site.kubernetes, "Deployment", "llama", {"spec": {"replicas": 4}})
        await rests(site, "llama", replicas=4)
    count, before = 3 if last == "autoscaler" else 4, await pods(site)

    async with replicas_seen(site.kubernetes, "llama") as seen:
        for _ in range(2):
            async with running_controller(site):
                await reaches(writers, "llama", "running", reason=ADOPTED, replicas_desired=count, replicas_ready=count)
        assert await seen.values() == [count]

    assert await pods(site) == before
    assert await owned_by_the_old_client(site) == []


async def test_a_count_that_the_poller_has_just_reset_is_left_to_the_autoscaler(site: Site, writers: Writers) -> None:
    await leaves(site, writers, "llama", gpu_count=0, autoscaling=SCALED)
    await rests(site, "llama", replicas=3)

    async with running_controller(site):
        async with replicas_seen(site.kubernetes, "llama") as seen:
            await patch(site.kubernetes, "Deployment", "llama", {"spec": {"replicas": 1}})
            await rests(site, "llama", replicas=3)
            await reaches(writers, "llama", "running", replicas_desired=3, replicas_ready=3)
            assert await seen.values() == [3, 1, 3]
        assert await owned_by_the_old_client(site) == []


@pytest.mark.by_hand("Ingress inference-llama")
@pytest.mark.parametrize("has_canary", [True, False], ids=["a canary without its Service", "a canary that is over"])
async def test_an_ingress_that_freezes_the_load_balancer_is_healed_at_once(
    site: Site, writers: Writers, has_canary: bool
) -> None:
    gone = [("Service", "llama-canary"), *([] if has_canary else [("Deployment", "llama-canary")])]
    spec: dict[str, Any] = {"canary": CANARY} if has_canary else {}
    await leaves(site, writers, "llama", applied={"canary": CANARY}, without=gone, gpu_count=0, **spec)
    before = await pods(site)
    assert await frozen(site) != []

    async with running_controller(site):
        await reaches(writers, "llama", "running", reason=ADOPTED, published=True)

    assert await frozen(site) == []
    assert await pods(site) == before


async def test_the_ingress_of_a_stopped_endpoint_goes(site: Site, writers: Writers) -> None:
    await leaves(site, writers, "llama", applied={"replicas": 0}, state="stopped")

    async with running_controller(site):
        await reaches(writers, "llama", "stopped", published=False)
        assert await site.kubernetes.get("Ingress", "inference-llama") is None

        writers.say("llama", "running")
        await reaches(writers, "llama", "running", replicas_ready=1, published=True)


async def test_a_canary_under_a_path_that_nobody_asks_for_gets_its_share_by_the_next_edit(
    site: Site, writers: Writers
) -> None:
    await leaves(site, writers, "llama", image=VLLM, canary={"image": f"{VLLM}-b", "weight": 20})
    before = await pods(site)

    async with traffic_seen(site.kubernetes, "llama") as traffic, running_controller(site, **SETTINGS):
        await reaches(writers, "llama", "running", reason="CanaryUnavailable", published=True)
        assert (traffic.shares(), await pods(site)) == (["80/20", "plain"], before)

        writers.change("llama", canary={"image": f"{VLLM}-c", "weight": 20})
        await traffic.shows("80/20", "plain", "100/0", "80/20")
        assert not traffic.lost()

    assert (await container_of(site, "llama-canary"))["args"] == ["--root-path", "/inference/llama"]
    assert len(await pods(site) & before) == 1, "the endpoint's own pod has nothing to do with it"


async def test_what_has_no_record_is_nobodys_business(world: World, site: Site, writers: Writers) -> None:
    await leaves(site, writers, "orphan", canary=CANARY, autoscaling=SCALED, gpu_count=0, replicas=3)
    site.table.delete_item(Key={"endpoint_name": "orphan"})
    # The autoscaler's own controller goes on writing to it.
    its_own = ("HorizontalPodAutoscaler", "orphan")
    before = {**await versions(site), its_own: ""}

    async with running_controller(site) as controller:
        writers.create("later")
        await is_promoted(writers, "later")
        controller.resync()
        await controller.has_logged("table scanned", reason="SIGHUP")

    there = {key: version for key, version in (await versions(site)).items() if "later" not in key[1]}
    assert its_own in there
    assert {**there, its_own: ""} == before
    assert {name for _, _, name in changed(world, site)} == {"later", "inference-later"}


async def test_what_people_made_with_the_platforms_labels_stays_theirs(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    labels = {"app": "theirs", "project": "gco", "gco.io/type": "inference"}
    pod = {"containers": [{"name": "inference", "image": PLAIN}]}
    spec = {"selector": {"matchLabels": {"app": "theirs"}}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    metadata = {"name": "theirs", "labels": labels}
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    await site.kubernetes.apply(made, "somebody")
    await rests(site, "theirs")
    before = await versions(site)

    writers.create("theirs")
    status = await reaches(writers, "theirs", "error", reason="ForeignObject")

    assert "Deployment theirs exists already" in status["error"]
    writers.create("later")
    await is_promoted(writers, "later")
    assert {key: v for key, v in (await versions(site)).items() if "later" not in key[1]} == before
    assert "theirs" not in {name for _, _, name in changed(world, site)}
