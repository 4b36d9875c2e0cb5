"""Too much, too slow, unreadable: what else has made readers of DynamoDB Streams hang or grow."""

from datetime import datetime, timedelta

import pytest

from gco_stream.core.models import EndpointName
from tests.fakes.clock import FakeClock
from tests.fakes.line import soon
from tests.feeds.following import a_change, a_following, names, once_following, running

pytestmark = pytest.mark.looptime

LLAMA = EndpointName("llama")


@pytest.mark.hazard("H20")
async def test_a_record_that_cannot_be_read_is_looked_at_counted_and_read_past() -> None:
    following = a_following()
    async with running(following):
        await once_following(following)

        following.stream.tell_unreadable(LLAMA)
        following.stream.tell(EndpointName("later"))
        await following.for_seconds(1)

        assert following.seen == ["llama", "later"]
        assert following.feed.counts.records["unreadable"] == 1


@pytest.mark.hazard("H21")
async def test_endpoints_that_nobody_works_on_for_20_minutes_wait_once_each() -> None:
    following = a_following()
    following.stops_looking = True
    async with running(following):
        await once_following(following)
        await soon(lambda: following.line.count("read") > 4)

        for number in range(240):
            following.records.put(a_change(number, f"e{number % 7}"))
            await following.for_seconds(5)
        assert len(following.queue) <= 7
        following.stops_looking = False
        await following.for_seconds(1)

        assert following.is_up_to_date()
        assert following.scans() == 1
        assert len(following.seen) <= 8


@pytest.mark.hazard("H24")
async def test_after_a_page_with_records_the_next_is_read_at_once_whatever_the_interval() -> None:
    async with running(a_following(poll_seconds=10.0)) as following:
        await once_following(following)
        following.stream.page_size = 3

        for name in names(30):
            following.stream.tell(name)
        await following.for_seconds(10 + 11 * 0.25)

        assert following.seen == names(30)


@pytest.mark.hazard("H25")
async def test_two_thousand_shards_are_listed_at_a_pace_and_opened_in_seconds() -> None:
    following = a_following(poll_seconds=60.0)
    for _ in range(1999):
        following.stream.grow()
    following.line.latency = 0.01

    async with running(following):
        await soon(following.scans, within=10, step=0.5)
        following.records.put(a_change(1))
        await soon(following.is_up_to_date, within=61, step=0.5)

    assert following.line.count("describe") >= 20
    assert following.fastest("describe") <= 10


class SteppedClock(FakeClock):
    """A clock whose wall time is set to and fro by an hour, as by somebody who sets it right."""

    def now(self) -> datetime:
        step = 1 if int(self.monotonic()) % 2 else -1
        return super().now() + timedelta(hours=step)


@pytest.mark.hazard("H27")
async def test_a_wall_clock_that_is_set_changes_nothing() -> None:
    async with running(a_following(clock=SteppedClock())) as following:
        await once_following(following)

        for name in names(10):
            following.stream.tell(name)
            following.stream.roll(following.stream.leaf)
            await following.for_seconds(10)

        assert following.seen == names(10)
        assert following.fastest("read") <= 4
        assert following.feed.health().is_ready
        assert following.scans() == 1
