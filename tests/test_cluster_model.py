"""The cluster in memory holds every write to what a load balancer can serve."""

from contextlib import suppress

import pytest

from gco_stream.core.models import Apply, Delete, ObjectKey
from tests.builders import DEPLOYMENT, INGRESS, SERVICE, an_endpoint, manifests_of
from tests.cluster_model import ClusterModel
from tests.fakes.region import a_region, at_work

MADE = {key: manifests_of(an_endpoint())[key.kind] for key in (DEPLOYMENT, SERVICE, INGRESS)}


def make(cluster: ClusterModel, *keys: ObjectKey) -> None:
    for key in keys:
        cluster.carry_out(Apply(key=key, manifest=MADE[key], uid=None, why="test"))


def take(cluster: ClusterModel, key: ObjectKey) -> None:
    cluster.carry_out(Delete(key=key, uid=cluster.objects[key]["metadata"]["uid"], why="test"))


def test_writes_in_a_safe_order_are_passed() -> None:
    cluster = ClusterModel()

    make(cluster, DEPLOYMENT, SERVICE, INGRESS)
    for key in (INGRESS, SERVICE, DEPLOYMENT):
        take(cluster, key)

    assert cluster.spoiled == []


def test_an_ingress_before_its_service_is_named_with_the_write() -> None:
    cluster = ClusterModel()

    with pytest.raises(AssertionError, match="after apply Ingress inference-llama: "):
        make(cluster, INGRESS)

    assert len(cluster.spoiled) == 1


def test_a_service_before_its_ingress_is_named_too() -> None:
    cluster = ClusterModel()
    make(cluster, SERVICE, INGRESS)

    with pytest.raises(AssertionError, match="after delete Service llama: "):
        take(cluster, SERVICE)


def test_what_somebody_spoiled_is_not_held_against_the_next_write() -> None:
    cluster = ClusterModel()
    make(cluster, SERVICE, INGRESS)
    del cluster.objects[SERVICE]

    make(cluster, DEPLOYMENT)
    make(cluster, SERVICE)

    assert cluster.spoiled == []
    assert cluster.troubles() == []


@pytest.mark.looptime
async def test_who_swallows_it_does_not_hide_it() -> None:
    region = a_region()
    publish = Apply(key=INGRESS, manifest=MADE[INGRESS], uid=None, why="test")

    async def lives_on() -> None:
        async with at_work(region):
            with suppress(AssertionError):
                await region.cluster.carry_out(publish)

    with pytest.raises(AssertionError, match="after apply Ingress inference-llama: "):
        await lives_on()
