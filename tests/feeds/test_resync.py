"""The full resync."""

import asyncio
from datetime import timedelta

import pytest

from gco_stream.core.backlog import Urgency
from gco_stream.core.models import EndpointName
from gco_stream.errors import Denied, Transient
from gco_stream.feeds.resync import ResyncRequests
from tests.fakes.line import soon
from tests.feeds.following import Following, a_following

pytestmark = pytest.mark.looptime

NAMES = [f"e{number}" for number in range(7)]


def a_table(*, page_size: int = 3, interval: timedelta = timedelta(seconds=300)) -> Following:
    following = a_following(interval=interval)
    following.records.page_size = page_size
    for name in NAMES:
        following.records.put({"endpoint_name": name})
    return following


class Resyncing:
    """A resync that runs, and a worker that takes what it queues."""

    def __init__(self, following: Following) -> None:
        self._following = following
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Following:
        await self._group.__aenter__()
        self._tasks = [
            self._group.create_task(self._following.resync.run()),
            self._group.create_task(self._following.look()),
        ]
        return self._following

    async def __aexit__(self, *failure: object) -> None:
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)


async def test_nothing_is_scanned_before_somebody_asks() -> None:
    async with Resyncing(a_table()) as following:
        await following.for_seconds(3600)

        assert following.scans() == 0


async def test_every_record_of_every_page_is_looked_at() -> None:
    async with Resyncing(a_table()) as following:
        following.resyncs.ask("test")
        await following.for_seconds(1)

        assert sorted(following.seen) == NAMES
        assert following.scans() == 3


@pytest.mark.behaviour("B1")
async def test_a_scan_follows_a_scan_after_the_interval() -> None:
    async with Resyncing(a_table(page_size=100)) as following:
        following.resyncs.ask("test")
        await following.for_seconds(299)
        assert following.scans() == 1

        await following.for_seconds(2)
        assert following.scans() == 2


@pytest.mark.parametrize("error", [Transient("throttled"), Denied("no")], ids=repr)
async def test_a_scan_that_fails_is_tried_again_until_it_is_complete(error: Exception) -> None:
    following = a_table(page_size=100)
    following.line.fail("scan", error)

    async with Resyncing(following):
        following.resyncs.ask("test")
        await following.for_seconds(60)
        tries = following.scans()
        following.line.mend("scan")
        await following.for_seconds(40)

        assert 5 <= tries <= 12
        assert sorted(following.seen) == NAMES


async def test_a_scan_that_fails_on_its_second_page_begins_again() -> None:
    following = a_table()
    following.line.meanwhile(1, lambda: following.line.fail_next("scan", Transient("throttled")))

    async with Resyncing(following):
        following.resyncs.ask("test")
        await following.for_seconds(5)

        assert set(following.seen) == set(NAMES)
        assert following.scans() == 2 + 3


@pytest.mark.behaviour("B5")
async def test_a_request_during_a_scan_is_one_more_scan_after_it() -> None:
    following = a_table(page_size=100)
    following.line.latency = 1.0

    async with Resyncing(following):
        following.resyncs.ask("first")
        await soon(lambda: following.scans() == 1)
        for _ in range(3):
            following.resyncs.ask("SIGHUP")
        await following.for_seconds(10)

        assert following.scans() == 2
        assert following.looks() == dict.fromkeys(NAMES, 2)


async def test_several_requests_at_once_are_one_scan() -> None:
    async with Resyncing(a_table(page_size=100)) as following:
        for _ in range(5):
            following.resyncs.ask("test")
        await following.for_seconds(10)

        assert following.scans() == 1


async def test_a_fresh_change_is_looked_at_before_what_a_scan_found() -> None:
    following = a_table()
    for name in NAMES:
        await following.queue.add(EndpointName(name), Urgency.RESYNC)

    await following.queue.add(EndpointName("fresh"))

    assert await following.queue.take() == "fresh"


async def test_waiting_for_a_request_tells_why_it_ended() -> None:
    requests = ResyncRequests()

    assert await requests.wait(timedelta(seconds=5)) == "interval"
    requests.ask("SIGHUP")
    assert await requests.wait(timedelta(seconds=5)) == "SIGHUP"
    assert await requests.wait(timedelta(seconds=5)) == "interval"
