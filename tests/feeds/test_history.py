"""Reading what a stream still has of the past, whatever it does meanwhile."""

import asyncio
import random

import pytest

from tests.fakes.line import soon
from tests.fakes.past import FakePast
from tests.feeds.remembering import Reading, tell

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B37")]


async def test_all_that_is_there_is_read_in_order_and_then_it_ends() -> None:
    reading = Reading(past := FakePast(page_size=10))
    told = tell(past, 95)

    await reading.reader.read_until_now()

    assert reading.numbers() == told
    assert reading.fastest() <= 4


async def test_a_shard_without_records_and_a_stream_without_shards_end_too() -> None:
    empty, bare = Reading(FakePast()), Reading(FakePast())
    bare.past.unlist(bare.past.leaf)

    await empty.reader.read_until_now()
    await bare.reader.read_until_now()

    assert empty.records == bare.records == []


async def test_empty_pages_on_the_way_are_no_end() -> None:
    reading = Reading(past := FakePast())
    told = tell(past, 3)
    past.empty_pages = 6

    await reading.reader.read_until_now()

    assert reading.numbers() == told


async def test_a_closed_shard_is_read_to_its_end_however_many_pages_are_empty() -> None:
    reading = Reading(past := FakePast())
    told = tell(past, 3)
    past.roll(past.leaf)
    told += tell(past, 2)
    past.empty_pages = 20

    await reading.reader.read_until_now()

    assert reading.numbers() == told


async def test_the_last_page_of_a_closed_shard_may_carry_records() -> None:
    reading = Reading(past := FakePast())
    told = tell(past, 3)
    past.close(past.leaf)

    await reading.reader.read_until_now()

    assert reading.numbers() == told


@pytest.mark.parametrize("seed", range(20))
async def test_parents_come_before_children_and_every_record_once_in_any_forest(seed: int) -> None:
    dice = random.Random(seed)
    reading = Reading(past := FakePast(page_size=dice.randint(1, 7)))
    past.by_key, past.shards_per_page, past.omitted = True, dice.randint(1, 5), dice.choice([0.0, 0.3])
    told: list[int] = []
    for _ in range(12):
        for name in "abcde":
            told += tell(past, dice.randint(0, 4), name=name)
        if dice.random() < 0.6:
            past.roll(dice.choice(past.open_shards), into=dice.choice([1, 1, 2]))

    await reading.reader.read_until_now()

    assert sorted(reading.numbers()) == told
    if not past.omitted:
        for name in "abcde":
            own = [int(r.sequence) for r in reading.records if r.keys["endpoint_name"]["S"] == name]
            assert own == sorted(own)


async def test_a_shard_that_is_closed_while_it_is_read_is_continued() -> None:
    reading = Reading(past := FakePast(page_size=1))
    told = tell(past, 4)

    async with asyncio.TaskGroup() as group:
        group.create_task(reading.reader.read_until_now())
        await soon(lambda: len(reading.records) >= 2)
        past.roll(past.leaf)
        told += tell(past, 2)

    assert reading.numbers() == told


async def test_a_child_whose_parent_is_past_its_24_hours_is_read() -> None:
    reading = Reading(past := FakePast())
    tell(past, 1)
    parent = past.leaf
    past.roll(parent)
    past.unlist(parent)
    told = tell(past, 2)

    await reading.reader.read_until_now()

    assert reading.numbers() == told


class TestFromANumber:
    async def test_it_begins_with_the_record_of_that_number(self) -> None:
        reading = Reading(past := FakePast())
        told = tell(past, 5)

        assert await reading.reader.begin_at(f"{told[2]:021}")
        await reading.reader.read_until_now()

        assert reading.numbers() == told[2:]

    async def test_what_comes_after_in_other_shards_is_there_and_its_ancestors_are_not(self) -> None:
        reading = Reading(past := FakePast())
        tell(past, 2)
        past.roll(past.leaf)
        told = tell(past, 3)
        past.roll(past.leaf)
        later = tell(past, 2)

        assert await reading.reader.begin_at(f"{told[1]:021}")
        await reading.reader.read_until_now()

        assert reading.numbers() == told[1:] + later

    async def test_in_shards_beside_it_time_decides(self) -> None:
        reading = Reading(past := FakePast())
        one, other = past.leaf, past.grow()
        early = tell(past, 1, shard=other)
        await asyncio.sleep(60)
        told = tell(past, 2, shard=one)
        late = tell(past, 1, shard=other)

        assert await reading.reader.begin_at(f"{told[0]:021}")
        await reading.reader.read_until_now()

        assert sorted(reading.numbers()) == sorted(told + late)
        assert early[0] not in reading.numbers()

    async def test_one_that_no_shard_has_is_not_found(self) -> None:
        reading = Reading(past := FakePast())
        tell(past, 2)

        assert not await reading.reader.begin_at("000000000000000000999")


class TestFollowing:
    async def follow(self, reading: Reading, group: asyncio.TaskGroup) -> asyncio.Task[None]:
        async def follow() -> None:
            await reading.reader.follow()

        return group.create_task(follow())

    async def test_what_is_written_from_now_on_is_read_across_rotations(self) -> None:
        reading = Reading(past := FakePast())
        tell(past, 3)
        await reading.reader.begin_at_the_end()

        async with asyncio.TaskGroup() as group:
            following = await self.follow(reading, group)
            told = tell(past, 2)
            past.hide_seconds = 20.0
            past.roll(past.leaf, into=2)
            told += tell(past, 2)
            await soon(lambda: len(reading.records) >= 4)
            told += tell(past, 1)
            await soon(lambda: len(reading.records) >= 5)
            following.cancel()

        assert reading.numbers() == told

    async def test_from_the_oldest_on_all_is_read_and_what_comes(self) -> None:
        reading = Reading(past := FakePast())
        told = tell(past, 3)

        async with asyncio.TaskGroup() as group:
            following = await self.follow(reading, group)
            await soon(lambda: len(reading.records) >= 3)
            told += tell(past, 2)
            await soon(lambda: len(reading.records) >= 5)
            following.cancel()

        assert reading.numbers() == told

    async def test_more_open_shards_than_calls_at_once_are_all_followed(self) -> None:
        reading = Reading(past := FakePast())
        shards = [past.leaf, *(past.grow() for _ in range(30))]

        async with asyncio.TaskGroup() as group:
            following = await self.follow(reading, group)
            await asyncio.sleep(10)
            for shard in shards:
                tell(past, 1, shard=shard)
            await soon(lambda: len(reading.records) >= len(shards))
            following.cancel()
