"""Reading the past of a stream that cannot be read for a while, or not any more."""

import pytest

from gco_stream.errors import Denied, IteratorExpired, StreamGap, Transient
from tests.fakes.past import FakePast
from tests.feeds.remembering import Reading, tell

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B37")]


@pytest.mark.parametrize("operation", ["describe", "open", "read"])
async def test_what_passes_is_waited_for_and_said(operation: str) -> None:
    reading = Reading(past := FakePast())
    told = tell(past, 3)
    past.line.fail_next(operation, Transient("throttled"), Transient("throttled"))

    await reading.reader.read_until_now()

    assert reading.numbers() == told
    assert reading.said == ["the stream cannot be read, will try again: throttled"] * 2


@pytest.mark.parametrize("operation", ["describe", "open", "read"])
async def test_what_does_not_pass_ends_it_at_last(operation: str) -> None:
    reading = Reading(past := FakePast())
    past.line.fail(operation, Transient("unreachable"))

    with pytest.raises(Transient, match="unreachable"):
        await reading.reader.read_until_now()

    assert past.line.count(operation) == 10


async def test_a_permission_is_not_waited_for() -> None:
    reading = Reading(past := FakePast())
    past.line.fail("read", Denied("not allowed"))

    with pytest.raises(Denied):
        await reading.reader.read_until_now()

    assert past.line.count("read") == 1


async def test_an_iterator_that_expired_is_made_anew_at_its_place() -> None:
    reading = Reading(past := FakePast(page_size=2))
    told = tell(past, 6)
    past.line.meanwhile(4, lambda: past.line.fail_next("read", IteratorExpired("old")))

    await reading.reader.read_until_now()

    assert reading.numbers() == told
    assert past.line.count("open") == 2
    assert reading.reader.gaps == 0


async def test_records_that_are_lost_are_told_of_and_the_rest_is_read() -> None:
    reading = Reading(past := FakePast(page_size=2))
    told = tell(past, 6)
    past.line.fail_next("read", StreamGap("trimmed"))

    await reading.reader.read_until_now()

    assert reading.numbers() == told
    assert reading.reader.gaps == 1
    assert "lost: trimmed" in reading.said[0]


async def test_a_shard_that_is_gone_for_good_does_not_keep_the_others() -> None:
    reading = Reading(past := FakePast())
    gone = past.leaf
    tell(past, 1)
    past.roll(gone)
    told = tell(past, 2)
    past.gone.add(gone)

    await reading.reader.read_until_now()

    assert reading.numbers() == told
    assert reading.reader.gaps > 0


async def test_a_stream_that_is_gone_ends_it() -> None:
    reading = Reading(past := FakePast())
    past.disable()
    past.forget()

    with pytest.raises(StreamGap):
        await reading.reader.read_until_now()
