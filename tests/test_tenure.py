"""Nobody writes without leading, on virtual time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gco_stream.core.models import Action, Apply, EndpointName
from gco_stream.errors import LostLeadership, Transient
from gco_stream.ports import Cluster, Records, World
from gco_stream.tenure import Tenure, while_leading
from tests.builders import SERVICE, an_item
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.lease import FakeLeases
from tests.fakes.line import Line
from tests.fakes.records import FakeRecords
from tests.fakes.stream import FakeStream

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B4")]

READS = {"get", "scan", "observe", "pods", "count_target_groups", "watch"}
ITEM = an_item("llama", desired_state="deleted", region_status={})
MANIFEST = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "llama"}, "spec": {}}
ACTION: Action = Apply(key=SERVICE, manifest=MANIFEST, uid=None, why="test")


class Bench:
    """A world on one line, and the same while leading."""

    def __init__(self) -> None:
        self.line = Line()
        self.records = FakeRecords(line=self.line)
        self.records.put(ITEM)
        self.tenure = Tenure(FakeClock())
        world = World(
            records=self.records,
            stream=FakeStream(),
            cluster=FakeCluster(line=self.line),
            leases=FakeLeases(),
            clock=FakeClock(),
        )
        self.led = while_leading(world, self.tenure)

    def writes(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        """Every write that there is, by the name of its method."""
        records, cluster = self.led.records, self.led.cluster
        return {
            "write_status": lambda: records.write_status(ITEM, "us-east-1", {"state": "running"}),
            "promote": lambda: records.promote(ITEM),
            "purge": lambda: records.purge(ITEM),
            "carry_out": lambda: cluster.carry_out(ACTION),
        }


WRITES = ("write_status", "promote", "purge", "carry_out")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_every_method_of_the_ports_is_known_to_read_or_to_write(bench: Bench) -> None:
    methods = {
        name
        for port in (Records, Cluster)
        for name, _ in inspect.getmembers(port, callable)
        if not name.startswith("_")
    }

    assert methods - READS == set(WRITES) == set(bench.writes())


@pytest.mark.parametrize("operation", WRITES)
async def test_a_leader_writes(bench: Bench, operation: str) -> None:
    bench.tenure.extend(10)

    await bench.writes()[operation]()

    assert len(bench.line.calls) == 1


@pytest.mark.parametrize("operation", WRITES)
async def test_who_never_led_writes_nothing(bench: Bench, operation: str) -> None:
    with pytest.raises(LostLeadership):
        await bench.writes()[operation]()

    assert bench.line.calls == []


@pytest.mark.parametrize("operation", WRITES)
async def test_who_is_not_certain_any_more_writes_nothing(bench: Bench, operation: str) -> None:
    bench.tenure.extend(10)
    await asyncio.sleep(10)

    with pytest.raises(LostLeadership):
        await bench.writes()[operation]()

    assert bench.line.calls == []


async def test_who_saw_another_leader_writes_nothing_at_once(bench: Bench) -> None:
    bench.tenure.extend(10)
    bench.tenure.end()

    with pytest.raises(LostLeadership):
        await bench.writes()["promote"]()

    assert bench.line.calls == []


async def test_reading_needs_no_leading(bench: Bench) -> None:
    name = EndpointName("llama")

    assert await bench.led.records.get(name) is not None
    assert [page async for page in bench.led.records.scan()] != []
    assert await bench.led.cluster.count_target_groups() == 0
    assert (await bench.led.cluster.observe(name, with_pods=True)).objects == {}


@pytest.mark.parametrize("operation", WRITES)
async def test_a_write_that_outlasts_certainty_is_ended_before_another_may_lead(bench: Bench, operation: str) -> None:
    bench.tenure.extend(10)
    bench.line.latency = 60
    await asyncio.sleep(5)

    with pytest.raises(LostLeadership):
        await bench.writes()[operation]()

    assert asyncio.get_running_loop().time() == pytest.approx(10)


async def test_a_slow_write_is_mere_trouble_where_the_lease_was_renewed_meanwhile(bench: Bench) -> None:
    bench.tenure.extend(10)
    bench.line.latency = 60
    asyncio.get_running_loop().call_later(5, bench.tenure.extend, 15)

    with pytest.raises(Transient):
        await bench.writes()["promote"]()


async def test_a_deadline_of_somebody_elses_stays_theirs(bench: Bench) -> None:
    bench.tenure.extend(10)
    bench.line.fail("promote", TimeoutError())

    with pytest.raises(TimeoutError):
        await bench.writes()["promote"]()
