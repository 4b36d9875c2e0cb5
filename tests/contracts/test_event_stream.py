"""The contract of the ``EventStream`` port, on DynamoDB Local, on the fake service over HTTP, and on its model."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gco_stream.core.shards import After, Latest, ShardId, TrimHorizon
from gco_stream.errors import IteratorExpired, StreamGap
from tests.contracts.benches import Bench, DynamoBench, FakeBench, ServiceBench, dynamo_bench, fake_bench, service_bench
from tests.contracts.reading import all_from, all_leaves, an_item, collected, its_place
from tests.streams_service.model import StreamsModel
from tests.world.site import Site
from tests.world.world import World


class EventStreamContract:
    async def test_the_tables_stream_is_found(self, bench: Bench) -> None:
        place = await its_place(bench.stream)

        assert place.arn.startswith("arn:")
        assert place.view == "NEW_AND_OLD_IMAGES"

    async def test_a_stream_has_an_open_root(self, bench: Bench) -> None:
        place = await its_place(bench.stream)

        shards = await bench.stream.describe(place.arn)

        assert [(shard.parent, shard.closed) for shard in shards] == [(None, False)]

    async def test_an_open_shard_has_no_children(self, bench: Bench) -> None:
        place = await its_place(bench.stream)
        (root,) = await bench.stream.describe(place.arn)

        assert list(await bench.stream.describe(place.arn, parent=root.id)) == []

    async def test_a_record_carries_both_images(self, bench: Bench) -> None:
        places = await all_leaves(bench)

        await bench.put(an_item(replicas=1))
        await bench.put(an_item(replicas=2))
        await bench.remove("llama")

        records = await collected(bench, places, 3)
        assert [(record.name, record.before, record.after) for record in records] == [
            ("llama", None, an_item(replicas=1)),
            ("llama", an_item(replicas=1), an_item(replicas=2)),
            ("llama", an_item(replicas=2), None),
        ]

    async def test_our_own_status_is_in_the_stream_like_any_change(self, bench: Bench) -> None:
        await bench.put(an_item(region_status={}))
        places = await all_leaves(bench)

        await bench.records.write_status(an_item(region_status={}), "us-east-1", {"state": "running"})

        (record,) = await collected(bench, places, 1)
        assert record.before == an_item(region_status={})
        assert record.after == an_item(region_status={"us-east-1": {"state": "running"}})

    async def test_latest_begins_after_what_is_there(self, bench: Bench) -> None:
        await bench.put(an_item(endpoint_name="before"))
        places = await all_leaves(bench)

        await bench.put(an_item(endpoint_name="after"))

        assert [record.name for record in await collected(bench, places, 1)] == ["after"]

    async def test_the_trim_horizon_begins_with_the_oldest(self, bench: Bench) -> None:
        for name in ("a", "b", "c"):
            await bench.put(an_item(endpoint_name=name))

        assert [record.name for record in await all_from(bench, TrimHorizon())] == ["a", "b", "c"]

    async def test_after_a_record_begins_with_the_next(self, bench: Bench) -> None:
        for name in ("a", "b", "c"):
            await bench.put(an_item(endpoint_name=name))
        first, *_ = await all_from(bench, TrimHorizon())

        assert [record.name for record in await all_from(bench, After(first.sequence))] == ["b", "c"]

    async def test_an_open_shard_without_news_gives_an_empty_page_and_goes_on(self, bench: Bench) -> None:
        places = await all_leaves(bench)
        (iterator,) = places.values()

        page = await bench.stream.read(iterator)

        assert page.records == ()
        assert page.next_iterator is not None

    async def test_reading_an_iterator_twice_gives_the_same(self, bench: Bench) -> None:
        await bench.put(an_item())
        place = await its_place(bench.stream)
        (root,) = await bench.stream.describe(place.arn)
        iterator = await bench.stream.open(place.arn, root.id, TrimHorizon())

        once, twice = [(await bench.stream.read(iterator)).records for _ in range(2)]

        assert once == twice != ()


class ServiceContract(EventStreamContract):
    """What the demo's emulator does not hold; ``test_emulator.py`` says what it does instead."""

    async def test_a_write_that_changes_nothing_makes_no_record(self, bench: Bench) -> None:
        await bench.put(an_item())
        places = await all_leaves(bench)

        await bench.put(an_item())
        await bench.remove("absent")
        await bench.put(an_item(endpoint_name="the-end"))

        assert [record.name for record in await collected(bench, places, 1)] == ["the-end"]

    async def test_a_shard_that_is_not_there_is_a_gap(self, bench: Bench) -> None:
        place = await its_place(bench.stream)

        with pytest.raises(StreamGap):
            await bench.stream.open(place.arn, ShardId("shardId-00000000000000000000-00000000"), TrimHorizon())

    async def test_a_stream_that_is_not_there_is_a_gap(self, bench: Bench) -> None:
        place = await its_place(bench.stream)
        gone = place.arn[:-3] + "999"

        with pytest.raises(StreamGap):
            await bench.stream.describe(gone)
        with pytest.raises(StreamGap):
            await bench.stream.open(gone, ShardId("shardId-00000000000000000000-00000000"), Latest())


class RollingContract(ServiceContract):
    """What can be held only where shards end at will: both fakes are held to each other."""

    def model(self, bench: Any) -> StreamsModel:
        raise NotImplementedError

    async def test_only_children_are_described_where_asked_for(self, bench: Bench) -> None:
        place, model = await its_place(bench.stream), self.model(bench)
        root = model.leaf
        first, second = model.roll(root, into=2)
        model.roll(first)

        children = await bench.stream.describe(place.arn, parent=root)

        assert [(child.id, child.closed) for child in children] == [(first, True), (second, False)]

    async def test_the_last_page_of_a_closed_shard_has_records_and_no_iterator(self, bench: Bench) -> None:
        place, model = await its_place(bench.stream), self.model(bench)
        root = model.leaf
        await bench.put(an_item())
        model.roll(root)

        page = await bench.stream.read(await bench.stream.open(place.arn, root, TrimHorizon()))

        assert len(page.records) == 1
        assert page.next_iterator is None

    async def test_every_page_of_a_description_is_read(self, bench: Bench) -> None:
        place, model = await its_place(bench.stream), self.model(bench)
        model.shards_per_page = 2
        roots = [model.leaf, *(model.grow() for _ in range(4))]

        shards = await bench.stream.describe(place.arn)

        assert [shard.id for shard in shards] == roots

    async def test_trimmed_records_are_a_gap(self, bench: Bench) -> None:
        place, model = await its_place(bench.stream), self.model(bench)
        iterator = await bench.stream.open(place.arn, model.leaf, TrimHorizon())
        await bench.put(an_item())

        model.trim(model.leaf)

        with pytest.raises(StreamGap):
            await bench.stream.read(iterator)

    async def test_a_position_that_was_trimmed_is_a_gap(self, bench: Bench) -> None:
        place, model = await its_place(bench.stream), self.model(bench)
        await bench.put(an_item())
        (record,) = await all_from(bench, TrimHorizon())

        model.trim(model.leaf)

        with pytest.raises(StreamGap):
            await bench.stream.open(place.arn, model.leaf, After(record.sequence))

    async def test_a_stream_enabled_anew_is_another_place_and_the_old_one_can_still_be_read(self, bench: Bench) -> None:
        before, model = await its_place(bench.stream), self.model(bench)
        await bench.put(an_item())

        model.enable()

        after = await its_place(bench.stream)
        (old,) = await bench.stream.describe(before.arn)
        page = await bench.stream.read(await bench.stream.open(before.arn, old.id, TrimHorizon()))
        assert after.arn != before.arn
        assert (len(page.records), page.next_iterator) == (1, None)


class TestFakeStream(RollingContract):
    @pytest.fixture
    def bench(self) -> FakeBench:
        return fake_bench()

    def model(self, bench: FakeBench) -> StreamsModel:
        return bench.stream

    async def test_a_table_without_a_stream_has_no_place(self) -> None:
        assert await fake_bench(stream=False).stream.locate() is None


@pytest.mark.process
class TestServiceStream(RollingContract):
    @pytest_asyncio.fixture
    async def bench(self) -> AsyncIterator[ServiceBench]:
        async with service_bench() as opened:
            yield opened

    def model(self, bench: ServiceBench) -> StreamsModel:
        return bench.service.model

    async def test_a_table_without_a_stream_has_no_place(self) -> None:
        async with service_bench(stream=False) as bench:
            assert await bench.stream.locate() is None

    async def test_an_iterator_expires_after_15_minutes(self, bench: ServiceBench) -> None:
        place = await its_place(bench.stream)
        iterator = await bench.stream.open(place.arn, bench.service.model.leaf, TrimHorizon())

        bench.service.clock.ahead += 15 * 60 + 1

        with pytest.raises(IteratorExpired):
            await bench.stream.read(iterator)


class TestDynamoStream(ServiceContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def bench(self, world: World, site: Site) -> AsyncIterator[DynamoBench]:
        async with dynamo_bench(world, site) as opened:
            yield opened

    async def test_a_table_without_a_stream_has_no_place(self, world: World) -> None:
        async with world.site(stream=False) as site, dynamo_bench(world, site) as bench:
            assert await bench.stream.locate() is None

    async def test_a_stream_enabled_anew_is_another_place(self, bench: DynamoBench, site: Site) -> None:
        before = await its_place(bench.stream)

        await asyncio.to_thread(_enable_anew, site)

        after = await its_place(bench.stream)
        assert after.arn != before.arn

    async def test_an_iterator_that_nobody_gave_out_is_a_gap(self, bench: DynamoBench) -> None:
        with pytest.raises(StreamGap):
            await bench.stream.read("000|nonsense")


def _enable_anew(site: Site) -> None:
    client = site.table.meta.client
    client.update_table(TableName=site.table_name, StreamSpecification={"StreamEnabled": False})
    client.update_table(
        TableName=site.table_name,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
