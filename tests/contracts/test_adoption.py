"""Taking over what the poller left behind, on the real API server and on the model in memory."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from gco_stream.core.adoption import adopting_fold, found_fields, is_adoptable
from gco_stream.core.compare import differences
from gco_stream.core.manifests.autoscaler import autoscaler
from gco_stream.core.merging import owned_part
from gco_stream.core.models import ObjectKey
from tests.builders import NAME
from tests.contracts.adoptions import (
    AUTOSCALER,
    DEPLOYMENT,
    INGRESS,
    OURS,
    SCALED,
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
from tests.contracts.stages import FakeStage, RealStage, Stage, a_real_stage, an_endpoint, manifests_of
from tests.fakes.cluster import FakeCluster
from tests.left_behind import kept
from tests.poller import objects_of, weighted_ingress
from tests.server_side_apply import leaves
from tests.world.site import Site
from tests.world.world import World


class AdoptionContract:
    @pytest.mark.behaviour("B35")
    @pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
    async def test_a_template_stays_to_the_letter_and_has_one_owner(self, stage: Stage, spec: dict[str, Any]) -> None:
        live = (await left_of(stage, an_old_item(stage, **spec)))[DEPLOYMENT]

        after = await adopted(stage, live, **spec)

        assert after["spec"]["template"] == live["spec"]["template"]
        assert after["spec"]["strategy"] == live["spec"]["strategy"]
        assert managers(after) == [OURS]

    @pytest.mark.behaviour("B35")
    @pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
    async def test_after_an_adoption_nothing_is_left_to_do(self, stage: Stage, spec: dict[str, Any]) -> None:
        live = (await left_of(stage, an_old_item(stage, **spec)))[DEPLOYMENT]
        after = await adopted(stage, live, **spec)

        assert intent_as_found(stage, after, **spec)["spec"] == intent_as_found(stage, live, **spec)["spec"]
        assert adopting_fold(after, keeps_replicas=False) is None
        assert differences(intent_as_found(stage, after, **spec), after) == ()

    @pytest.mark.behaviour("B35")
    async def test_every_kind_of_object_may_be_taken_over(self, stage: Stage) -> None:
        item = an_old_item(stage, autoscaling=SCALED, canary={"image": "acme/server:v2", "weight": 20})

        there = await left_of(stage, item)

        assert [is_adoptable(live, key, NAME) for key, live in there.items()] == [True] * 6

    @pytest.mark.behaviour("B35")
    async def test_the_first_edit_removes_what_it_no_longer_has(self, stage: Stage) -> None:
        spec = {"env": {"A": "1", "B": "2"}, "args": ["--x"], "model_path": "/models/m", "gpu_count": 0}
        live = (await left_of(stage, an_old_item(stage, **spec)))[DEPLOYMENT]
        found = await adopted(stage, live, **spec)

        edited = manifests_of(stage, env={"A": "1"}, gpu_count=0)[DEPLOYMENT]
        after = await take_over(stage, found, edited)

        assert container_of(after)["env"] == [{"name": "A", "value": "1"}]
        assert {"args", "volumeMounts"} & container_of(after).keys() == set()
        assert {"volumes", "tolerations"} & after["spec"]["template"]["spec"].keys() == set()
        assert differences(edited, after) == ()

    @pytest.mark.behaviour("B35")
    @pytest.mark.parametrize("key", [SERVICE, INGRESS], ids=str)
    async def test_service_and_ingress_have_one_owner(self, stage: Stage, key: ObjectKey) -> None:
        live = (await left_of(stage, an_old_item(stage)))[key]
        manifest = manifests_of(stage)[key]

        after = await take_over(stage, live, manifest)

        assert managers(after) == [OURS]
        assert after["spec"] == live["spec"]
        assert differences(manifest, after) == ()

    @pytest.mark.behaviour("B35")
    async def test_weights_for_a_canary_that_is_gone_go(self, stage: Stage) -> None:
        live = await left(stage, weighted_ingress(an_old_item(stage, canary={"image": "acme/server:v2"})))

        after = await take_over(stage, live, manifests_of(stage)[INGRESS])

        assert managers(after) == [OURS]
        assert after["metadata"]["annotations"] == manifests_of(stage)[INGRESS]["metadata"]["annotations"]
        assert "gco.io/canary" not in after["metadata"]["labels"]
        assert after["spec"] == manifests_of(stage)[INGRESS]["spec"]

    @pytest.mark.behaviour("B35")
    async def test_an_autoscaler_has_one_owner(self, stage: Stage) -> None:
        live = (await left_of(stage, an_old_item(stage, autoscaling=SCALED)))[AUTOSCALER]
        manifest = autoscaler(an_endpoint(stage.scope, autoscaling={**SCALED, "max_replicas": 6}), stage.scope)

        after = await take_over(stage, live, manifest)

        assert managers(after) == [OURS]
        assert after["spec"] == {**live["spec"], "maxReplicas": 6}

    @pytest.mark.behaviour("B35")
    @pytest.mark.behaviour("B16")
    async def test_the_replicas_of_an_autoscaled_endpoint_stay(self, stage: Stage) -> None:
        spec = {"replicas": 4, "autoscaling": SCALED}
        live = (await left_of(stage, an_old_item(stage, **spec)))[DEPLOYMENT]

        after = await take_over(stage, live, intent_as_found(stage, live, autoscaled=True), autoscaled=True)

        assert after["spec"]["replicas"] == 4
        assert managers(after) == [OURS, "gco-stream-replicas"]

    @pytest.mark.behaviour("B35")
    async def test_stopping_needs_no_spec_and_changes_the_count_alone(self, stage: Stage) -> None:
        live = (await left_of(stage, an_old_item(stage, replicas=2)))[DEPLOYMENT]
        applied = owned_part(found_fields(live), live)
        spec = {**applied["spec"], "replicas": 0}
        identity = {"name": NAME, "namespace": stage.scope.namespace}
        kind = {"apiVersion": "apps/v1", "kind": "Deployment"}

        after = await take_over(stage, live, {**kind, "metadata": {**identity, **applied["metadata"]}, "spec": spec})

        assert after["spec"] == {**live["spec"], "replicas": 0}
        assert managers(after) == [OURS]
        assert is_adoptable(after, DEPLOYMENT, NAME)

    @pytest.mark.behaviour("B35")
    async def test_what_people_have_added_stays_theirs(self, stage: Stage) -> None:
        live = (await left_of(stage, an_old_item(stage, env={"A": "1", "B": "2"})))[DEPLOYMENT]
        container = {"name": "inference", "env": [{"name": "THEIRS", "value": "3"}]}
        identity = {"name": NAME, "namespace": stage.scope.namespace, "labels": {"theirs": "yes"}}
        theirs = {"template": {"spec": {"containers": [container]}}}
        edited = await stage.make({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": identity, "spec": theirs})
        edited = await at_rest(stage, DEPLOYMENT) if isinstance(stage, RealStage) else edited

        after = await adopted(stage, edited, env={"A": "1", "B": "2"})

        assert after["spec"]["template"] == edited["spec"]["template"]
        assert after["metadata"]["labels"]["theirs"] == "yes"
        assert live["metadata"]["uid"] == after["metadata"]["uid"]

    async def test_the_model_in_memory_knows_who_owns_what(self, stage: Stage) -> None:
        item = an_old_item(stage, **SPECS["models"], autoscaling=SCALED, canary={"image": "acme/server:v2"})

        for made in objects_of(item):
            assert old_fields(await left(stage, made)) == old_fields(kept(made))


def old_fields(live: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """What the old client owns."""
    (tree,) = (e["fieldsV1"] for e in live["metadata"]["managedFields"] if e["manager"] == "OpenAPI-Generator")
    return set(leaves(tree))


class TestFakeCluster(AdoptionContract):
    @pytest.fixture
    def stage(self) -> FakeStage:
        return FakeStage(FakeCluster())


class TestKubernetesCluster(AdoptionContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def stage(self, world: World, site: Site) -> AsyncIterator[RealStage]:
        async with a_real_stage(world.kubeconfig, site) as opened:
            yield opened
