"""A pass that could not finish must neither forget its endpoint nor conclude that all is done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gco_stream.core.claims import Claims
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import Kind
from gco_stream.errors import Transient
from gco_stream.queue import WorkQueue
from gco_stream.reconciler import Reconciler
from tests.builders import INGRESS, NAME, SCOPE, an_endpoint, an_item, manifests_of
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.records import FakeRecords
from tests.fakes.region import a_region, at_work

pytestmark = pytest.mark.looptime


class Bench:
    def __init__(self) -> None:
        self.records, self.cluster, self.clock = FakeRecords(), FakeCluster(), FakeClock()
        self.queue = WorkQueue(self.clock)
        deadline = timedelta(seconds=60)
        self.reconciler = Reconciler(
            records=self.records,
            cluster=self.cluster,
            mirror=Mirror(),
            clock=self.clock,
            scope=SCOPE,
            pass_deadline=deadline,
            claims=Claims(SCOPE.region),
        )

    async def look(self) -> bool:
        """Do one pass, and say whether another one follows by itself."""
        again = await self.reconciler._attempt(NAME, self.queue)
        return again is not None


@pytest.mark.behaviour("B10")
async def test_a_record_without_regions_outlives_what_could_not_be_removed() -> None:
    bench = Bench()
    for manifest in manifests_of(an_endpoint(autoscaling={"enabled": True})).values():
        bench.cluster.make(manifest, manager="gco-stream")
    bench.records.put(an_item(desired_state="deleted", target_regions=[]))
    bench.cluster.line.fail_next("delete", Transient("the API server is away"))

    assert await bench.look()

    assert NAME in bench.records.items
    assert bench.cluster.kinds(NAME) == set(Kind)


@pytest.mark.behaviour("B27")
async def test_an_endpoint_whose_old_ingress_is_leaving_gets_a_new_one() -> None:
    bench = Bench()
    bench.records.put(an_item(desired_state="running"))
    await bench.look()
    bench.cluster.model.work()
    await bench.look()
    old = bench.cluster.model.objects[INGRESS]
    old["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"

    assert await bench.look()
    bench.cluster.model.work()
    assert not await bench.look()

    assert bench.cluster.model.objects[INGRESS]["metadata"]["uid"] != old["metadata"]["uid"]


@pytest.mark.behaviour("B19")
async def test_endpoints_beyond_the_room_on_the_load_balancer_wait_until_there_is_some() -> None:
    region = a_region(scope=replace(SCOPE, target_groups=2))
    names = ["alpha", "beta", "gamma"]
    for name in names:
        region.records.put(an_item(name))

    async with at_work(region):
        await region.after(30, *names)
        full = [name for name in names if region.status(name).get("reason") == "LoadBalancerFull"]
        assert len(full) == 1
        assert sum(key.kind is Kind.INGRESS for key in region.cluster.model.objects) == 2
        assert [region.state(name) for name in names] == ["running"] * 3

        going = next(name for name in names if name not in full)
        region.records.put(an_item(going, desired_state="deleted"))
        await region.after(30, going)

    assert region.status(*full)["published"] is True
