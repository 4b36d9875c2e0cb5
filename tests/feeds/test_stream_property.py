"""What holds of the stream's reader in every history."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import looptime
from hypothesis import HealthCheck, Phase, given, settings

from gco_stream.core.changes import StreamRecord
from tests.fakes.stream import FakeStream
from tests.feeds.histories import NAMES, Event, History, events


def played(happened: list[Event]) -> History:
    """Let a history happen, in virtual time."""

    async def play() -> History:
        history = History()
        await history.play(happened)
        return history

    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        return runner.run(play())


@settings(
    max_examples=80,
    deadline=None,
    # Shrinking a history takes minutes; the seed that is printed replays it.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(happened=events)
def test_in_every_history_nothing_is_missed_and_nobody_is_troubled(happened: list[Event]) -> None:
    history = played(happened)

    following = history.following
    assert history.is_up_to_date(), "a change was not looked at after it was written"
    for life in lives(following.stream):
        assert_in_order(life)
    assert following.fastest("read") <= 4
    assert following.fastest("describe") <= 10
    assert history.most_waiting <= len(NAMES)
    assert history.most_tasks <= 10


def lives(stream: FakeStream) -> Iterator[list[StreamRecord]]:
    """What each reader was served of what was written since it took its place, in the order of serving."""
    starts = [*stream.lives, len(stream.served)]
    for (start, end), number in zip(pairwise(starts), stream.lives.values(), strict=True):
        pages = stream.served[start:end]
        yield [record for _, records in pages for record in records if int(record.sequence) > number]


def assert_in_order(served: list[StreamRecord]) -> None:
    """See that records of one name came in the order of their writing, those apart that came again."""
    seen: set[str] = set()
    last: dict[str, int] = {}
    for record in served:
        if record.sequence not in seen:
            assert last.get(record.name, 0) < int(record.sequence), "a child was read before its parent"
            last[record.name] = int(record.sequence)
        seen.add(record.sequence)
