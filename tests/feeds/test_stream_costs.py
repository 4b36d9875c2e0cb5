"""What following the stream asks for: docs/stream.md turns it into money."""

from collections import Counter

import pytest

from gco_stream.core.models import EndpointName
from tests.fakes.line import soon
from tests.feeds.following import a_following, once_following, running

pytestmark = pytest.mark.looptime

# Ten minutes, of which there are six in the hours of docs/stream.md.
A_WHILE = 600.0


@pytest.mark.parametrize(("poll_seconds", "reads"), [(0.25, 2_400), (1, 600), (5, 120)])
async def test_idling_costs_the_readings_of_each_shard_and_two_questions_a_minute(
    poll_seconds: float, reads: int
) -> None:
    following = a_following(poll_seconds=poll_seconds)
    following.stream.grow()
    async with running(following):
        await once_following(following)
        before = Counter(following.line.operations())

        await following.for_seconds(A_WHILE)

        asked = Counter(following.line.operations()) - before
        assert asked.keys() == {"read", "locate", "describe"}
        assert 0.99 * 2 * reads <= asked["read"] <= 2 * reads
        assert max(asked["locate"], asked["describe"]) <= 12


@pytest.mark.parametrize("poll_seconds", [0.25, 5])
async def test_a_backlog_is_read_in_whole_pages_as_fast_as_a_shard_bears(poll_seconds: float) -> None:
    async with running(a_following(poll_seconds=poll_seconds)) as following:
        await once_following(following)
        stream = following.stream

        (late,) = stream.roll(stream.leaf)
        for number in range(10_000):
            stream.tell(EndpointName(f"e{number % 100}"), shard=late)
        stream.roll(late)
        await soon(lambda: following.feed.counts.records["queued"] == 10_000)

        readings = [call.at for call in following.line.calls if (call.operation, call.about) == ("read", late)]
        assert len(readings) == 10
        assert readings[-1] - readings[0] == pytest.approx(9 * 0.25)
