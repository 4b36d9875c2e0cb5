"""A feed that hears nothing says so: that its tasks run proves nothing."""

import logging

import pytest

from gco_stream.core.models import EndpointName
from gco_stream.errors import Denied, IteratorExpired, StreamGap, Transient
from tests.feeds.following import REGION, a_change, a_following, once_following, running

pytestmark = pytest.mark.looptime

LOST = "place in the stream lost, scanning again"


async def test_before_it_has_its_place_a_feed_is_not_ready() -> None:
    assert not a_following().feed.health().is_ready


async def test_a_feed_that_reads_every_lineage_is_ready_and_shows_them() -> None:
    following = a_following()
    left, right = following.stream.roll(following.stream.leaf, into=2)

    async with running(following):
        await once_following(following)
        await following.for_seconds(100)

        health = following.feed.health()
        assert health.is_ready
        assert {lineage.shard for lineage in health.lineages} == {left, right}


async def test_a_feed_that_is_to_read_once_a_minute_is_ready_in_between() -> None:
    async with running(a_following(poll_seconds=60.0)) as following:
        await following.for_seconds(100)

        for _ in range(120):
            await following.for_seconds(1)
            assert following.feed.health().is_ready


@pytest.mark.hazard("H31")
@pytest.mark.parametrize("error", [Transient("unreachable"), Denied("no")], ids=repr)
async def test_a_stream_that_cannot_be_read_for_30_seconds_makes_unready_until_it_can(error: Exception) -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.line.fail("read", error)
        await following.for_seconds(29)
        assert following.feed.health().is_ready
        await following.for_seconds(2)
        assert not following.feed.health().is_ready
        following.line.mend("read")
        await following.for_seconds(5)

        assert following.feed.health().is_ready


@pytest.mark.hazard("H31")
async def test_one_lineage_that_hangs_while_others_are_read_makes_unready() -> None:
    following = a_following()
    hanging = following.stream.grow()

    async with running(following):
        await once_following(following)

        following.stream.stuck.add(hanging)
        following.stream.tell(EndpointName("llama"), shard=following.stream.open_shards[0])
        await following.for_seconds(40)

        assert following.seen == ["llama"]
        assert not following.feed.health().is_ready
        assert hanging in following.feed.health().detail


@pytest.mark.hazard("H4")
async def test_a_lineage_without_a_continuation_makes_unready_until_it_has_one() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        (child,) = following.stream.roll(following.stream.leaf, listed=False)
        await following.for_seconds(40)
        assert "nothing continues it" in following.feed.health().detail
        assert not following.feed.health().is_ready
        following.stream.list_again(child)
        await following.for_seconds(2)

        assert following.feed.health().is_ready


@pytest.mark.hazard("H8")
async def test_a_feed_that_lost_its_place_is_not_ready_until_it_has_a_new_one() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.line.fail("describe", Transient("unreachable"))
        following.line.fail_next("read", StreamGap("trimmed"))
        await following.for_seconds(3)
        assert not following.feed.health().is_ready
        following.line.mend("describe")
        await following.for_seconds(40)

        assert following.feed.health().is_ready


async def test_a_table_without_a_stream_is_ready_and_says_what_that_means() -> None:
    following = a_following()
    following.stream.disable()

    async with running(following):
        await following.for_seconds(40)

        health = following.feed.health()
        assert health.is_ready
        assert health.detail == "the table has no stream: changes are found by resyncs alone"


async def test_a_stream_without_shards_is_not_ready_and_its_first_shard_is_read_from_its_beginning() -> None:
    following = a_following()
    following.stream.enable(roots=0)

    async with running(following):
        await following.for_seconds(20)
        assert not following.feed.health().is_ready
        following.stream.grow()
        following.records.put(a_change(1))
        await following.for_seconds(13)

        assert following.is_up_to_date()
        assert following.scans() == 1
        assert following.feed.health().is_ready


async def test_a_gap_is_warned_of_once_with_the_time_that_may_have_been_missed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.line.fail("read", Transient("unreachable", retry_after=50.0))
        await following.for_seconds(120)
        following.line.mend("read")
        following.line.fail_next("read", IteratorExpired("too old"))
        await following.for_seconds(60)

        warned = [record for record in caplog.records if record.message == LOST]
        assert [record.levelno for record in warned] == [logging.WARNING]
        assert 120 <= warned[0].__dict__["blind_seconds"] <= 180
        assert following.feed.counts.gaps == 1
        assert following.feed.counts.blind_seconds == pytest.approx(warned[0].__dict__["blind_seconds"], abs=2)
        assert following.scans() == 2


async def test_a_blind_spot_lasts_until_a_new_place_is_taken() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        await following.for_seconds(100)

        following.line.fail("locate", Transient("unreachable"))
        following.line.fail_next("read", StreamGap("trimmed"))
        await following.for_seconds(300)
        following.line.mend("locate")
        await following.for_seconds(40)

        assert following.feed.counts.gaps == 1
        assert 300 <= following.feed.counts.blind_seconds <= 340


async def test_what_becomes_of_records_is_counted() -> None:
    following = a_following()
    following.records.put(a_change(1))
    async with running(following):
        await once_following(following)
        await following.for_seconds(1)

        following.records.put(a_change(2))
        for region in (REGION, "eu-west-1"):
            await following.records.write_status(following.records.items["llama"], region, {"state": "running"})
        await following.for_seconds(1)

        assert following.feed.counts.records == {"queued": 1, "dropped": 2}
        assert following.feed.counts.pages == 1
        assert following.feed.counts.empty_pages > 2


async def test_the_age_of_the_last_wish_is_told() -> None:
    following = a_following()
    async with running(following):
        await once_following(following)
        assert following.feed.counts.lag_seconds is None

        wished = following.feed.clock.now().isoformat()
        following.records.put({**a_change(1), "updated_at": wished})
        await following.for_seconds(1)

        assert following.feed.counts.lag_seconds is not None
        assert 0 <= following.feed.counts.lag_seconds <= 0.25
