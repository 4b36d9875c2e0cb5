"""The contract of the ``Cluster`` port's watch, and what digests say, on the real API server and on the fake."""

import asyncio
import copy
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from gco_stream.core.mirror import Listed, Mirror, Shown, Vanished, WatchEvent, version_of
from gco_stream.core.models import Apply, Delete, EndpointName, Kind, Manifest, ObjectKey
from gco_stream.core.projection import digest, digest_of_intent, digest_of_live, is_somebody_elses, project
from tests.contracts.stages import (
    LABELS,
    SPECS,
    FakeStage,
    RealStage,
    Stage,
    a_real_stage,
    a_sandbox_stage,
    created,
    manifests_of,
)
from tests.fakes.cluster import FakeCluster
from tests.world.eventually import eventually
from tests.world.site import Site
from tests.world.world import World

LLAMA = EndpointName("llama")
DEPLOYMENT = ObjectKey(Kind.DEPLOYMENT, "llama")
SERVICE = ObjectKey(Kind.SERVICE, "llama")
INGRESS = ObjectKey(Kind.INGRESS, "inference-llama")
KEYS = [DEPLOYMENT, SERVICE, INGRESS]
WATCHED = "gco.io/type"

ODD: dict[str, dict[str, Any]] = SPECS | {
    "order of variables": {"env": {"Z": "1", "M": "", "A": "2", "B": "$(Z)"}},
    "spellings": {
        "gpu_count": 0,
        "resources": {"requests": {"cpu": "1500m", "memory": "1.5Gi"}, "limits": {"cpu": "2.0", "memory": "4e9"}},
    },
    "tiny amounts": {"gpu_count": 0, "resources": {"requests": {"cpu": "0.0005"}, "limits": {"cpu": 1}}},
}


@asynccontextmanager
async def watching(
    stage: Stage, kind: Kind, since: str | None = None
) -> AsyncIterator[AsyncGenerator[WatchEvent, None]]:
    async with aclosing(stage.cluster.watch(kind, since=since)) as events:
        yield events


async def until(events: AsyncIterator[WatchEvent], condition: Callable[[WatchEvent], object]) -> WatchEvent:
    """Read on until an event is the one."""
    async with asyncio.timeout(20):
        async for event in events:
            if condition(event):
                return event
    raise AssertionError("the watch ended")


def shows(name: str, *, digest_is: str | None = None) -> Callable[[WatchEvent], bool]:
    def is_it(event: WatchEvent) -> bool:
        if not isinstance(event, Shown) or event.projection["metadata"]["name"] != name:
            return False
        return digest_is is None or digest(event.projection) == digest_is

    return is_it


def tells_of_the_end(name: str) -> Callable[[WatchEvent], bool]:
    return lambda event: isinstance(event, Vanished) and event.projection["metadata"]["name"] == name


def labelled(manifest: Manifest, **labels: str) -> dict[str, Any]:
    """The same manifest with other labels."""
    other: dict[str, Any] = copy.deepcopy(dict(manifest))
    other["metadata"]["labels"] |= labels
    return other


class WatchContract:
    @pytest.mark.parametrize("kind", Kind)
    async def test_a_watch_without_a_place_begins_with_a_list(self, stage: Stage, kind: Kind) -> None:
        answers = await created(stage, manifests_of(stage, autoscaling={"enabled": True}))

        async with watching(stage, kind) as events:
            listed = await anext(events)

        assert isinstance(listed, Listed)
        (projection,) = listed.projections
        (answer,) = (answer for key, answer in answers.items() if key.kind is kind)
        assert projection["metadata"]["uid"] == answer["metadata"]["uid"]
        assert digest(projection) == digest_of_live(answer)
        assert int(listed.version) >= version_of(projection)

    async def test_where_nothing_is_the_list_is_empty(self, stage: Stage) -> None:
        async with watching(stage, Kind.SERVICE) as events:
            listed = await anext(events)

        assert isinstance(listed, Listed)
        assert listed.projections == ()

    @pytest.mark.behaviour("B14")
    @pytest.mark.parametrize("key", KEYS, ids=str)
    async def test_making_changing_and_deleting_are_shown(self, stage: Stage, key: ObjectKey) -> None:
        first, second = manifests_of(stage)[key], manifests_of(stage, labels={"team": "x"})[key]

        async with watching(stage, key.kind) as events:
            await anext(events)
            live = (await created(stage, {key: first}))[key]
            await until(events, shows(key.name, digest_is=digest_of_intent(first)))
            uid = live["metadata"]["uid"]
            await stage.cluster.carry_out(Apply(key=key, manifest=second, uid=uid, why="test"))
            await until(events, shows(key.name, digest_is=digest_of_intent(second)))
            await stage.cluster.carry_out(Delete(key=key, uid=uid, why="test"))
            stage.work()
            await until(events, tells_of_the_end(key.name))

    async def test_a_watch_goes_on_from_a_place(self, stage: Stage) -> None:
        async with watching(stage, Kind.SERVICE) as events:
            listed = await anext(events)
        assert isinstance(listed, Listed)
        await created(stage, {SERVICE: manifests_of(stage)[SERVICE]})

        async with watching(stage, Kind.SERVICE, since=listed.version) as events:
            shown = await until(events, lambda _event: True)

        assert shows("llama")(shown)

    @pytest.mark.behaviour("B13")
    async def test_what_lacks_every_label_of_ours_is_shown_as_somebody_elses(self, stage: Stage) -> None:
        theirs: dict[str, Any] = copy.deepcopy(dict(manifests_of(stage)[SERVICE]))
        theirs["metadata"]["labels"] = {"app": "llama"}
        await stage.make(theirs)

        async with watching(stage, Kind.SERVICE) as events:
            listed = await anext(events)

        assert isinstance(listed, Listed)
        (projection,) = listed.projections
        assert projection["metadata"]["name"] == "llama"
        assert is_somebody_elses(projection)

    @pytest.mark.behaviour("B14")
    async def test_an_object_whose_label_is_changed_is_still_shown_and_is_news_each_time(self, stage: Stage) -> None:
        manifest, mirror = manifests_of(stage)[SERVICE], Mirror()
        live = (await created(stage, {SERVICE: manifest}))[SERVICE]
        repair = Apply(key=SERVICE, manifest=manifest, uid=live["metadata"]["uid"], why="test")

        async with watching(stage, Kind.SERVICE) as events:
            mirror.take(Kind.SERVICE, await anext(events))
            for _ in range(2):
                await stage.make(labelled(manifest, **{WATCHED: "training"}))
                changed = await until(events, shows("llama"))
                assert mirror.take(Kind.SERVICE, changed) == {"llama"}
                await stage.cluster.carry_out(repair)
                shown = await until(events, shows("llama", digest_is=digest_of_intent(manifest)))
                assert mirror.take(Kind.SERVICE, shown) == {"llama"}

        assert mirror.observed(LLAMA).get(SERVICE) is not None

    @pytest.mark.behaviour("B14")
    @pytest.mark.parametrize("spec", ODD.values(), ids=ODD)
    async def test_the_digest_of_what_is_there_is_that_of_the_intent(self, stage: Stage, spec: dict[str, Any]) -> None:
        manifests = manifests_of(stage, labels=LABELS, **spec)

        answers = await created(stage, manifests)

        assert {k: digest_of_live(v) for k, v in answers.items()} == {
            k: digest_of_intent(v) for k, v in manifests.items()
        }

    @pytest.mark.behaviour("B14")
    @pytest.mark.parametrize("spec", ODD.values(), ids=ODD)
    async def test_the_digest_follows_from_one_intent_to_the_next(self, stage: Stage, spec: dict[str, Any]) -> None:
        first = await created(stage, manifests_of(stage, env={"GOES": "1"}, args=["goes"], model_path="/models/goes"))

        for key, manifest in manifests_of(stage, **spec).items():
            assert digest_of_live(first[key]) != digest_of_intent(manifest) or key.kind is not Kind.DEPLOYMENT
            uid = first[key]["metadata"]["uid"]
            after = await stage.cluster.carry_out(Apply(key=key, manifest=manifest, uid=uid, why="test"))
            assert after is not None
            assert digest_of_live(after) == digest_of_intent(manifest)

    @pytest.mark.behaviour("B14")
    async def test_the_digest_tells_changes_of_ours_from_additions_of_theirs(self, stage: Stage) -> None:
        manifest = manifests_of(stage, env={"OURS": "1"})[DEPLOYMENT]
        await created(stage, {DEPLOYMENT: manifest})
        container: dict[str, Any] = {"name": "inference", "env": [{"name": "THEIRS", "value": "2"}]}

        added = await stage.make(their_apply(manifest, container))
        changed = await stage.make(their_apply(manifest, container | {"image": "theirs:v2"}))

        assert digest_of_live(added) == digest_of_intent(manifest)
        assert digest_of_live(changed) != digest_of_intent(manifest)

    async def test_our_own_write_is_no_news_when_the_watch_shows_it(self, stage: Stage) -> None:
        mirror = Mirror()
        async with watching(stage, Kind.SERVICE) as events:
            mirror.take(Kind.SERVICE, await anext(events))
            answer = (await created(stage, {SERVICE: manifests_of(stage)[SERVICE]}))[SERVICE]
            mirror.note(SERVICE, project(answer))

            shown = await until(events, shows("llama"))

        assert mirror.take(Kind.SERVICE, shown) == frozenset()


def their_apply(manifest: Manifest, container: dict[str, Any]) -> dict[str, Any]:
    metadata = {field: manifest["metadata"][field] for field in ("name", "namespace")}
    spec = {"template": {"spec": {"containers": [container]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


class TestFakeCluster(WatchContract):
    @pytest.fixture
    def stage(self) -> FakeStage:
        return FakeStage(FakeCluster())


class TestKubernetesCluster(WatchContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def stage(self, world: World, site: Site) -> AsyncIterator[RealStage]:
        async with a_real_stage(world.kubeconfig, site) as opened:
            yield opened

    async def test_the_mirror_follows_a_whole_life(self, stage: RealStage) -> None:
        mirror, manifests = Mirror(), manifests_of(stage)

        async def follow(kind: Kind) -> None:
            async with watching(stage, kind) as events:
                async for event in events:
                    mirror.take(kind, event)

        async def is_in_step() -> bool:
            there = {key: live for key in KEYS if (live := await stage.live(key)) is not None}
            return mirror.observed(LLAMA).objects == {key: project(live) for key, live in there.items()}

        async with asyncio.TaskGroup() as group:
            following = [group.create_task(follow(kind)) for kind in Kind]
            await eventually(lambda: all(mirror.has_listed(kind) for kind in Kind))
            answers = await created(stage, manifests)
            await eventually(is_in_step, what="mirror in step after creating")
            for key in reversed(KEYS):
                await stage.cluster.carry_out(Delete(key=key, uid=answers[key]["metadata"]["uid"], why="test"))
            await eventually(lambda: not mirror.observed(LLAMA).objects, what="nothing in the mirror")
            for task in following:
                task.cancel()


class TestSandboxCluster(WatchContract):
    @pytest_asyncio.fixture
    async def stage(self) -> AsyncIterator[RealStage]:
        async with a_sandbox_stage() as opened:
            yield opened
