"""What the stream's feed counts, for whoever shows it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["queued", "dropped", "unreadable"]


@dataclass(slots=True)
class StreamCounts:
    """Counters that only rise, and the last values of what goes up and down.

    Attributes:
        records: What became of each record; an unreadable one is queued by its key alone.
        pages: Readings that gave records.
        empty_pages: Readings that gave none, which does not mean that none are waiting.
        troubles: Calls that failed and are made again.
        rotations: Shards that were read to their end.
        gaps: How often records may have been missed.
        blind_seconds: For how long altogether records may have been missed.
        lag_seconds: How old the last wish was when its record came; None before the first.
    """

    records: Counter[Outcome] = field(default_factory=Counter)
    pages: int = 0
    empty_pages: int = 0
    troubles: int = 0
    rotations: int = 0
    gaps: int = 0
    blind_seconds: float = 0.0
    lag_seconds: float | None = None
