"""What DynamoDB Streams does, without a network: a forest of shards that can close, split, hide, and be trimmed.

Time is whatever the one who makes it says, so that 15 minutes and 24 hours cost nothing.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from zlib import crc32

from gco_stream.core.changes import StreamRecord
from gco_stream.core.models import EndpointName, Item
from gco_stream.core.shards import ShardId
from tests.streams_service.shard import Kept, ModelShard

ITERATOR_SECONDS = 15 * 60.0
TABLE = "endpoints"
_STREAMS = f"arn:aws:dynamodb:us-east-1:000000000000:table/{TABLE}/stream/"
_OF_VIEW = {"NEW_AND_OLD_IMAGES": (True, True), "NEW_IMAGE": (False, True), "OLD_IMAGE": (True, False)}


class ServiceError(Exception):
    """The service answers with an error.

    Attributes:
        code: Its name, e.g. ``ExpiredIteratorException``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardsPage:
    """A page of a description; ``last`` says where the next one begins, None after the last."""

    shards: list[ModelShard]
    last: ShardId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsPage:
    """A page of records; without ``next_iterator`` the shard is read to its end."""

    records: list[Kept]
    next_iterator: str | None


class StreamsModel:
    """One table's streams.

    Attributes:
        page_size: How many records one reading has at the most.
        shards_per_page: How many shards one page of a description has at the most.
        empty_pages: How many of the next readings come back empty although there are records.
        latest_slack: How many records before the end LATEST begins.
        hide_seconds: How long a new child is missing in descriptions.
        omitted: The share of shards that a description leaves out, none more than twice in a row.
        by_key: Whether a name's records stay in one line of shards, as in the service.
        ignores_filter: Whether all shards are described where children were asked for, as emulators do.
        repeats_cursor: Whether pages of a description go round in a circle.
        view: The stream's view type.
    """

    def __init__(self, *, now: Callable[[], float], enabled: bool = True, page_size: int = 1000) -> None:
        self.now = now
        self.page_size = page_size
        self.shards_per_page = 100
        self.empty_pages = 0
        self.latest_slack = 0
        self.hide_seconds = 0.0
        self.omitted = 0.0
        self.by_key = False
        self.ignores_filter = False
        self.repeats_cursor = False
        self.view = "NEW_AND_OLD_IMAGES"
        self.arn: str | None = None
        self.streams: dict[str, dict[ShardId, ModelShard]] = {}
        self.latest_arn: str | None = None
        self._generation = 0
        self._numbers = 0
        self._births = 0
        self._homes: dict[str, ShardId] = {}
        self._left_out: Counter[ShardId] = Counter()
        self._dice = random.Random(7)
        if enabled:
            self.enable()

    # What people and the service do.

    def enable(self, *, roots: int = 1) -> ShardId:
        """Enable the stream, under a new ARN, with new roots and numbers from 1 on; the old one stays readable."""
        self.disable()
        self._generation, self._numbers = self._generation + 1, 0
        self.arn = self.latest_arn = f"{_STREAMS}2026-01-01T00:00:00.{self._generation:03}"
        self.streams[self.arn] = {}
        return [self.grow() for _ in range(roots)][-1] if roots else ShardId("")

    def disable(self) -> None:
        """Close every shard; what they have stays readable."""
        for shard in self.shards.values():
            if not shard.closed:
                self.close(shard.id)
        self.arn = None

    def forget(self) -> None:
        """Let disabled streams be gone for good, as after 24 hours."""
        self.streams = {arn: shards for arn, shards in self.streams.items() if arn == self.arn}

    def grow(self, parent: ShardId | None = None, *, listed: bool = True) -> ShardId:
        """Add an open shard."""
        self._births += 1
        shard_id = ShardId(f"shardId-{self._generation:020}-{self._births:08}")
        hidden = self.hide_seconds if parent is not None else 0.0
        self.shards[shard_id] = ModelShard(
            shard_id, parent, self._sequence(), listed=listed, listed_from=self.now() + hidden
        )
        return shard_id

    def close(self, shard: ShardId) -> None:
        self.shards[shard].closed_at = self.now()

    def roll(self, shard: ShardId, *, into: int = 1, listed: bool = True) -> list[ShardId]:
        """Close a shard, and let others continue it."""
        self.close(shard)
        return [self.grow(shard, listed=listed) for _ in range(into)]

    def list_again(self, *shards: ShardId) -> None:
        """Let shards appear in descriptions from now on."""
        for shard in shards:
            self.shards[shard].listed, self.shards[shard].listed_from = True, self.now()

    def unlist(self, *shards: ShardId) -> None:
        """Let shards no longer appear in descriptions, as those past their 24 hours."""
        for shard in shards:
            self.shards[shard].listed = False

    def trim(self, shard: ShardId) -> None:
        """Drop every record that a shard has, as after 24 hours."""
        self.shards[shard].trim(len(self.shards[shard].kept))

    def tell(
        self, name: EndpointName, *, before: Item | None = None, after: Item | None = None, shard: ShardId | None = None
    ) -> StreamRecord | None:
        """Add a record to a shard, by default to the newest open one; None while the stream is disabled."""
        if self.arn is None:
            return None
        self._numbers += 1
        record = StreamRecord(name=name, before=before, after=after, sequence=self._sequence())
        self.shards[shard or (self.home(name) if self.by_key else self.leaf)].kept.append(Kept(record, self.now()))
        return record

    def tell_unreadable(self, name: EndpointName) -> None:
        """Add a record with an image that nobody can read."""
        record = self.tell(name, before={}, after={})
        assert record is not None
        self.shards[self.leaf].kept[-1] = Kept(replace(record, after=None, is_readable=False), self.now())

    @property
    def shards(self) -> dict[ShardId, ModelShard]:
        """The current stream's shards, none while it is disabled."""
        return self.streams[self.arn] if self.arn is not None else {}

    @property
    def open_shards(self) -> list[ShardId]:
        return [shard.id for shard in self.shards.values() if not shard.closed]

    @property
    def leaf(self) -> ShardId:
        """The newest open shard."""
        return max(self.open_shards)

    def home(self, name: str) -> ShardId:
        """Return the shard that a name's records go to: one of the children of the last."""
        home = self._homes.get(name)
        if home not in self.shards:
            home = self._one_of([shard.id for shard in self.shards.values() if shard.parent is None], name)
        while self.shards[home].closed:
            home = self._one_of([shard.id for shard in self.shards.values() if shard.parent == home], name)
        self._homes[name] = home
        return home

    def _one_of(self, shards: list[ShardId], name: str) -> ShardId:
        return shards[crc32(name.encode()) % len(shards)]

    def _is_left_out(self, shard: ShardId) -> bool:
        left_out = self._dice.random() < self.omitted and self._left_out[shard] < 2
        self._left_out[shard] = self._left_out[shard] + 1 if left_out else 0
        return left_out

    def _sequence(self) -> str:
        return f"{self._numbers:021}"

    # What the service is asked.

    def describe_stream(
        self, arn: str, *, parent: str | None = None, after: str | None = None, limit: int = 100
    ) -> ShardsPage:
        shards = self.of(arn)
        if parent is not None and parent not in shards:
            raise ServiceError("ValidationException", "Invalid ShardFilter")
        now = self.now()
        listed = [shards[shard_id] for shard_id in sorted(shards) if shards[shard_id].is_listed(now)]
        if parent is not None and not self.ignores_filter:
            listed = [shard for shard in listed if shard.parent == parent]
        listed = [shard for shard in listed if not self._is_left_out(shard.id)]
        rest = listed if after is None or self.repeats_cursor else [shard for shard in listed if shard.id > after]
        page = rest[: min(limit, self.shards_per_page)]
        is_last = len(page) == len(rest) and not self.repeats_cursor
        return ShardsPage(shards=page, last=None if is_last or not page else page[-1].id)

    def get_shard_iterator(self, arn: str, shard_id: str, kind: str, sequence: str | None = None) -> str:
        shard = self._shard(arn, shard_id)
        if shard is None or shard.is_over(self.now()):
            raise ServiceError("ResourceNotFoundException", f"Requested resource not found: {shard_id}")
        if (sequence is not None) is not kind.endswith("_SEQUENCE_NUMBER"):
            raise ServiceError("ValidationException", f"SequenceNumber does not go with {kind}")
        return self._iterator(arn, shard, self._place(shard, kind, sequence))

    def get_records(self, iterator: str, *, limit: int = 1000) -> RecordsPage:
        arn, shard, place, issued = self._read_iterator(iterator)
        if self.now() - issued > ITERATOR_SECONDS:
            raise ServiceError("ExpiredIteratorException", "The shard iterator has expired.")
        if place < shard.trimmed:
            raise ServiceError("TrimmedDataAccessException", "The operation attempted to read past the oldest record.")
        skipped = place - shard.trimmed
        records = shard.kept[skipped : skipped + min(limit, self.page_size)]
        if self.empty_pages and records:
            self.empty_pages -= 1
            records = []
        place += len(records)
        at_end = shard.closed and place == shard.end
        following = None if at_end else self._iterator(arn, shard, place)
        return RecordsPage(records=[self._as_viewed(kept) for kept in records], next_iterator=following)

    def of(self, arn: str) -> dict[ShardId, ModelShard]:
        if arn not in self.streams:
            raise ServiceError("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")
        return self.streams[arn]

    def _shard(self, arn: str, shard_id: str) -> ModelShard | None:
        shard = self.of(arn).get(ShardId(shard_id))
        if shard is not None:
            shard.age(self.now())
        return shard

    def _place(self, shard: ModelShard, kind: str, sequence: str | None) -> int:
        if kind == "LATEST":
            return max(shard.trimmed, shard.end - self.latest_slack)
        if sequence is None:
            return shard.trimmed
        if sequence == shard.starting and not shard.trimmed:
            return 0
        place = shard.place_of(sequence)
        if place is None:
            raise ServiceError("TrimmedDataAccessException", f"{sequence} is past the oldest record")
        return place + (kind == "AFTER_SEQUENCE_NUMBER")

    def _iterator(self, arn: str, shard: ModelShard, place: int) -> str:
        return f"{arn}|{shard.id}|{place}|{self.now()}"

    def _read_iterator(self, iterator: str) -> tuple[str, ModelShard, int, float]:
        try:
            arn, shard_id, place, issued = iterator.split("|")
            shard, at, since = self._shard(arn, shard_id), int(place), float(issued)
        except ValueError as error:
            raise ServiceError("ValidationException", "Invalid ShardIterator") from error
        if shard is None:
            raise ServiceError("ResourceNotFoundException", f"Requested resource not found: {shard_id}")
        return arn, shard, at, since

    def _as_viewed(self, kept: Kept) -> Kept:
        old, new = _OF_VIEW.get(self.view, (False, False))
        before, after = kept.record.before if old else None, kept.record.after if new else None
        return Kept(replace(kept.record, before=before, after=after), kept.at)
