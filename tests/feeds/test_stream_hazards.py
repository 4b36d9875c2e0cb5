"""What has made other readers of DynamoDB Streams lose records, or hang: see ``docs/stream.md`` for the numbers."""

import asyncio

import pytest

from gco_stream.core.models import EndpointName
from gco_stream.errors import Transient
from tests.fakes.line import soon
from tests.feeds.following import Following, a_change, a_following, names, once_following, running

pytestmark = pytest.mark.looptime

LLAMA = EndpointName("llama")
HOUR = 3600.0


@pytest.mark.hazard("H5")
async def test_a_start_on_an_incomplete_listing_loses_nothing() -> None:
    following = a_following()
    stream = following.stream
    root = stream.leaf
    (middle,) = stream.roll(root)
    leaf, other = stream.roll(middle, into=2)
    stream.unlist(middle, other)

    async with running(following):
        await once_following(following)
        stream.tell(EndpointName("seen"), shard=leaf)
        stream.tell(EndpointName("unseen"), shard=other)
        await following.for_seconds(5)
        stream.list_again(middle, other)
        await following.for_seconds(70)

        assert sorted(following.seen) == ["seen", "unseen"]
        assert following.scans() == 1


@pytest.mark.hazard("H5")
async def test_an_open_parent_with_an_open_child_is_read_first_and_to_its_end() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        parent = following.stream.leaf
        following.stream.page_size = 1
        following.stream.shards[parent].looks_open = True

        for name in names(3):
            following.stream.tell(name, shard=parent)
        (child,) = following.stream.roll(parent)
        following.stream.tell(LLAMA, shard=child)
        await following.for_seconds(70)

        assert following.seen == [*names(3), "llama"]


@pytest.mark.hazard("H5")
async def test_a_shard_that_ended_though_it_is_open_is_read_on() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        shard = following.stream.shards[following.stream.leaf]
        following.stream.close(shard.id)
        shard.looks_open = True
        await following.for_seconds(2)

        shard.closed_at = None
        following.stream.tell(LLAMA, shard=shard.id)
        await following.for_seconds(70)

        assert following.seen == ["llama"]
        assert following.fastest("read") <= 4
        assert following.scans() == 1


@pytest.mark.hazard("H5")
@pytest.mark.parametrize("seconds", [59.5, 59.7, 59.9])
async def test_a_shard_that_ends_right_before_a_listing_shows_it_as_open_is_not_read_faster(seconds: float) -> None:
    async with running(a_following()) as following:
        shard = following.stream.shards[following.stream.leaf]
        await following.for_seconds(seconds)

        following.stream.close(shard.id)
        shard.looks_open = True
        await following.for_seconds(5)

        assert following.line.count("open", shard.id) > 1
        assert following.fastest("read") <= 4


async def cut_off(following: Following, *, minutes: float) -> None:
    """Let nobody read for so long, and then wait for the next attempt."""
    following.line.fail("read", Transient("unreachable", retry_after=60.0))
    await following.for_seconds(minutes * 60)
    following.line.mend("read")
    await following.for_seconds(60)


@pytest.mark.hazard("H7")
async def test_a_reader_cut_off_for_16_minutes_goes_on_after_its_last_record() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        following.records.put(a_change(1, "first"))
        await following.for_seconds(1)

        following.records.put(a_change(1, "second"))
        await cut_off(following, minutes=16)
        await following.for_seconds(6)

        assert following.seen == ["first", "second"]
        assert following.scans() == 1


@pytest.mark.hazard("H7")
async def test_a_reader_cut_off_for_16_minutes_before_its_first_record_scans_once() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.records.put(a_change(1))
        await cut_off(following, minutes=16)
        await following.for_seconds(10)

        assert following.is_up_to_date()
        assert following.scans() == 2


@pytest.mark.hazard("H8")
async def test_a_reader_cut_off_for_25_hours_says_so_and_scans_once(caplog: pytest.LogCaptureFixture) -> None:
    async with running(a_following()) as following:
        await once_following(following)
        following.records.put(a_change(1))
        await following.for_seconds(1)

        following.records.put(a_change(2))
        await cut_off(following, minutes=25 * 60)
        await following.for_seconds(10)

        assert following.is_up_to_date()
        assert following.scans() == 2
        lost = [record for record in caplog.records if record.message == "place in the stream lost, scanning again"]
        assert [record.__dict__["blind_seconds"] // HOUR for record in lost] == [25]
        assert following.feed.counts.gaps == 1
        assert following.feed.counts.blind_seconds // HOUR == 25


@pytest.mark.hazard("H8")
async def test_a_shard_that_gave_nothing_yet_is_not_trusted_after_25_hours() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        (child,) = following.stream.roll(following.stream.leaf)
        await following.for_seconds(20)

        following.records.put(a_change(1))
        following.line.fail("read", Transient("unreachable", retry_after=60.0))
        await following.for_seconds(4 * HOUR)
        following.stream.close(child)
        await following.for_seconds(21 * HOUR)
        following.line.mend("read")
        await following.for_seconds(80)

        assert following.is_up_to_date()
        assert following.scans() == 2
        assert following.feed.counts.gaps == 1


@pytest.mark.hazard("H9")
async def test_throttling_slows_a_reader_down_and_loses_nothing() -> None:
    following = a_following()
    following.stream.throttled = 0.7
    async with running(following):
        await once_following(following)
        before = following.line.count("read")
        for name in names(60):
            following.stream.tell(name)
            await following.for_seconds(1)
        busy = following.line.count("read") - before

        following.stream.throttled = 0.0
        await following.for_seconds(5)
        following.stream.tell(LLAMA)
        await following.for_seconds(0.5)

        assert following.seen == [*names(60), "llama"]
        assert busy < 0.7 * 4 * 60
        assert following.scans() == 1


@pytest.mark.hazard("H10")
async def test_a_stream_that_is_replaced_is_noticed_within_seconds() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.stream.disable()
        following.stream.enable()
        following.records.put(a_change(1))
        await following.for_seconds(5)

        assert following.is_up_to_date()
        assert following.scans() == 2


@pytest.mark.hazard("H30")
async def test_numbers_of_an_old_stream_mean_nothing_in_the_new_one() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        for name in names(50):
            following.stream.tell(name)
        await following.for_seconds(2)

        following.stream.enable()
        following.stream.tell(LLAMA)
        await following.for_seconds(10)
        following.stream.tell(EndpointName("later"))
        await following.for_seconds(1)

        assert following.seen[50:] in (["llama", "later"], ["later"])
        assert following.scans() == 2


@pytest.mark.hazard("H14")
@pytest.mark.parametrize("step", range(10))
async def test_whatever_fails_while_reading_each_record_is_handed_over_once_and_in_order(step: int) -> None:
    following = a_following()
    following.stream.page_size = 2
    async with running(following):
        await once_following(following)
        at = len(following.line.calls) + step
        following.line.meanwhile(at, lambda: following.line.fail_next("read", Transient("reset by peer")))

        for name in names(12):
            following.stream.tell(name)
        await following.for_seconds(5)

        assert following.seen == names(12)


@pytest.mark.hazard("H15")
@pytest.mark.parametrize("step", range(0, 40, 2))
async def test_killed_at_any_step_and_started_again_nothing_is_missed(step: int) -> None:
    following = a_following()
    crash = asyncio.Event()
    following.line.meanwhile(step, crash.set)
    following.records.put(a_change(1, "before"))

    async def life() -> None:
        async with running(following):
            await crash.wait()

    async def people() -> None:
        for number in range(12):
            following.records.put(a_change(number, f"e{number % 3}"))
            if number == 5:
                following.stream.roll(following.stream.leaf)
            await asyncio.sleep(0.3)

    async with asyncio.TaskGroup() as group:
        group.create_task(people())
        await life()
        again = following.started_again()
        async with running(again):
            await soon(again.is_up_to_date)
            await again.for_seconds(5)
            assert again.is_up_to_date()


@pytest.mark.hazard("H16")
async def test_a_finished_shard_that_is_listed_for_a_day_is_read_once() -> None:
    async with running(a_following(poll_seconds=30.0)) as following:
        await soon(following.scans)
        parent = following.stream.leaf
        following.stream.tell(LLAMA)
        following.stream.roll(parent)

        await following.for_seconds(23 * HOUR)

        assert following.line.count("describe") > 20
        assert following.line.count("open", parent) == 1
        assert following.seen == ["llama"]


@pytest.mark.hazard("H17")
async def test_a_child_whose_parent_is_not_listed_any_more_is_read_from_its_beginning() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        orphan = following.stream.grow(following.stream.grow(listed=False))
        following.stream.tell(LLAMA, shard=orphan)

        await following.for_seconds(90)

        assert following.seen == ["llama"]
