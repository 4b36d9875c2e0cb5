"""The stream's shards: which to open, where to begin, and when a child's turn has come.

A stream is a forest: a shard is closed after some hours or when its partition splits, and its children go on. The
rules that lose nothing:

- Only the first discovery reads from LATEST, and it does so on every leaf, open or closed; the scan that follows
  covers everything before.
- Whatever appears later is read from its beginning (TRIM_HORIZON), because it may hold records from before it was seen.
- A child waits until its parent is read to the end. A parent that several listings in a row do not show is past its
  24 hours, so there is nothing to wait for; one alone may be incomplete.

Times are seconds of a clock that only goes forward.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import NewType

ShardId = NewType("ShardId", str)

# The service keeps records for 24 hours.
_KEPT_SECONDS = 23 * 3600.0
_REMEMBERED_SECONDS = 48 * 3600.0
_LISTINGS_WITHOUT_PARENT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A shard as the service describes it.

    Attributes:
        parent: None for a root.
        closed: Whether nothing will be added to it any more.
    """

    id: ShardId
    parent: ShardId | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Latest:
    """Begin after the last record."""


@dataclass(frozen=True, slots=True)
class TrimHorizon:
    """Begin with the oldest record that is still there."""


@dataclass(frozen=True, slots=True)
class After:
    """Begin after the record with this sequence number."""

    sequence: str


Position = Latest | TrimHorizon | After


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """A line of shards that continue each other, as far as it is read.

    Attributes:
        shard: The shard that is read, or the finished one whose continuation nobody lists yet.
        seen: When somebody last saw everything that the service had to give of it.
    """

    shard: ShardId
    awaits_children: bool
    seen: float


class _Stage(Enum):
    WAITING = auto()
    READING = auto()
    FINISHED = auto()


@dataclass(slots=True)
class _Known:
    parent: ShardId | None
    closed: bool
    stage: _Stage
    position: Position
    seen: float
    listed: float
    listings_without_parent: int = 0


class Shards:
    """Every shard that matters, and how far each is read. Nothing here talks to the service."""

    def __init__(self) -> None:
        self._known: dict[ShardId, _Known] = {}
        self._described = 0.0

    def __len__(self) -> int:
        return len(self._known)

    def start(self, described: Iterable[Shard], *, now: float) -> None:
        """Take the first description: its leaves are read from LATEST, their ancestors not at all."""
        shards, self._described = tuple(described), now
        parents = {shard.parent for shard in shards}
        for shard in shards:
            leaf = shard.id not in parents
            stage, position = (_Stage.WAITING, Latest()) if leaf else (_Stage.FINISHED, TrimHorizon())
            known = _Known(shard.parent, shard.closed, stage, position, seen=now, listed=now)
            # What is read from LATEST on has nothing in it that its parent's records came before.
            known.listings_without_parent = _LISTINGS_WITHOUT_PARENT
            self._known[shard.id] = known

    def discover(self, described: Iterable[Shard], *, now: float) -> None:
        """Take a later description, which may be incomplete: what is new in it is read from its beginning."""
        shards = tuple(described)
        self._add(shards, now=now)
        self._described = now
        for shard in shards:
            if self.lacks_parent(shard.id):
                self._known[shard.id].listings_without_parent += 1
        self._forget(now)

    def lacks_parent(self, shard_id: ShardId) -> bool:
        """Whether a shard waits for a parent that no description has shown yet."""
        known = self._known[shard_id]
        is_unknown = known.parent is not None and known.parent not in self._known
        return is_unknown and known.stage is _Stage.WAITING

    def lack_parents(self) -> bool:
        """Whether another description is wanted soon, since one before it seems to have been incomplete."""
        return any(map(self.lacks_parent, self._known))

    def _add(self, described: Iterable[Shard], *, now: float) -> None:
        for shard in described:
            known = self._known.get(shard.id)
            if known is None:
                # A root was not there, or not shown, in the last description.
                seen = self._seen(shard.parent, otherwise=self._described)
                self._known[shard.id] = _Known(
                    shard.parent, shard.closed, _Stage.WAITING, TrimHorizon(), seen=seen, listed=now
                )
            else:
                known.closed, known.listed = shard.closed, now

    def due(self) -> Mapping[ShardId, Position]:
        """Return the shards whose turn it is and where to begin; they count as being read from now on."""
        opened = {}
        for shard_id, known in self._known.items():
            if known.stage is _Stage.WAITING and self._may_begin(known):
                known.stage = _Stage.READING
                known.seen = max(known.seen, self._seen(known.parent, otherwise=known.seen))
                opened[shard_id] = known.position
        return opened

    def advance(self, shard_id: ShardId, sequence: str | None, *, now: float) -> None:
        """Note that a page was handed over: its last record's number, None for an empty one."""
        known = self._known[shard_id]
        known.seen = now
        if sequence is not None:
            known.position = After(sequence)

    def position(self, shard_id: ShardId) -> Position:
        """Return where reading a shard goes on."""
        return self._known[shard_id].position

    def may_have_lost(self, shard_id: ShardId, *, now: float) -> bool:
        """Whether records of a shard may be gone without anybody saying so when it is opened now.

        Beginning with the oldest record that is still there says nothing of older ones; beginning after one that is
        gone is an error, which the service tells.
        """
        known = self._known[shard_id]
        return isinstance(known.position, TrimHorizon) and now - known.seen > _KEPT_SECONDS

    def is_closed(self, shard_id: ShardId) -> bool:
        """Whether nothing will be added to a shard any more, as far as it was described."""
        return self._known[shard_id].closed

    def finish(self, shard_id: ShardId, *, now: float) -> None:
        """Note that a shard is read to its end."""
        known = self._known[shard_id]
        known.stage, known.seen = _Stage.FINISHED, now

    def reopen(self, described: Iterable[Shard]) -> None:
        """Go on with shards that ended although the service still lists them as open and without children.

        Where nothing was read from LATEST on, nobody knows where that was, so all that is there is read.
        """
        for shard in described:
            known = self._known.get(shard.id)
            if known is None or shard.closed or not self.wants_children(shard.id):
                continue
            known.stage = _Stage.WAITING
            if isinstance(known.position, Latest):
                known.position = TrimHorizon()

    def wants_children(self, shard_id: ShardId) -> bool:
        """Whether a shard is read to its end and none is known that continues it."""
        known = self._known.get(shard_id)
        is_finished = known is not None and known.stage is _Stage.FINISHED
        return is_finished and not any(other.parent == shard_id for other in self._known.values())

    def lineages(self) -> tuple[Lineage, ...]:
        """Return where every line of shards is at; what waits for a parent's end belongs to the parent's line."""
        parents = {known.parent for known in self._known.values()}
        return tuple(
            Lineage(shard=shard_id, awaits_children=known.stage is _Stage.FINISHED, seen=known.seen)
            for shard_id, known in self._known.items()
            if known.stage is _Stage.READING or (known.stage is _Stage.FINISHED and shard_id not in parents)
        )

    def _seen(self, shard_id: ShardId | None, *, otherwise: float) -> float:
        known = self._known.get(shard_id) if shard_id is not None else None
        return otherwise if known is None else known.seen

    def _may_begin(self, known: _Known) -> bool:
        parent = self._known.get(known.parent) if known.parent is not None else None
        if parent is not None:
            return parent.stage is _Stage.FINISHED
        return known.parent is None or known.listings_without_parent >= _LISTINGS_WITHOUT_PARENT

    def _forget(self, now: float) -> None:
        """Drop shards that are finished and were not listed for long: the service lists none older than 24 hours."""
        old = [
            shard_id
            for shard_id, known in self._known.items()
            if known.stage is _Stage.FINISHED and now - max(known.listed, known.seen) > _REMEMBERED_SECONDS
        ]
        for shard_id in old:
            del self._known[shard_id]
