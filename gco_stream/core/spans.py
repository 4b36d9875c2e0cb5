"""Times and lengths of time, in the words that people use for them."""

from datetime import datetime, timedelta

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def span(length: timedelta) -> str:
    """Say how long something is, in its two largest units: ``3 min 20 s``, ``2 d``; never less than ``0 s``."""
    seconds = max(0, round(length.total_seconds()))
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        parts.append((count, unit))
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    said = [f"{count} {unit}" for count, unit in parts[first : first + 2] if count]
    return " ".join(said) or "0 s"


def when(at: datetime, now: datetime) -> str:
    """Name a moment by the clock, in UTC, and how far away it is: ``12:03:04 UTC, 3 min ago``."""
    form = "%H:%M:%S UTC" if abs(now - at) < timedelta(hours=12) else "%Y-%m-%d %H:%M:%S UTC"
    away = f"{span(now - at)} ago" if at <= now else f"in {span(at - now)}"
    if abs(now - at) < timedelta(seconds=0.5):
        away = "just now"
    return f"{at.strftime(form)}, {away}"
