"""The contract of the ``Records`` port, on DynamoDB Local and on the fake."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from gco_stream.core.models import EndpointName
from gco_stream.errors import Conflict, LostLeadership
from tests.contracts.benches import Bench, DynamoBench, FakeBench, dynamo_bench, fake_bench
from tests.world.site import Site
from tests.world.world import World

LLAMA = EndpointName("llama")
UPDATED = "2026-01-01T10:00:00.123456+00:00"


def an_item(**fields: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "endpoint_name": "llama",
        "desired_state": "deploying",
        "target_regions": ["us-east-1"],
        "spec": {"image": "vllm:v1", "replicas": 2},
        "updated_at": UPDATED,
        "region_status": {},
    }
    return {key: value for key, value in {**usual, **fields}.items() if value is not None}


async def all_names(bench: Bench) -> list[str]:
    return [item["endpoint_name"] async for page in bench.records.scan() for item in page]


class RecordsContract:
    async def test_a_record_is_read_as_it_was_written(self, bench: Bench) -> None:
        item = an_item(spec={"image": "vllm:v1", "ratio": Decimal("0.5"), "weird": [None, True, {"a": 1}]})
        await bench.put(item)

        assert await bench.records.get(LLAMA) == item

    async def test_a_missing_record_is_none(self, bench: Bench) -> None:
        assert await bench.records.get(EndpointName("absent")) is None

    async def test_a_scan_names_every_record_once(self, bench: Bench) -> None:
        for number in range(7):
            await bench.put(an_item(endpoint_name=f"e{number}"))

        assert sorted(await all_names(bench)) == [f"e{number}" for number in range(7)]

    async def test_a_scan_of_an_empty_table_names_none(self, bench: Bench) -> None:
        assert await all_names(bench) == []

    @pytest.mark.parametrize("before", [None, "unwritten", ["a"], Decimal(3)], ids=["absent", "S", "L", "N"])
    async def test_a_first_status_makes_the_map(self, bench: Bench, before: Any) -> None:
        await bench.put(an_item(region_status=before))
        item = await bench.records.get(LLAMA)
        assert item is not None

        written = await bench.records.write_status(item, "us-east-1", {"state": "running"})

        assert written == an_item(region_status={"us-east-1": {"state": "running"}})
        assert await bench.item("llama") == written

    async def test_a_status_replaces_its_regions_own_and_no_other(self, bench: Bench) -> None:
        theirs = {"state": "running", "cluster": "there"}
        item = an_item(region_status={"us-east-1": {"state": "creating", "reason": "x"}, "eu-west-1": theirs})
        await bench.put(item)

        written = await bench.records.write_status(item, "us-east-1", {"state": "running"})

        assert written["region_status"] == {"us-east-1": {"state": "running"}, "eu-west-1": theirs}

    async def test_a_status_keeps_what_others_wrote_meanwhile(self, bench: Bench) -> None:
        read = an_item()
        newer = an_item(spec={"image": "vllm:v2"}, desired_state="stopped", unknown={"kept": [1]}, updated_at="later")
        await bench.put(newer)

        written = await bench.records.write_status(read, "us-east-1", {"state": "running"})

        assert written == {**newer, "region_status": {"us-east-1": {"state": "running"}}}
        assert await bench.item("llama") == written

    @pytest.mark.behaviour("B10")
    @pytest.mark.parametrize("region_status", [None, {"us-east-1": {}}], ids=["without map", "with map"])
    async def test_a_status_does_not_bring_a_record_back(self, bench: Bench, region_status: Any) -> None:
        item = an_item(region_status=region_status)

        with pytest.raises(Conflict):
            await bench.records.write_status(item, "us-east-1", {"state": "running"})

        assert await bench.item("llama") is None

    async def test_the_first_status_of_two_regions_at_once_loses_none(self, bench: Bench) -> None:
        read = an_item(region_status=None)
        await bench.put(an_item(region_status={"eu-west-1": {"state": "running"}}))

        with pytest.raises(Conflict):
            await bench.records.write_status(read, "us-east-1", {"state": "running"})

        assert await bench.item("llama") == an_item(region_status={"eu-west-1": {"state": "running"}})

    async def test_a_map_that_went_away_is_a_conflict(self, bench: Bench) -> None:
        await bench.put(an_item(region_status=None))

        with pytest.raises(Conflict):
            await bench.records.write_status(an_item(), "us-east-1", {"state": "running"})

    @pytest.mark.behaviour("B4")
    @pytest.mark.parametrize(
        "theirs",
        [
            {"epoch": 7, "cluster": "gpu-1"},
            {"epoch": 8, "cluster": "gpu-1"},
            {"cluster": "gpu-1"},
            {"epoch": 9, "cluster": "another"},
            {"epoch": 9},
            {"epoch": "9", "cluster": "gpu-1"},
            {"epoch": True, "cluster": "gpu-1"},
            {"epoch": 2**31 - 1, "cluster": "gpu-1"},
            {"epoch": 9, "cluster": ["gpu-1"]},
            "nonsense",
            None,
        ],
        ids=str,
    )
    async def test_a_status_is_written_over_one_of_an_earlier_leader_or_of_none(
        self, bench: Bench, theirs: Any
    ) -> None:
        await bench.put(an_item(region_status={"us-east-1": theirs}))
        status = {"state": "running", "epoch": 8, "cluster": "gpu-1"}

        written = await bench.records.write_status(an_item(), "us-east-1", status)

        assert written == an_item(region_status={"us-east-1": status})
        assert await bench.item("llama") == written

    @pytest.mark.behaviour("B4")
    @pytest.mark.parametrize("epoch", [9, Decimal("8.5"), 2**31 - 2])
    async def test_a_status_of_a_later_leader_stays_and_ends_the_earlier_one(self, bench: Bench, epoch: Any) -> None:
        newer = an_item(region_status={"us-east-1": {"state": "stopped", "epoch": epoch, "cluster": "gpu-1"}})
        await bench.put(newer)
        status = {"state": "running", "epoch": 8, "cluster": "gpu-1"}

        with pytest.raises(LostLeadership):
            await bench.records.write_status(an_item(), "us-east-1", status)

        assert await bench.item("llama") == newer

    @pytest.mark.behaviour("B4")
    async def test_another_regions_epoch_is_none_of_ours(self, bench: Bench) -> None:
        theirs = {"state": "running", "epoch": 9, "cluster": "gpu-1"}
        await bench.put(an_item(region_status={"eu-west-1": theirs}))
        status = {"state": "running", "epoch": 1, "cluster": "gpu-1"}

        written = await bench.records.write_status(an_item(), "us-east-1", status)

        assert written["region_status"] == {"us-east-1": status, "eu-west-1": theirs}

    async def test_a_record_that_went_away_is_a_conflict_whoever_leads(self, bench: Bench) -> None:
        with pytest.raises(Conflict):
            await bench.records.write_status(an_item(), "us-east-1", {"epoch": 8, "cluster": "gpu-1"})

    @pytest.mark.behaviour("B9")
    async def test_promotion_changes_the_state_and_nothing_else(self, bench: Bench) -> None:
        item = an_item(region_status={"us-east-1": {"state": "running"}})
        await bench.put(item)

        await bench.records.promote(item)

        assert await bench.item("llama") == {**item, "desired_state": "running"}

    @pytest.mark.behaviour("B9")
    @pytest.mark.parametrize(
        "change",
        [
            {"desired_state": "stopped"},
            {"desired_state": None},
            {"spec": {"image": "vllm:v2", "replicas": 2}},
            {"spec": None},
            {"target_regions": ["us-east-1", "eu-west-1"]},
        ],
        ids=str,
    )
    async def test_promotion_needs_the_wish_that_was_read(self, bench: Bench, change: dict[str, Any]) -> None:
        newer = an_item(**change)
        await bench.put(newer)

        with pytest.raises(Conflict):
            await bench.records.promote(an_item())

        assert await bench.item("llama") == newer

    @pytest.mark.behaviour("B9")
    async def test_promotion_takes_an_absent_state_for_deploying(self, bench: Bench) -> None:
        item = an_item(desired_state=None)
        await bench.put(item)

        await bench.records.promote(item)

        assert await bench.item("llama") == an_item(desired_state="running")

    @pytest.mark.behaviour("B9")
    async def test_promotion_does_not_mind_another_regions_status(self, bench: Bench) -> None:
        newer = an_item(region_status={"eu-west-1": {"state": "running"}})
        await bench.put(newer)

        await bench.records.promote(an_item())

        assert await bench.item("llama") == {**newer, "desired_state": "running"}

    async def test_promotion_does_not_bring_a_record_back(self, bench: Bench) -> None:
        with pytest.raises(Conflict):
            await bench.records.promote({"endpoint_name": "llama"})

        assert await bench.item("llama") is None

    @pytest.mark.behaviour("B10")
    async def test_purge_deletes_the_record(self, bench: Bench) -> None:
        item = an_item(desired_state="deleted", region_status={"us-east-1": {"state": "deleted"}})
        await bench.put(item)

        await bench.records.purge(item)

        assert await bench.item("llama") is None

    @pytest.mark.behaviour("B10")
    @pytest.mark.parametrize(
        "change",
        [
            {"desired_state": "deploying"},
            {"target_regions": ["us-east-1", "eu-west-1"]},
            {"region_status": {"us-east-1": {"state": "deleting"}}},
            {"region_status": {"us-east-1": {"state": "deleted"}, "eu-west-1": {"state": "running"}}},
            {"region_status": None},
        ],
        ids=str,
    )
    async def test_purge_leaves_a_record_that_somebody_changed(self, bench: Bench, change: dict[str, Any]) -> None:
        read: dict[str, Any] = {"desired_state": "deleted", "region_status": {"us-east-1": {"state": "deleted"}}}
        newer = an_item(**{**read, **change})
        await bench.put(newer)

        with pytest.raises(Conflict):
            await bench.records.purge(an_item(**read))

        assert await bench.item("llama") == newer

    async def test_purging_what_is_gone_is_a_conflict(self, bench: Bench) -> None:
        with pytest.raises(Conflict):
            await bench.records.purge(an_item(desired_state="deleted"))


class TestFakeRecords(RecordsContract):
    @pytest.fixture
    def bench(self) -> FakeBench:
        return fake_bench()

    async def test_a_scan_goes_on_after_a_page(self, bench: FakeBench) -> None:
        bench.records.page_size = 2
        for number in range(5):
            await bench.put(an_item(endpoint_name=f"e{number}"))

        assert len(await all_names(bench)) == 5
        assert bench.records.line.count("scan") == 3


class TestDynamoRecords(RecordsContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def bench(self, world: World, site: Site) -> AsyncIterator[DynamoBench]:
        async with dynamo_bench(world, site) as opened:
            yield opened

    @pytest.mark.parametrize(("count", "padding"), [(8, "x" * 300_000), (520, "")], ids=["large", "many"])
    async def test_a_scan_of_several_pages_names_every_record(
        self, bench: DynamoBench, count: int, padding: str
    ) -> None:
        names = [f"e{number}" for number in range(count)]

        def fill() -> None:
            with bench.site.table.batch_writer() as batch:
                for name in names:
                    batch.put_item(Item=an_item(endpoint_name=name, padding=padding))

        await asyncio.to_thread(fill)

        pages = [page async for page in bench.records.scan()]

        assert len(pages) > 1
        # Decoding more at once would be the peak of a start's memory.
        assert max(len(page) for page in pages) <= 400
        assert sorted(item["endpoint_name"] for page in pages for item in page) == sorted(names)
