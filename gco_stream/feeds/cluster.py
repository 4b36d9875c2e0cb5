"""Follows the objects in the cluster, so that whatever changes about them is looked at.

One watch for each kind feeds the mirror, and the mirror says which endpoints a change is news of. A watch that ends is
taken up where it was; one whose place is too old lists everything anew.
"""

import asyncio
import logging
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from gco_stream.core.backlog import Again, Urgency
from gco_stream.core.mirror import Listed, Mirror, Reached, Shown, Vanished, WatchEvent
from gco_stream.core.models import EndpointName, Kind
from gco_stream.errors import Refused, StreamGap, Transient
from gco_stream.ports import Clock, Cluster
from gco_stream.queue import WorkQueue

_log = logging.getLogger(__name__)

_RETRY = Again(first=0.2, longest=30.0)
# A server that says no to a place again and again may have lost it.
_ATTEMPTS_AT_ONE_PLACE = 3
# What cuts connections every few seconds, as some proxies do, is no reason to rest.
_LIVED_SECONDS = 1.0


@dataclass(slots=True)
class _Place:
    """Where the watch of one kind goes on; None lists everything first."""

    since: str | None = None

    def move(self, event: WatchEvent) -> None:
        match event:
            case Listed(version=version) | Reached(version=version):
                self.since = version
            case Shown(projection) | Vanished(projection):
                self.since = projection["metadata"]["resourceVersion"]


@dataclass(slots=True)
class ClusterFeed:
    """Watches every kind.

    Attributes:
        queue: Who is woken by what changes; None: nobody, as long as another process leads.
        heard: When anything came of each kind last, on the clock that only goes forward.
    """

    cluster: Cluster
    mirror: Mirror
    clock: Clock
    queue: WorkQueue | None = None
    heard: dict[Kind, float] = field(default_factory=dict)
    _broken: set[Kind] = field(default_factory=set)
    _is_back: asyncio.Event = field(default_factory=asyncio.Event)
    _lists: dict[Kind, asyncio.Event] = field(default_factory=dict)

    async def listed(self, kind: Kind) -> None:
        """Wait for the list of a kind that is under way, if one is: until it has come, or the watch broke off."""
        if (is_over := self._lists.get(kind)) is not None:
            await is_over.wait()

    async def go_on(self) -> None:
        """Take in that the API server answers again: watches that broke off need not wait, nor does what failed."""
        self._is_back.set()
        self._is_back = asyncio.Event()
        if self.queue is not None:
            await self.queue.hasten()

    async def run(self) -> None:
        """Watch for ever."""
        async with asyncio.TaskGroup() as watches:
            for kind in Kind:
                watches.create_task(self._watch_for_ever(kind))

    async def _watch_for_ever(self, kind: Kind) -> None:
        place, attempt = _Place(), 0
        while True:
            before, began = place.since, self.clock.monotonic()
            trouble = await self._watch_until_it_ends(kind, place)
            has_lived = self.clock.monotonic() - began >= _LIVED_SECONDS
            attempt = 1 if has_lived or place.since != before else attempt + 1
            if isinstance(trouble, StreamGap) or attempt > _ATTEMPTS_AT_ONE_PLACE:
                _log.info("watch starts anew", extra={"kind": kind.value, "reason": str(trouble)})
                place = _Place()
            elif trouble is not None:
                level = logging.DEBUG if has_lived else logging.WARNING
                _log.log(level, "watch broke off, will try again", extra={"kind": kind.value, "reason": str(trouble)})
            await self._rest(getattr(trouble, "retry_after", None), attempt)

    async def _rest(self, asked: float | None, attempt: int) -> None:
        """Wait before the next attempt, for no longer than the API server is away, where it has not asked for more."""
        seconds, is_back = _RETRY.not_before(asked).delay(attempt, lot=self.clock.lot()), self._is_back
        # A server that comes and goes with each attempt is not to be asked without a pause.
        shortest = seconds if asked is not None else min(seconds, _RETRY.first)
        await self.clock.sleep(shortest)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds - shortest):
                await is_back.wait()

    async def _watch_until_it_ends(self, kind: Kind, place: _Place) -> StreamGap | Transient | Refused | None:
        """Hand over what one watch shows, and return why it ended; None: the server wanted it to."""
        after = self.mirror.reached(kind)
        if place.since is None:
            self._lists[kind] = asyncio.Event()
        try:
            async with aclosing(self.cluster.watch(kind, since=place.since)) as events:
                async for event in events:
                    self.heard[kind] = self.clock.monotonic()
                    await self._mend(kind)
                    await self._wake(self.mirror.take(kind, event, after=after), event)
                    place.move(event)
                    if isinstance(event, Listed):
                        self._end_list(kind)
        except (StreamGap, Transient, Refused) as trouble:
            self.mirror.doubt(kind)
            self._broken.add(kind)
            return trouble
        finally:
            self._end_list(kind)
        return None

    def _end_list(self, kind: Kind) -> None:
        if (is_over := self._lists.pop(kind, None)) is not None:
            is_over.set()

    async def _mend(self, kind: Kind) -> None:
        if kind in self._broken:
            self._broken.discard(kind)
            await self.go_on()

    async def _wake(self, names: frozenset[EndpointName], event: WatchEvent) -> None:
        if self.queue is None:
            return
        for name in sorted(names):
            await self.queue.add(name, Urgency.RESYNC if isinstance(event, Listed) else Urgency.FRESH)
