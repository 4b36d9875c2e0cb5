from datetime import UTC, datetime, timedelta

import pytest

from gco_stream.core.spans import span, when

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (3660, "1 h 1 min"),
        (86_400 * 2 + 7200, "2 d 2 h"),
        (86_400 * 400, "400 d"),
    ],
)
def test_a_length_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert span(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "12:00:00 UTC, just now"),
        (-90, "11:58:30 UTC, 1 min 30 s ago"),
        (90, "12:01:30 UTC, in 1 min 30 s"),
        (-86_400, "2026-02-28 12:00:00 UTC, 1 d ago"),
    ],
)
def test_a_moment_is_named_by_the_clock_and_by_how_far_away_it_is(seconds: float, said: str) -> None:
    assert when(NOW + timedelta(seconds=seconds), NOW) == said
