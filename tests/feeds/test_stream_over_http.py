"""The feed, the real client, and the fake service, with HTTP between them and real time."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gco_stream.core.models import EndpointName
from gco_stream.shell.clock import SystemClock
from tests.fakes.line import soon
from tests.feeds.following import Following, a_change, a_following, running
from tests.streams_service.server import StreamsService, an_error, real_stream, streams_service

pytestmark = pytest.mark.process


class OverHttp:
    """A following whose stream is at the other end of a line."""

    def __init__(self, following: Following, service: StreamsService) -> None:
        self.following, self.service = following, service

    async def is_read(self, *, times: int = 2) -> None:
        """Wait until the stream has been read so often from now on."""
        before = self.service.count("GetRecords")
        await soon(lambda: self.service.count("GetRecords") >= before + times)


@pytest_asyncio.fixture
async def far() -> AsyncIterator[OverHttp]:
    async with streams_service() as service, real_stream(service) as stream:
        following = a_following(clock=SystemClock())
        following.feed.stream = stream
        following.records.tells(service.model)
        async with running(following):
            far = OverHttp(following, service)
            await far.is_read()
            yield far


async def test_shards_that_end_and_split_are_followed_to_the_last_record(far: OverHttp) -> None:
    model = far.service.model
    names = [EndpointName(f"e{number}") for number in range(6)]

    for name in names[:2]:
        model.tell(name)
    (child,) = model.roll(model.leaf)
    model.hide_seconds = 0.5
    for name in names[2:4]:
        model.tell(name)
    left, right = model.roll(child, into=2)
    model.tell(names[4], shard=left)
    model.tell(names[5], shard=right)

    await soon(lambda: len(far.following.seen) == 6)
    assert far.following.seen[:4] == names[:4]
    assert far.following.scans() == 1


async def test_a_bad_minute_of_the_service_loses_nothing(far: OverHttp) -> None:
    throttled, broken = an_error("LimitExceededException"), an_error("InternalServerError", status=500)
    expired = an_error("ExpiredTokenException")

    far.service.fail_next("GetRecords", throttled, broken, far.service.server.hang, expired)
    far.following.records.put(a_change(1))

    await soon(lambda: far.following.is_up_to_date() and far.following.seen)
    assert far.following.scans() == 1


async def test_trimmed_records_and_a_replaced_stream_are_one_resync_each(far: OverHttp) -> None:
    far.service.fail_next("GetRecords", an_error("TrimmedDataAccessException"))
    await soon(lambda: far.following.scans() == 2)
    await far.is_read()

    far.service.model.enable()
    far.following.records.put(a_change(1))
    await soon(lambda: far.following.scans() == 3)
    await far.is_read()
    far.following.records.put(a_change(2))

    await soon(far.following.is_up_to_date)
    assert far.following.scans() == 3
    assert far.following.feed.counts.gaps == 2


async def test_an_iterator_that_expired_costs_a_new_one(far: OverHttp) -> None:
    far.following.records.put(a_change(1))
    await soon(far.following.is_up_to_date)

    far.service.clock.ahead = 16 * 60
    far.following.records.put(a_change(2))

    await soon(far.following.is_up_to_date)
    assert far.service.bodies("GetShardIterator")[-1]["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER"
    assert far.following.scans() == 1


async def test_a_backlog_of_ten_thousand_records_takes_a_request_for_each_thousand(far: OverHttp) -> None:
    model, feed = far.service.model, far.following.feed

    (late,) = model.roll(model.leaf)
    for number in range(10_000):
        model.tell(EndpointName(f"e{number % 100}"), shard=late)
    model.roll(late)

    await soon(lambda: feed.counts.records["queued"] == 10_000)
    assert sum(late in body["ShardIterator"] for body in far.service.bodies("GetRecords")) <= 12
