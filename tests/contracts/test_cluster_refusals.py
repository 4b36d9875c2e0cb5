"""What the real API server refuses, and what that means."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gco_stream.core.models import Apply, Delete, EndpointName, Kind, ObjectKey
from gco_stream.errors import Denied, Refused, Transient
from tests.contracts.stages import RealStage, a_real_stage, created, manifests_of
from tests.world.site import SERVICE_ACCOUNT, Site
from tests.world.world import World

LLAMA = EndpointName("llama")
DEPLOYMENT = ObjectKey(Kind.DEPLOYMENT, "llama")


@pytest_asyncio.fixture(loop_scope="session")
async def stage(world: World, site: Site) -> AsyncIterator[RealStage]:
    async with a_real_stage(world.kubeconfig, site) as opened:
        yield opened


def a_deployment(stage: RealStage, **container: Any) -> dict[str, Any]:
    """A Deployment with some fields of its container set to what they should not be."""
    manifest: Any = dict(manifests_of(stage)[DEPLOYMENT])
    manifest["spec"]["template"]["spec"]["containers"][0] |= container
    return dict(manifest)


async def refusal_of(stage: RealStage, manifest: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as refused:
        await stage.cluster.carry_out(Apply(key=DEPLOYMENT, manifest=manifest, uid=None, why="test"))
    return refused.value


@pytest.mark.behaviour("B11")
@pytest.mark.parametrize(
    ("container", "told"),
    [
        (
            {"ports": [{"containerPort": 70000, "protocol": "TCP"}]},
            "containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            {"resources": {"requests": {"memory": "64Gi"}, "limits": {"memory": "16Gi"}}},
            'resources.requests: Invalid value: "64Gi": must be less than or equal to memory limit of 16Gi',
        ),
        ({"image": ""}, "spec.template.spec.containers[0].image: Required value"),
    ],
    ids=["port", "memory", "image"],
)
async def test_an_invalid_object_is_refused_with_a_short_reason(
    stage: RealStage, container: dict[str, Any], told: str
) -> None:
    refused = await refusal_of(stage, a_deployment(stage, **container))

    assert refused.reason == "Invalid"
    assert told in str(refused)
    assert len(str(refused)) < 400


@pytest.mark.behaviour("B11")
@pytest.mark.parametrize(
    "container",
    [
        {"env": [{"name": "A", "value": 1}]},
        {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
        {"args": [1]},
        {"nonsense": True},
        {"resources": {"limits": {"cpu": "much"}}},
    ],
    ids=["number", "twice", "argument", "unknown field", "amount"],
)
async def test_what_does_not_fit_the_schema_is_refused_though_the_server_calls_it_its_own_error(
    stage: RealStage, container: dict[str, Any]
) -> None:
    refused = await refusal_of(stage, a_deployment(stage, **container))

    assert refused.reason == "Invalid"
    assert await stage.live(DEPLOYMENT) is None


@pytest.mark.behaviour("B11")
async def test_an_immutable_field_is_refused(stage: RealStage) -> None:
    live = (await created(stage, manifests_of(stage)))[DEPLOYMENT]
    manifest: Any = dict(manifests_of(stage)[DEPLOYMENT])
    manifest["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    manifest["spec"]["template"]["metadata"]["labels"]["app"] = "other"

    with pytest.raises(Refused, match="immutable"):
        await stage.cluster.carry_out(Apply(key=DEPLOYMENT, manifest=manifest, uid=live["metadata"]["uid"], why="test"))


async def test_a_missing_permission_is_denied_and_named(world: World, site: Site, stage: RealStage) -> None:
    kubeconfig = world.kubeconfig_for(await site.kubernetes.token_of(SERVICE_ACCOUNT))
    manifests = manifests_of(stage)

    async with a_real_stage(kubeconfig, site) as powerless:
        with pytest.raises(Denied, match="cannot get"):
            await powerless.cluster.observe(LLAMA, with_pods=False)
        with pytest.raises(Denied, match="cannot patch"):
            await created(powerless, manifests)
        with pytest.raises(Denied, match="cannot delete"):
            await powerless.cluster.carry_out(Delete(key=DEPLOYMENT, uid="u", why="test"))


async def test_a_token_that_nobody_gave_out_is_denied(world: World, site: Site) -> None:
    async with a_real_stage(world.kubeconfig_for("not-a-token-at-all"), site) as stranger:
        with pytest.raises(Denied):
            await stranger.cluster.observe(LLAMA, with_pods=False)


async def test_a_missing_namespace_is_transient_and_named(world: World, site: Site) -> None:
    async with a_real_stage(world.kubeconfig, site, namespace="absent") as nowhere:
        assert (await nowhere.cluster.observe(LLAMA, with_pods=True)).objects == {}

        with pytest.raises(Transient, match="absent"):
            await created(nowhere, manifests_of(nowhere))
