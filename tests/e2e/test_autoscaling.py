"""Autoscaling on the real autoscaler: who owns the replica count, and every value that it ever had."""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.controller import Controller, running_controller
from tests.e2e.replicas_seen import ReplicasSeen, replicas_seen
from tests.e2e.watching import changed, is_promoted, is_purged, reaches
from tests.world import Manifest, Site, World, eventually, eventually_holds
from tests.world.metrics_api import metrics_api
from tests.writers import Writers, a_spec

pytestmark = pytest.mark.behaviour("B16", "B34")

KIND = "HorizontalPodAutoscaler"


def on(least: int = 2, most: int = 8, **fields: Any) -> dict[str, Any]:
    return {"enabled": True, "min_replicas": least, "max_replicas": most, **fields}


async def running(writers: Writers, count: int, **spec: Any) -> None:
    """Make an endpoint, and wait until it runs with so many replicas."""
    writers.create("llama", a_spec(gpu_count=0, **spec))
    await runs_with(writers, count)


async def runs_with(writers: Writers, count: int) -> None:
    await is_promoted(writers, "llama")
    await reaches(writers, "llama", "running", replicas_desired=count, replicas_ready=count)


async def changes(writers: Writers, **spec: Any) -> None:
    """Change the spec, and wait until that is done."""
    writers.change("llama", **spec)
    await is_promoted(writers, "llama")


async def is_looked_at(site: Site) -> Manifest:
    """Wait until the autoscaler is there and its controller has judged it, and return it."""

    async def judged() -> Manifest | None:
        live = await site.kubernetes.get(KIND, "llama")
        return live if live and live.get("status", {}).get("conditions") else None

    return await eventually(judged, 15, "an autoscaler that was looked at")


async def has_been(seen: ReplicasSeen, count: int) -> None:
    async def was_seen() -> bool:
        return count in await seen.values()

    await eventually(was_seen, 40, f"{count} replicas")


async def owners_of_replicas(site: Site) -> set[str]:
    live = await site.kubernetes.get("Deployment", "llama")
    assert live is not None
    entries = live["metadata"]["managedFields"]
    return {entry["manager"] for entry in entries if "f:replicas" in entry["fieldsV1"].get("f:spec", {})}


async def has_no_autoscaler(site: Site) -> bool:
    return await site.kubernetes.get(KIND, "llama") is None


async def test_switching_it_on_moves_no_replica(site: Site, writers: Writers, controller: Controller) -> None:
    await running(writers, 4, replicas=4)
    async with replicas_seen(site.kubernetes, "llama") as seen:
        await changes(writers, autoscaling=on())
        live = await is_looked_at(site)
        await changes(writers, env={"A": "1"})
        await runs_with(writers, 4)

        assert await seen.values() == [4]
    assert (live["spec"]["minReplicas"], live["spec"]["maxReplicas"]) == (2, 8)
    assert "gco-stream" not in await owners_of_replicas(site)


async def test_new_bounds_are_the_autoscalers_and_it_alone_moves_the_count(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    await running(writers, 4, replicas=4, autoscaling=on())
    await is_looked_at(site)
    before = changed(world, site)
    async with replicas_seen(site.kubernetes, "llama") as seen:
        await changes(writers, autoscaling=on(6, 8))
        await has_been(seen, 6)
        await changes(writers, autoscaling=on(2, 5))
        await has_been(seen, 5)
        await runs_with(writers, 5)

        assert await seen.values() == [4, 6, 5]
    touched = {kind for _, kind, _ in changed(world, site)[len(before) :]}
    assert touched == {"horizontalpodautoscalers"}


async def test_the_records_count_is_not_looked_at_while_it_is_on(
    site: Site, writers: Writers, controller: Controller
) -> None:
    await running(writers, 4, replicas=4, autoscaling=on())
    await is_looked_at(site)
    async with replicas_seen(site.kubernetes, "llama") as seen:
        for count in (7, 0, 1):
            writers.scale("llama", count)
            await changes(writers, env={"COUNT": str(count)})
            await runs_with(writers, 4)

        assert await seen.values() == [4]


@pytest.mark.parametrize("off", [{"enabled": False, "min_replicas": 6}, {"enabled": False, "max_replicas": 0}, None])
async def test_switching_it_off_goes_straight_to_the_records_count(
    site: Site, writers: Writers, controller: Controller, off: dict[str, Any] | None
) -> None:
    await running(writers, 6, replicas=3, autoscaling=on(6))
    await is_looked_at(site)
    async with replicas_seen(site.kubernetes, "llama") as seen:
        await changes(writers, autoscaling=off)
        await runs_with(writers, 3)
        await eventually(lambda: has_no_autoscaler(site), what="no autoscaler")

        assert await seen.values() == [6, 3]
    assert "gco-stream" in await owners_of_replicas(site)
    writers.scale("llama", 1)
    await runs_with(writers, 1)


@pytest.mark.parametrize(("replicas", "first"), [(1, 3), (5, 5), (0, 3), (12, 8)])
async def test_an_endpoint_that_is_new_begins_within_its_bounds(
    site: Site, writers: Writers, controller: Controller, replicas: int, first: int
) -> None:
    async with replicas_seen(site.kubernetes, "llama") as seen:
        await running(writers, first, replicas=replicas, autoscaling=on(3, 8))
        await is_looked_at(site)

        assert await seen.values() == [None, first]


async def test_switching_it_on_starts_an_endpoint_without_replicas(
    site: Site, writers: Writers, controller: Controller
) -> None:
    await running(writers, 0, replicas=0)
    async with replicas_seen(site.kubernetes, "llama") as seen:
        await changes(writers, autoscaling=on(2))
        await runs_with(writers, 2)
        await is_looked_at(site)

        assert await seen.values() == [0, 2]


@pytest.mark.behaviour("B23")
@pytest.mark.parametrize(("replicas", "again"), [(1, 2), (5, 5), (0, 2), (12, 8)])
async def test_stopping_leaves_the_autoscaler_and_starting_is_within_its_bounds(
    site: Site, writers: Writers, controller: Controller, replicas: int, again: int
) -> None:
    await running(writers, again, replicas=replicas, autoscaling=on(2, 8))
    before = await is_looked_at(site)
    async with replicas_seen(site.kubernetes, "llama") as seen:
        writers.say("llama", "stopped")
        await reaches(writers, "llama", "stopped", replicas_desired=0, replicas_ready=0)
        live = await site.kubernetes.get(KIND, "llama")
        writers.say("llama", "running")
        await reaches(writers, "llama", "running", replicas_ready=again)

        assert await seen.values() == [again, 0, again]
    assert live is not None
    assert live["metadata"]["uid"] == before["metadata"]["uid"]
    assert live["spec"] == before["spec"]


@pytest.mark.behaviour("B25")
async def test_stopping_and_starting_in_quick_succession_knows_no_other_counts(
    site: Site, writers: Writers, controller: Controller
) -> None:
    await running(writers, 2, autoscaling=on(2))
    await is_looked_at(site)
    async with replicas_seen(site.kubernetes, "llama") as seen:
        for state in ("stopped", "running", "stopped", "running"):
            writers.say("llama", state)
        await runs_with(writers, 2)
        writers.say("llama", "stopped")
        await reaches(writers, "llama", "stopped")

        values = await seen.values()
    assert set(values) == {0, 2}
    assert values[-1] == 0


@pytest.mark.behaviour("B26")
async def test_deleting_takes_the_autoscaler_away_before_what_it_scales(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    await running(writers, 2, autoscaling=on(2))
    await is_looked_at(site)

    writers.say("llama", "deleted")
    await is_purged(writers, "llama")

    gone = [kind for verb, kind, name in changed(world, site) if (verb, name) == ("delete", "llama")]
    assert gone == ["horizontalpodautoscalers", "services", "deployments"]
    assert await has_no_autoscaler(site)


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"minReplicas": 5, "maxReplicas": 50}},
        {"spec": {"metrics": None}},
        {"spec": {"scaleTargetRef": {"name": "other"}}},
        {"metadata": {"labels": {"project": "other"}}},
    ],
    ids=["bounds", "metrics", "target", "label"],
)
async def test_what_somebody_changed_of_it_by_hand_comes_back(
    site: Site, writers: Writers, controller: Controller, change: dict[str, Any]
) -> None:
    await running(writers, 2, autoscaling=on(2))
    before = await is_looked_at(site)

    await site.kubernetes.patch(KIND, "llama", change)

    async def is_as_before() -> None:
        live = await site.kubernetes.get(KIND, "llama")
        assert live is not None
        assert live["spec"] == before["spec"]
        assert live["metadata"]["labels"] == before["metadata"]["labels"]

    await eventually_holds(is_as_before, 10, "the autoscaler as before")


@pytest.mark.behaviour("B14")
async def test_an_autoscaler_that_somebody_deleted_is_made_again_and_no_replica_moves(
    site: Site, writers: Writers, controller: Controller
) -> None:
    await running(writers, 4, replicas=4, autoscaling=on())
    old = await is_looked_at(site)
    async with replicas_seen(site.kubernetes, "llama") as seen:
        await site.kubernetes.delete(KIND, "llama")

        async def is_another() -> bool:
            return bool((await is_looked_at(site))["metadata"]["uid"] != old["metadata"]["uid"])

        await eventually(is_another, 15, "another autoscaler")
        assert await seen.values() == [4]


@pytest.mark.behaviour("B13")
async def test_an_autoscaler_of_somebody_else_is_not_touched(
    site: Site, writers: Writers, controller: Controller
) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llama"}
    theirs = {"apiVersion": "autoscaling/v2", "kind": KIND, "metadata": {"name": "llama"}}
    made = await site.kubernetes.apply({**theirs, "spec": {"scaleTargetRef": target, "maxReplicas": 3}}, "somebody")

    writers.create("llama", a_spec(gpu_count=0, autoscaling=on()))
    await reaches(writers, "llama", "error", reason="ForeignObject")

    live = await site.kubernetes.get(KIND, "llama")
    assert live is not None
    assert (live["metadata"]["uid"], live["spec"]) == (made["metadata"]["uid"], made["spec"])


async def test_what_the_autoscaler_decides_is_left_to_it(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    await running(writers, 2, autoscaling=on(2, 8))
    await is_looked_at(site)
    before = changed(world, site)
    async with AsyncExitStack() as stack:
        seen = await stack.enter_async_context(replicas_seen(site.kubernetes, "llama"))
        await stack.enter_async_context(metrics_api(world, site, cpu=140))
        await has_been(seen, 8)
        await runs_with(writers, 8)
        done = len(controller.logged("table scanned"))
        controller.resync()
        await eventually(lambda: len(controller.logged("table scanned")) > done, what="another scan")
        await changes(writers, env={"A": "1"})
        await runs_with(writers, 8)

        assert await seen.values() == [2, 4, 8]
    touched = [(kind, name) for _, kind, name in changed(world, site)[len(before) :] if kind != "events"]
    assert touched == [("deployments", "llama")]


async def test_another_controller_that_takes_over_moves_no_replica(site: Site, writers: Writers) -> None:
    async with running_controller(site):
        await running(writers, 4, replicas=4, autoscaling=on())
        await is_looked_at(site)
    async with replicas_seen(site.kubernetes, "llama") as seen:
        async with running_controller(site):
            await changes(writers, env={"A": "1"})
            await runs_with(writers, 4)

        assert await seen.values() == [4]
