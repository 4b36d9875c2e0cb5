"""What the records of a stream tell of each endpoint: how many, from when to when, and what was asked for meanwhile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gco_stream.core.changes import StreamRecord, deserves_a_look
from gco_stream.core.models import EndpointName, Item

Path = tuple[str, ...]

_NOT_DESIRED = frozenset({"endpoint_name", "region_status", "updated_at"})
_SECRET = ("spec", "env")
_HIDDEN = "(hidden)"
_HIDDEN_NEW = "(hidden, another value)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A record of the stream, with where and when it was told.

    Attributes:
        event: ``INSERT``, ``MODIFY`` or ``REMOVE``.
        at: None where nobody says.
    """

    record: StreamRecord
    event: str
    at: datetime | None
    shard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """How one desired field changed over all records.

    Attributes:
        before, after: Its value before the first record and after the last; None: there was none.
        steps: How often it changed; where it came back to what it was, both values are the same.
    """

    path: Path
    before: Any
    after: Any
    steps: int

    def without_secrets(self) -> "Travel":
        """Return the same, with the values of environment variables hidden."""
        if self.path[: len(_SECRET)] != _SECRET:
            return self
        before = None if self.before is None else _HIDDEN
        is_other = self.before is not None and self.before != self.after
        after = None if self.after is None else _HIDDEN_NEW if is_other else _HIDDEN
        return Travel(path=self.path, before=before, after=after, steps=self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What was told of one endpoint.

    Attributes:
        looks: How many of the records make a controller look at it; the others are echoes of statuses.
        unreadable: How many have an image that could not be read.
        first, last: When the first and the last record was written; None where nobody says.
        item: The record after the last change, empty if it was removed; None if no image tells, or none that can be
            read.
    """

    name: EndpointName
    records: int
    looks: int
    unreadable: int
    first: datetime | None
    last: datetime | None
    travels: tuple[Travel, ...]
    item: Item | None


@dataclass(slots=True)
class _Story:
    """One endpoint's story so far."""

    records: int = 0
    looks: int = 0
    unreadable: int = 0
    first: datetime | None = None
    last: datetime | None = None
    item: Item | None = None
    is_current: bool = False
    fields: Mapping[Path, Any] = field(default_factory=dict)
    before: dict[Path, Any] = field(default_factory=dict)
    steps: dict[Path, int] = field(default_factory=dict)

    def go_on(self, item: Item) -> None:
        """Take in the next image."""
        if self.item is not None and _desired(self.item) == _desired(item):
            self.item = item
            return
        now = dict(_leaves(_desired(item)))
        if self.item is not None:
            for path in {**self.fields, **now}:
                if self.fields.get(path) != now.get(path):
                    self.before.setdefault(path, self.fields.get(path))
                    self.steps[path] = self.steps.get(path, 0) + 1
        self.item, self.fields = item, now

    def note_time(self, at: datetime | None) -> None:
        """Widen the time that is told of."""
        if at is not None:
            self.first = at if self.first is None else min(self.first, at)
            self.last = at if self.last is None else max(self.last, at)

    def travels(self) -> tuple[Travel, ...]:
        return tuple(
            Travel(path=path, before=self.before[path], after=self.fields.get(path), steps=steps)
            for path, steps in sorted(self.steps.items())
        )


class Histories:
    """The stories of all endpoints, told by records in the order of the stream; memory grows with the endpoints only.

    A record that comes twice counts once, as long as every shard's records come in their order.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._stories: dict[EndpointName, _Story] = {}
        self._read: dict[str, int] = {}

    def add(self, told: Told) -> None:
        """Take in the next record."""
        if self._is_repeated(told):
            return
        story = self._stories.setdefault(told.record.name, _Story())
        story.records += 1
        story.looks += deserves_a_look(told.record, region=self._region)
        story.unreadable += not told.record.is_readable
        story.note_time(told.at)
        before, after = _images(told)
        story.is_current = after is not None
        for image in (before, after):
            if image is not None:
                story.go_on(image)

    def all(self) -> tuple[History, ...]:
        """Return every endpoint's history, in the order of their names."""
        return tuple(
            History(
                name=name,
                records=story.records,
                looks=story.looks,
                unreadable=story.unreadable,
                first=story.first,
                last=story.last,
                travels=story.travels(),
                item=story.item if story.is_current else None,
            )
            for name, story in sorted(self._stories.items())
        )

    def _is_repeated(self, told: Told) -> bool:
        """Whether the record, or one behind it in its shard, was there before; numbers are no strings to compare."""
        if not told.record.sequence.isdecimal():
            return False
        number = int(told.record.sequence)
        if number <= self._read.get(told.shard, -1):
            return True
        self._read[told.shard] = number
        return False


def _images(told: Told) -> tuple[Item | None, Item | None]:
    """Return the images before and after: empty where there was no item, None where it is not known."""
    before = {} if told.event == "INSERT" else told.record.before
    return before, {} if told.event == "REMOVE" else told.record.after


def _desired(item: Item) -> Mapping[str, Any]:
    return {key: value for key, value in item.items() if key not in _NOT_DESIRED}


def _leaves(value: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for key, below in value.items():
        where = (*path, str(key))
        if isinstance(below, Mapping):
            yield from _leaves(below, where)
        elif below is not None:
            yield where, below
