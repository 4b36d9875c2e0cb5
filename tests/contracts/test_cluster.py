"""The contract of the ``Cluster`` port, on the real API server and on the fake."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gco_stream.core.compare import differences
from gco_stream.core.models import Apply, Delete, EndpointName, Kind, Manifest, ObjectKey
from gco_stream.core.pods import pods_of
from gco_stream.errors import Conflict
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


def container_of(live: Manifest | None) -> Any:
    assert live is not None
    return live["spec"]["template"]["spec"]["containers"][0]


def apply_to(live: Manifest, manifest: Manifest) -> Apply:
    key = ObjectKey(Kind(manifest["kind"]), manifest["metadata"]["name"])
    return Apply(key=key, manifest=manifest, uid=live["metadata"]["uid"], why="test")


class ClusterContract:
    async def test_nothing_is_observed_where_nothing_is(self, stage: Stage) -> None:
        observed = await stage.cluster.observe(LLAMA, with_pods=True)

        assert (observed.objects, observed.pods) == ({}, ())

    async def test_every_object_of_an_endpoint_is_observed_and_nobody_elses(self, stage: Stage) -> None:
        await created(stage, manifests_of(stage))

        observed = await stage.cluster.observe(LLAMA, with_pods=False)
        others = await stage.cluster.observe(EndpointName("llama-2"), with_pods=False)

        assert set(observed.objects) == {DEPLOYMENT, SERVICE, INGRESS}
        assert observed.pods is None
        assert others.objects == {}

    async def test_an_apply_answers_the_object_as_it_is(self, stage: Stage) -> None:
        answers = await created(stage, manifests_of(stage))

        for key, answer in answers.items():
            live = await stage.live(key)
            assert live is not None
            assert answer["metadata"]["uid"] == live["metadata"]["uid"]
            assert answer["spec"] == live["spec"]

    @pytest.mark.behaviour("B13")
    @pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS], ids=str)
    async def test_creating_does_not_touch_what_somebody_else_made(self, stage: Stage, key: ObjectKey) -> None:
        theirs = await stage.make(manifests_of(stage, port=9000, labels={"theirs": "yes"})[key])

        with pytest.raises(Conflict):
            await stage.cluster.carry_out(Apply(key=key, manifest=manifests_of(stage)[key], uid=None, why="test"))

        live = await stage.live(key)
        assert live is not None
        assert (live["metadata"]["uid"], live["spec"]) == (theirs["metadata"]["uid"], theirs["spec"])
        assert live["metadata"]["labels"] == theirs["metadata"]["labels"]

    @pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS], ids=str)
    async def test_an_apply_meant_for_another_object_of_that_name_is_a_conflict(
        self, stage: Stage, key: ObjectKey
    ) -> None:
        manifests = manifests_of(stage)
        live = (await created(stage, manifests))[key]
        other = {**live, "metadata": {**live["metadata"], "uid": "11111111-1111-1111-1111-111111111111"}}

        with pytest.raises(Conflict):
            await stage.cluster.carry_out(apply_to(other, manifests_of(stage, port=9000)[key]))

        after = await stage.live(key)
        assert after is not None
        assert after["spec"] == live["spec"]

    @pytest.mark.parametrize("key", [SERVICE, INGRESS], ids=str)
    async def test_an_apply_meant_for_what_is_gone_does_not_make_it_again(self, stage: Stage, key: ObjectKey) -> None:
        manifests = manifests_of(stage)
        live = (await created(stage, manifests))[key]
        await stage.cluster.carry_out(Delete(key=key, uid=live["metadata"]["uid"], why="test"))
        stage.work()

        with pytest.raises(Conflict):
            await stage.cluster.carry_out(apply_to(live, manifests[key]))

        assert await stage.live(key) is None

    @pytest.mark.behaviour("B14")
    @pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
    async def test_the_same_intent_twice_changes_nothing_and_leaves_no_difference(
        self, stage: Stage, spec: dict[str, Any]
    ) -> None:
        manifests = manifests_of(stage, labels=LABELS, **spec)
        first = await created(stage, manifests)

        for key, manifest in manifests.items():
            second = await stage.cluster.carry_out(apply_to(first[key], manifest))

            assert second is not None
            assert differences(manifest, second) == ()
            assert second["metadata"].get("generation", 1) == 1
            # A Deployment's own controller writes beside us.
            if key.kind is not Kind.DEPLOYMENT:
                assert second["metadata"]["resourceVersion"] == first[key]["metadata"]["resourceVersion"]
            assert our_entry(second) == our_entry(first[key])

    @pytest.mark.behaviour("B14")
    @pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
    async def test_any_intent_may_follow_any_other_and_leaves_no_difference(
        self, stage: Stage, spec: dict[str, Any]
    ) -> None:
        first = await created(stage, manifests_of(stage, env={"GOES": "1"}, args=["goes"], model_path="/models/goes"))

        for key, manifest in manifests_of(stage, **spec).items():
            after = await stage.cluster.carry_out(apply_to(first[key], manifest))

            assert after is not None
            assert differences(manifest, after) == ()

    @pytest.mark.behaviour("B14")
    async def test_fields_that_are_no_longer_wanted_go(self, stage: Stage) -> None:
        spec = {"env": {"A": "1", "B": "2"}, "args": ["--x"], "command": ["run"], "node_selector": {"disk": "fast"}}
        first = await created(stage, manifests_of(stage, labels={"team": "search"}, **spec))

        after = await stage.cluster.carry_out(
            apply_to(first[DEPLOYMENT], manifests_of(stage, env={"B": "2"})[DEPLOYMENT])
        )

        assert after is not None
        container = container_of(after)
        assert container["env"] == [{"name": "B", "value": "2"}]
        assert "args" not in container
        assert "command" not in container
        assert "team" not in after["metadata"]["labels"]
        assert "disk" not in after["spec"]["template"]["spec"]["nodeSelector"]

    @pytest.mark.behaviour("B14")
    async def test_what_others_add_stays_and_what_they_change_is_put_right(self, stage: Stage) -> None:
        manifests = manifests_of(stage, env={"OURS": "1"})
        first = await created(stage, manifests)
        await stage.make(their_changes(manifests[DEPLOYMENT]))

        changed = await stage.live(DEPLOYMENT)
        assert changed is not None
        assert differences(manifests[DEPLOYMENT], changed) != ()
        after = await stage.cluster.carry_out(apply_to(first[DEPLOYMENT], manifests[DEPLOYMENT]))

        assert after is not None
        env = {entry["name"]: entry["value"] for entry in container_of(after)["env"]}
        assert env == {"OURS": "1", "THEIRS": "2"}
        assert container_of(after)["image"] == "acme/server:v1"
        assert after["metadata"]["labels"]["theirs"] == "yes"
        assert differences(manifests[DEPLOYMENT], after) == ()

    @pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS], ids=str)
    async def test_deleting_takes_an_object_away(self, stage: Stage, key: ObjectKey) -> None:
        live = (await created(stage, manifests_of(stage)))[key]

        await stage.cluster.carry_out(Delete(key=key, uid=live["metadata"]["uid"], why="test"))

        async def gone() -> bool:
            stage.work()
            return await stage.live(key) is None

        await eventually(gone, what=f"{key} gone")

    @pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS], ids=str)
    async def test_another_object_of_that_name_is_not_deleted(self, stage: Stage, key: ObjectKey) -> None:
        await created(stage, manifests_of(stage))

        with pytest.raises(Conflict):
            await stage.cluster.carry_out(Delete(key=key, uid="11111111-1111-1111-1111-111111111111", why="test"))

        live = await stage.live(key)
        assert live is not None
        assert "deletionTimestamp" not in live["metadata"]

    @pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS], ids=str)
    async def test_deleting_what_is_gone_is_fine(self, stage: Stage, key: ObjectKey) -> None:
        uid = "11111111-1111-1111-1111-111111111111"

        assert await stage.cluster.carry_out(Delete(key=key, uid=uid, why="test")) is None


class PodsContract:
    async def test_the_pods_of_an_endpoint_are_observed(self, stage: Stage) -> None:
        await created(stage, manifests_of(stage, replicas=2))

        async def both() -> bool:
            stage.work()
            observed = await stage.cluster.observe(LLAMA, with_pods=True)
            return len(pods_of(LLAMA, observed)) == 2

        await eventually(both, what="two pods of the Deployment")


def our_entry(live: Manifest) -> list[Any]:
    """What the API server notes down about us, with the time of the last change."""
    return [entry for entry in live["metadata"]["managedFields"] if entry["manager"] == "gco-stream"]


def their_changes(manifest: Manifest) -> dict[str, Any]:
    """An apply of somebody else: another image, one more variable, one more label."""
    container = {"name": "inference", "image": "theirs:v2", "env": [{"name": "THEIRS", "value": "2"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": manifest["metadata"]["name"],
            "namespace": manifest["metadata"]["namespace"],
            "labels": {"theirs": "yes"},
        },
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


class TestFakeCluster(ClusterContract, PodsContract):
    @pytest.fixture
    def stage(self) -> FakeStage:
        return FakeStage(FakeCluster())


class TestKubernetesCluster(ClusterContract, PodsContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def stage(self, world: World, site: Site) -> AsyncIterator[RealStage]:
        async with a_real_stage(world.kubeconfig, site) as opened:
            yield opened

    async def test_the_same_intent_a_second_later_moves_no_version(self, stage: RealStage) -> None:
        manifests = manifests_of(stage, replicas=0)
        first = await created(stage, manifests)

        async def observed_by_its_controller() -> bool:
            live = await stage.live(DEPLOYMENT)
            return live is not None and live["status"].get("observedGeneration") == 1

        await eventually(observed_by_its_controller)
        before = {key: await stage.live(key) for key in manifests}
        # The server notes times by the second, so within one it could not be seen that it noted a new one.
        await asyncio.sleep(1.1)

        for key, manifest in manifests.items():
            await stage.cluster.carry_out(apply_to(first[key], manifest))

        assert {key: await stage.live(key) for key in manifests} == before


class TestSandboxCluster(ClusterContract, PodsContract):
    @pytest_asyncio.fixture
    async def stage(self) -> AsyncIterator[RealStage]:
        async with a_sandbox_stage() as opened:
            yield opened
