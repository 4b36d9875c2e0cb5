"""What the feed does when the stream cannot be read, or not from where it was."""

import logging

import pytest

from gco_stream.errors import Denied, IteratorExpired, StreamGap, Transient
from tests.feeds.following import a_change, a_following, once_following, running

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("error", [Transient("throttled"), Denied("no"), Transient("later", retry_after=2.0)], ids=repr)
async def test_trouble_with_reading_costs_neither_records_nor_a_scan(error: Exception) -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.line.fail_next("read", *[error] * 4)
        following.records.put(a_change(1))
        await following.for_seconds(12)

        assert following.seen == ["llama"]
        assert following.scans() == 1


@pytest.mark.hazard("H7")
@pytest.mark.hazard("H14")
async def test_an_iterator_that_expired_after_a_record_goes_on_after_it() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        following.records.put(a_change(1, "first"))
        await following.for_seconds(1)

        following.line.fail_next("read", IteratorExpired("too old"))
        following.records.put(a_change(1, "second"))
        await following.for_seconds(1)

        assert following.seen == ["first", "second"]
        assert following.scans() == 1


@pytest.mark.hazard("H7")
async def test_an_iterator_that_expired_before_any_record_is_made_up_for_by_a_scan() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.line.fail_next("read", IteratorExpired("too old"))
        following.records.put(a_change(1))
        await following.for_seconds(3)

        assert following.is_up_to_date()
        assert following.scans() == 2


async def test_an_iterator_of_a_child_that_expired_before_any_record_begins_anew() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        following.stream.roll(following.stream.leaf)
        await following.for_seconds(2)

        following.line.fail_next("read", IteratorExpired("too old"))
        following.records.put(a_change(1))
        await following.for_seconds(1)

        assert following.seen == ["llama"]
        assert following.scans() == 1


async def test_an_outage_of_an_hour_is_said_a_dozen_times(caplog: pytest.LogCaptureFixture) -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.line.fail("read", Transient("unreachable"))
        await following.for_seconds(3600)

    assert following.line.count("read") > 700
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert 5 <= len(warnings) <= 12


@pytest.mark.hazard("H9")
async def test_trouble_of_every_kind_in_a_row_never_makes_a_shard_be_read_faster() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        following.records.put(a_change(1))
        await following.for_seconds(1)

        following.line.fail_next("read", Transient("later", retry_after=3.0), *[IteratorExpired("too old")] * 6)
        following.line.fail_next("open", Transient("reset"))
        await following.for_seconds(10)

        assert following.fastest("read") <= 4
        assert following.scans() == 1


@pytest.mark.hazard("H8")
async def test_trimmed_records_are_made_up_for_by_exactly_one_scan() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        following.line.fail("read", Transient("unreachable"))
        following.records.put(a_change(1))
        await following.for_seconds(1)

        following.stream.trim(following.stream.leaf)
        following.line.mend("read")
        await following.for_seconds(30)

        assert following.is_up_to_date()
        assert following.scans() == 2


async def test_a_gap_while_reopening_an_expired_iterator_is_made_up_for_by_one_scan() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        following.records.put(a_change(1))
        await following.for_seconds(1)

        following.line.fail_next("read", IteratorExpired("too old"))
        following.line.fail_next("open", StreamGap("trimmed"))
        following.records.put(a_change(2))
        await following.for_seconds(10)

        assert following.is_up_to_date()
        assert following.scans() == 2


@pytest.mark.parametrize("error", [Transient("unreachable"), Denied("no")], ids=repr)
async def test_a_stream_that_cannot_be_reached_at_the_start_does_not_hold_up_the_scan(error: Exception) -> None:
    following = a_following()
    following.records.put(a_change(1))
    following.line.fail("locate", error)

    async with running(following):
        await following.for_seconds(2)

        assert following.seen == ["llama"]
        assert following.scans() == 1


@pytest.mark.parametrize("operation", ["locate", "describe", "open"])
async def test_a_stream_that_comes_back_is_followed_from_a_new_place_and_a_new_scan(operation: str) -> None:
    following = a_following()
    following.line.fail(operation, Transient("unreachable"))

    async with running(following):
        await following.for_seconds(20)
        following.line.mend(operation)
        following.records.put(a_change(1))
        await following.for_seconds(60)
        assert following.is_up_to_date()
        assert following.scans() == 2

        following.records.put(a_change(2))
        await following.for_seconds(1)
        assert following.is_up_to_date()


@pytest.mark.hazard("H10")
@pytest.mark.hazard("H30")
async def test_a_stream_enabled_anew_is_followed_after_a_scan_though_the_old_one_can_be_read() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.stream.disable()
        following.records.put(a_change(1))
        following.stream.enable()
        await following.for_seconds(70)
        assert following.is_up_to_date()
        assert following.scans() == 2

        following.records.put(a_change(2))
        await following.for_seconds(1)
        assert following.is_up_to_date()


@pytest.mark.hazard("H10")
async def test_a_stream_that_is_gone_for_good_is_given_up_at_once_for_the_new_one() -> None:
    async with running(a_following()) as following:
        await once_following(following)

        following.stream.enable()
        following.stream.forget()
        following.records.put(a_change(1))
        await following.for_seconds(5)

        assert following.is_up_to_date()
        assert following.scans() == 2


async def test_a_gap_is_scanned_for_though_the_stream_cannot_be_reached_any_more() -> None:
    async with running(a_following()) as following:
        await once_following(following)
        await following.for_seconds(100)

        following.line.fail("locate", Transient("unreachable"))
        following.line.fail_next("read", StreamGap("trimmed"))
        following.records.put(a_change(1))
        await following.for_seconds(10)

        assert following.is_up_to_date()
        assert following.scans() == 2


async def test_a_table_without_a_stream_is_scanned_and_said_to_have_none_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    following = a_following()
    following.stream.disable()
    following.records.put(a_change(1))

    async with running(following):
        await following.for_seconds(600)

    assert following.seen == ["llama"]
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["the table has no stream: changes are found by resyncs alone"]


async def test_a_stream_that_is_enabled_later_is_picked_up() -> None:
    following = a_following()
    following.stream.disable()

    async with running(following):
        await following.for_seconds(90)
        following.records.put(a_change(1))
        following.stream.enable()
        await following.for_seconds(62)
        assert following.is_up_to_date()

        following.records.put(a_change(2))
        await following.for_seconds(1)
        assert following.is_up_to_date()


@pytest.mark.behaviour("B12")
async def test_the_table_is_scanned_where_no_place_in_the_stream_is_to_be_had_from_the_start() -> None:
    following = a_following()
    following.records.put(a_change(1))
    following.line.fail("describe", StreamGap("the stream is not known here"))

    async with running(following):
        await following.for_seconds(30)

        assert following.is_up_to_date()
        assert following.scans() == 1
