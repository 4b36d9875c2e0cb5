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
from tests.builders import SCOPE, SERVICE, an_item
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.lease import FakeLeases
from tests.fakes.line import Line
from tests.fakes.records import FakeRecords
from tests.fakes.stream import FakeStream

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B4")]

READS = {"get", "scan", "observe", "pods", "count_target_groups", "watch"}
ITEM = an_item("llama", desired_state="deleted", region_status={})
MANIFEST = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "llama"}, "spec": {"ports": [{"port": 80}]}}
ACTION: Action = Apply(key=SERVICE, manifest=MANIFEST, uid=None, why="test")


class Bench:
    """A world on one line, and the same while leading."""

    def __init__(self) -> None:
        self.line = Line()
        self.records = FakeRecords(line=self.line)
        self.records.put(ITEM)
        self.tenure = Tenure(FakeClock(), write_seconds=5)
        world = World(
            records=self.records,
            stream=FakeStream(),
            cluster=FakeCluster(line=self.line),
            leases=FakeLeases(),
            clock=FakeClock(),
        )
        self.led = while_leading(world, self.tenure, SCOPE)

    async def scanned(self) -> None:
        """Read the whole table, as every leader does first."""
        assert [page async for page in self.led.records.scan()] != []

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
    bench.tenure.extend(10, epoch=1)
    await bench.scanned()
    bench.line.calls.clear()

    await bench.writes()[operation]()

    assert len(bench.line.calls) == 1


@pytest.mark.parametrize("operation", WRITES)
async def test_who_never_led_writes_nothing(bench: Bench, operation: str) -> None:
    bench.tenure.follow(-1)

    with pytest.raises(LostLeadership):
        await bench.writes()[operation]()

    assert bench.line.calls == []


@pytest.mark.parametrize("operation", WRITES)
async def test_who_is_not_certain_any_more_writes_nothing(bench: Bench, operation: str) -> None:
    bench.tenure.extend(10, epoch=1)
    bench.tenure.follow(0)
    await asyncio.sleep(10)

    with pytest.raises(LostLeadership):
        await bench.writes()[operation]()

    assert bench.line.calls == []


async def test_who_saw_another_leader_writes_nothing_at_once(bench: Bench) -> None:
    bench.tenure.extend(10, epoch=1)
    bench.tenure.end()

    with pytest.raises(LostLeadership):
        await bench.writes()["promote"]()

    assert bench.line.calls == []


async def test_reading_needs_no_leading(bench: Bench) -> None:
    name = EndpointName("llama")

    assert await bench.led.records.get(name) is not None
    assert [page async for page in bench.led.records.scan()] != []
    assert await bench.led.cluster.count_target_groups() == {}
    assert (await bench.led.cluster.observe(name, with_pods=True)).objects == {}


@pytest.mark.parametrize("operation", WRITES)
async def test_a_write_that_takes_too_long_is_ended_while_leading_is_certain(bench: Bench, operation: str) -> None:
    bench.tenure.extend(10, epoch=1)
    await bench.scanned()
    bench.line.latency = 60
    await asyncio.sleep(4.9)

    with pytest.raises(Transient):
        await bench.writes()[operation]()

    assert asyncio.get_running_loop().time() == pytest.approx(9.9)


@pytest.mark.parametrize("operation", WRITES)
async def test_no_write_begins_that_might_outlast_certainty(bench: Bench, operation: str) -> None:
    bench.tenure.extend(10, epoch=1)
    await bench.scanned()
    bench.line.calls.clear()
    await asyncio.sleep(5)

    with pytest.raises(LostLeadership):
        await bench.writes()[operation]()

    assert asyncio.get_running_loop().time() == pytest.approx(10)
    assert bench.line.calls == []


async def test_a_write_begins_as_soon_as_the_lease_has_been_renewed(bench: Bench) -> None:
    bench.tenure.extend(10, epoch=1)
    await asyncio.sleep(6)
    asyncio.get_running_loop().call_later(2, lambda: bench.tenure.extend(18, epoch=1))

    await bench.writes()["promote"]()

    assert asyncio.get_running_loop().time() == pytest.approx(8)


async def test_a_write_that_waits_for_certainty_ends_at_once_with_it(bench: Bench) -> None:
    bench.tenure.extend(10, epoch=1)
    await asyncio.sleep(6)
    asyncio.get_running_loop().call_later(1, bench.tenure.end)

    with pytest.raises(LostLeadership):
        await bench.writes()["promote"]()

    assert asyncio.get_running_loop().time() == pytest.approx(7)
    assert bench.line.calls == []


async def test_a_write_that_somebody_stopped_is_not_taken_for_a_slow_one(bench: Bench) -> None:
    bench.tenure.extend(10, epoch=1)
    bench.line.latency = 60
    asyncio.get_running_loop().call_later(3, bench.tenure.end)

    with pytest.raises(LostLeadership):
        await bench.writes()["promote"]()


async def test_a_deadline_of_somebody_elses_stays_theirs(bench: Bench) -> None:
    bench.tenure.extend(10, epoch=1)
    bench.line.fail("promote", TimeoutError())

    with pytest.raises(TimeoutError):
        await bench.writes()["promote"]()


class TestEpoch:
    """A status says which leader wrote it, and later leaders have higher numbers."""

    async def test_a_status_says_in_which_epoch_it_was_written(self, bench: Bench) -> None:
        bench.tenure.extend(10, epoch=7)
        await bench.scanned()

        await bench.writes()["write_status"]()

        assert bench.records.status("llama", "us-east-1") == {"state": "running", "epoch": 7}

    async def test_no_status_is_written_before_the_table_was_scanned_to_its_end(self, bench: Bench) -> None:
        bench.tenure.extend(1000, epoch=7)
        bench.records.page_size = 1
        pages = bench.led.records.scan()
        await anext(pages)

        with pytest.raises(Transient, match="scanned"):
            await bench.writes()["write_status"]()

        assert bench.line.count("write_status") == 0
        assert asyncio.get_running_loop().time() <= 10

    async def test_everything_else_is_written_meanwhile(self, bench: Bench) -> None:
        bench.tenure.extend(10, epoch=7)

        await bench.writes()["carry_out"]()
        await bench.writes()["promote"]()

        assert asyncio.get_running_loop().time() == 0

    async def test_a_status_that_waits_is_written_when_the_scan_is_over(self, bench: Bench) -> None:
        bench.tenure.extend(10, epoch=7)
        writing = asyncio.ensure_future(bench.writes()["write_status"]())
        await asyncio.sleep(2)
        assert bench.line.calls == []

        await bench.scanned()
        await writing

        assert bench.line.count("write_status") == 1

    @pytest.mark.parametrize(("found", "needed"), [(6, 7), (7, 8), (8, 9), (20, 21)])
    async def test_the_lease_is_to_be_ahead_of_every_status_of_this_region_and_cluster(
        self, bench: Bench, found: int, needed: int
    ) -> None:
        bench.tenure.extend(10, epoch=7)
        mine, theirs = {"cluster": SCOPE.cluster, "epoch": found}, {"cluster": "another", "epoch": 99}
        elsewhere = {"cluster": SCOPE.cluster, "epoch": 99}
        bench.records.put(an_item("a", region_status={SCOPE.region: mine, "eu-west-1": elsewhere}))
        bench.records.put(an_item("b", region_status={SCOPE.region: theirs}))

        await bench.scanned()

        assert bench.tenure.needed == needed

    async def test_no_status_is_written_before_the_lease_is_ahead(self, bench: Bench) -> None:
        bench.tenure.extend(10, epoch=1)
        bench.tenure.follow(41)
        writing = asyncio.ensure_future(bench.writes()["write_status"]())
        await asyncio.sleep(2)
        assert bench.line.calls == []

        bench.tenure.extend(12, epoch=42)
        await writing

        assert bench.records.status("llama", "us-east-1")["epoch"] == 42
