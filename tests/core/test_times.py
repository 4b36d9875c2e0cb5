from datetime import UTC, datetime, timedelta, timezone

import pytest

from gco_stream.core.times import time_of, written
from tests.builders import NOW


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-01T12:00:00.000+00:00", NOW),
        ("2026-03-01T12:00:00Z", NOW),
        ("2026-03-01T13:00:00+01:00", NOW),
        ("2026-03-01T12:00:00.123456+00:00", NOW + timedelta(microseconds=123456)),
    ],
)
def test_a_time_is_read_in_every_way_that_iso_8601_has(text: str, time: datetime) -> None:
    assert time_of(text) == time


@pytest.mark.parametrize("value", [None, "", "yesterday", "2026-03-01T12:00:00", "1772366400", 1772366400, {}, NOW])
def test_what_is_no_time_or_has_no_zone_is_none(value: object) -> None:
    assert time_of(value) is None


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-5))])
def test_what_is_written_is_read_as_the_same_moment_to_the_millisecond(zone: timezone) -> None:
    time = (NOW + timedelta(milliseconds=7, microseconds=900)).astimezone(zone)

    assert time_of(written(time)) == NOW + timedelta(milliseconds=7)


def test_no_time_is_written_as_none() -> None:
    assert written(None) is None
