"""One shard: its records, what was trimmed of them, and who may see it."""

import math
from dataclasses import dataclass, field

from gco_stream.core.changes import StreamRecord
from gco_stream.core.shards import ShardId

RETENTION_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A record, and when it was written."""

    record: StreamRecord
    at: float


@dataclass(slots=True)
class ModelShard:
    """A shard of the model.

    Attributes:
        starting: The number of the stream that its records are above.
        trimmed: How many records it had that are gone.
        listed: Whether descriptions show it.
        listed_from: When descriptions begin to show it.
        looks_open: Whether descriptions show it as open although it is closed.
    """

    id: ShardId
    parent: ShardId | None
    starting: str
    kept: list[Kept] = field(default_factory=list)
    trimmed: int = 0
    closed_at: float | None = None
    listed: bool = True
    listed_from: float = -math.inf
    looks_open: bool = False

    @property
    def closed(self) -> bool:
        return self.closed_at is not None

    @property
    def end(self) -> int:
        """The place after its last record."""
        return self.trimmed + len(self.kept)

    def last(self) -> str:
        return self.kept[-1].record.sequence if self.kept else self.starting

    def is_listed(self, now: float) -> bool:
        return self.listed and now >= self.listed_from and not self.is_over(now)

    def is_over(self, now: float) -> bool:
        """Whether everything of it is older than what is kept."""
        return self.closed_at is not None and now - self.closed_at > RETENTION_SECONDS

    def age(self, now: float) -> None:
        """Let go of what is too old."""
        old = sum(1 for kept in self.kept if now - kept.at > RETENTION_SECONDS)
        self.trim(old)

    def trim(self, count: int) -> None:
        self.kept, self.trimmed = self.kept[count:], self.trimmed + min(count, len(self.kept))

    def place_of(self, sequence: str) -> int | None:
        """Return the place of the record with this number."""
        for number, kept in enumerate(self.kept, start=self.trimmed):
            if kept.record.sequence == sequence:
                return number
        return None
