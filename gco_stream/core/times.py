"""Times as they stand in records and annotations."""

from datetime import datetime


def time_of(value: object) -> datetime | None:
    """Read a time; None if it is none, or without a zone."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


def past(time: datetime | None, now: datetime) -> datetime | None:
    """Return a time that has been, or now for one that is yet to come by our clock; None stays None."""
    return None if time is None else min(time, now)


def written(time: datetime | None) -> str | None:
    """Write a time as ISO 8601 with milliseconds; None stays None."""
    return None if time is None else time.isoformat(timespec="milliseconds")
