"""The outside world on one page: what the controller asks of it, and the errors each question may raise.

Every method may raise ``Transient`` (and ``Denied``); what else it may raise stands with it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from gco_stream.core.changes import StreamRecord
from gco_stream.core.events import Announcement
from gco_stream.core.leadership import Lease
from gco_stream.core.mirror import WatchEvent
from gco_stream.core.models import Action, EndpointName, Item, Kind, Manifest, ObjectKey, Observed
from gco_stream.core.recording import Recorded
from gco_stream.core.room import TargetGroups
from gco_stream.core.shards import Position, Shard, ShardId
from gco_stream.meters import Meters


class Clock(Protocol):
    """Time and chance."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return the seconds of a clock that only goes forward."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def lot(self) -> float:
        """Draw a number from 0 to 1."""
        ...


class Records(Protocol):
    """The table of endpoints."""

    async def get(self, name: EndpointName) -> Item | None:
        """Read one record, strongly consistent; None if there is none."""
        ...

    def scan(self) -> AsyncIterator[Sequence[Item]]:
        """Read every record, strongly consistent, page by page; ends only after the last page."""
        ...

    async def write_status(self, item: Item, region: str, status: Mapping[str, Any]) -> Item:
        """Write one region's status into a record that exists, and return the record as it then is.

        Raises:
            Conflict: The record is gone, or has been given its first status meanwhile.
            LostLeadership: A leader of the same cluster with a higher ``epoch`` than the status has has written one.
        """
        ...

    async def promote(self, item: Item) -> None:
        """Turn ``deploying`` into ``running``, if the record still wants what ``item`` wants.

        Raises:
            Conflict: It wants something else by now.
        """
        ...

    async def purge(self, item: Item) -> None:
        """Delete a record, if its state, its regions and every status are still those of ``item``.

        Raises:
            Conflict: They are not.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlace:
    """Where a table's changes can be read.

    Attributes:
        arn: Changes whenever the stream is enabled anew.
        view: The stream's view type; anything but ``NEW_AND_OLD_IMAGES`` costs looks that were not necessary.
    """

    arn: str
    view: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One reading of a shard.

    Attributes:
        records: May be empty without meaning that none will follow.
        next_iterator: None when the shard is closed and read to its end; the last page may carry records, too.
    """

    records: tuple[StreamRecord, ...]
    next_iterator: str | None


class EventStream(Protocol):
    """The table's stream of changes."""

    async def locate(self) -> StreamPlace | None:
        """Find the table's current stream; None if the table has none."""
        ...

    async def describe(self, arn: str, *, parent: ShardId | None = None) -> Sequence[Shard]:
        """List the stream's shards, all pages; with ``parent``, ask only for the children of that shard.

        Raises:
            StreamGap: The stream is no longer there.
        """
        ...

    async def open(self, arn: str, shard: ShardId, position: Position) -> str:
        """Return an iterator that begins at a position.

        Raises:
            StreamGap: The position or the shard is no longer there.
        """
        ...

    async def read(self, iterator: str) -> Page:
        """Read what comes next.

        Raises:
            IteratorExpired: The iterator is older than 15 minutes.
            StreamGap: Records at this place are no longer there.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPage:
    """One reading of a shard, each record as the service gave it; see ``Page``."""

    records: tuple[Recorded, ...]
    next_iterator: str | None


class Past(Protocol):
    """What a stream still has of its table's past, for people: the controller itself never reads it."""

    async def describe(self, arn: str) -> Sequence[Shard]:
        """List the stream's shards, all pages.

        Raises:
            StreamGap: The stream is no longer there.
        """
        ...

    async def open(self, arn: str, shard: ShardId, position: Position) -> str:
        """Return an iterator that begins at a position.

        Raises:
            StreamGap: The position or the shard is no longer there.
        """
        ...

    async def open_at(self, arn: str, shard: ShardId, sequence: str) -> str:
        """Return an iterator that begins with the record of this number.

        Raises:
            StreamGap: The shard does not have it, or no longer.
        """
        ...

    async def read_whole(self, iterator: str, shard: ShardId) -> RecordedPage:
        """Read what comes next in a shard.

        Raises:
            IteratorExpired: The iterator is older than 15 minutes.
            StreamGap: Records at this place are no longer there.
        """
        ...


class Cluster(Protocol):
    """The Kubernetes API server, in one namespace."""

    async def observe(
        self, name: EndpointName, *, with_pods: bool, keys: Collection[ObjectKey] | None = None
    ) -> Observed:
        """Read an endpoint's objects, and its pods where asked for.

        Args:
            keys: Which of its objects; None: every one that it can have.
        """
        ...

    async def pods(self, name: EndpointName) -> tuple[Manifest, ...]:
        """Read the pods of an endpoint and of its canary."""
        ...

    async def count_target_groups(self) -> TargetGroups:
        """Count the target groups that each published endpoint has on the load balancer."""
        ...

    def watch(self, kind: Kind, *, since: str | None) -> AsyncGenerator[WatchEvent, None]:
        """Follow our objects of one kind until the server ends it; without ``since`` list everything first.

        Raises:
            StreamGap: ``since`` is too old: list anew.
        """
        ...

    async def carry_out(self, action: Action) -> Manifest | None:
        """Do one thing, and return the object as it then is; None if it is gone.

        Raises:
            Conflict: The object is not the one that the action was planned for.
            Refused: The API server will never accept this.
        """
        ...


class Leases(Protocol):
    """The Lease that says which process leads."""

    async def read(self) -> Lease | None:
        """Read the Lease; None if there is none."""
        ...

    async def write(self, lease: Lease) -> Lease:
        """Write the Lease if it is still as it was read, or is still not there, and return it as it then is.

        Raises:
            Conflict: It is not.
            Refused: The API server will never accept this.
        """
        ...


class Events(Protocol):
    """Kubernetes Events, for people."""

    async def write(self, announcement: Announcement) -> None:
        """Write one Event.

        Raises:
            Refused: The API server will never accept this.
        """
        ...


class NoEvents:
    """Events that nobody reads."""

    async def write(self, announcement: Announcement) -> None:
        """Drop it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything outside that the controller talks to."""

    records: Records
    stream: EventStream
    cluster: Cluster
    leases: Leases
    clock: Clock
    events: Events = field(default_factory=NoEvents)
    meters: Meters = field(default_factory=Meters)
