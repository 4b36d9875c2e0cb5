"""Five regions that report about two hundred endpoints do not keep anybody from what people want."""

from typing import Any

import pytest

from gco_stream.core.models import EndpointName
from tests.fakes.line import soon
from tests.feeds.following import REGION, Following, a_change, a_following, once_following, running

pytestmark = [pytest.mark.looptime, pytest.mark.hazard("H28")]

REGIONS = (REGION, "eu-west-1", "eu-north-1", "ap-south-1", "us-west-2")
ENDPOINTS = [f"e{number}" for number in range(200)]


async def chatter(following: Following, *, rounds: int) -> int:
    """Let every region report about every endpoint, with new counts each time; return how many records that makes."""
    for number in range(rounds):
        for region in REGIONS:
            for name in ENDPOINTS:
                status: dict[str, Any] = {"state": "running", "replicas_ready": number, "last_sync": f"{number}"}
                item = await following.records.get(EndpointName(name))
                assert item is not None
                await following.records.write_status(item, region, status)
        await following.for_seconds(15)
    return rounds * len(REGIONS) * len(ENDPOINTS)


async def everything_seen(following: Following) -> None:
    await once_following(following)
    await soon(lambda: len(following.seen) >= len(ENDPOINTS))
    await following.for_seconds(2)
    following.seen.clear()


@pytest.mark.parametrize("state", ["running", "stopped"])
async def test_reports_of_endpoints_at_rest_cause_no_look(state: str) -> None:
    following = a_following()
    for name in ENDPOINTS:
        following.records.put({**a_change(1, name), "desired_state": state})

    async with running(following):
        await everything_seen(following)
        records = await chatter(following, rounds=3)

        assert following.feed.counts.records["dropped"] == records
        assert following.seen == []


async def test_a_wish_in_the_midst_of_reports_is_looked_at_as_soon_as_without_them() -> None:
    following = a_following()
    for name in ENDPOINTS:
        following.records.put(a_change(1, name))

    async with running(following):
        await everything_seen(following)
        before = following.line.count("read")
        await chatter_without_pause(following)
        following.records.put(a_change(2, "e7"))

        await soon(following.is_up_to_date, within=0.5)

        assert following.line.count("read") - before <= 2
        assert following.seen == ["e7"]


async def chatter_without_pause(following: Following) -> None:
    """As many reports as fit on half a page of the stream, right before what matters."""
    for region in REGIONS[1:3]:
        for name in ENDPOINTS:
            item = await following.records.get(EndpointName(name))
            assert item is not None
            await following.records.write_status(item, region, {"state": "running"})


async def test_while_a_promotion_waits_only_reports_that_may_complete_it_cause_looks() -> None:
    following = a_following()
    for name in ENDPOINTS:
        following.records.put({**a_change(1, name), "desired_state": "deploying" if name == "e0" else "running"})

    async with running(following):
        await everything_seen(following)
        await chatter(following, rounds=1)

        # Read in two pages, and reports of one page are one look.
        assert set(following.seen) == {"e0"}
        assert len(following.seen) <= 2
