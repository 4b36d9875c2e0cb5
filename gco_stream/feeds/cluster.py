"""Follows our objects in the cluster, so that whatever changes about them is looked at.

One watch for each kind feeds the mirror, and the mirror says which endpoints a change is news of. A watch that ends is
taken up where it was; one whose place is too old lists everything anew.
"""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass

from gco_stream.core.backlog import Again, Urgency
from gco_stream.core.mirror import Listed, Mirror, Reached, Shown, Vanished, WatchEvent
from gco_stream.core.models import Kind
from gco_stream.errors import Refused, StreamGap, Transient
from gco_stream.ports import Clock, Cluster
from gco_stream.queue import WorkQueue

_log = logging.getLogger(__name__)

_RETRY = Again(first=0.2, longest=30.0)
_ATTEMPTS_AT_ONE_PLACE = 3


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
    """Watches every kind."""

    cluster: Cluster
    mirror: Mirror
    queue: WorkQueue
    clock: Clock

    async def run(self) -> None:
        """Watch for ever."""
        async with asyncio.TaskGroup() as watches:
            for kind in Kind:
                watches.create_task(self._watch_for_ever(kind))

    async def _watch_for_ever(self, kind: Kind) -> None:
        place, attempt = _Place(), 0
        while True:
            before = place.since
            try:
                await self._watch(kind, place)
            except StreamGap as gap:
                _log.info("watch starts anew", extra={"kind": kind.value, "reason": str(gap)})
                place = _Place()
            except (Transient, Refused) as trouble:
                _log.warning("watch broke off, will try again", extra={"kind": kind.value, "reason": str(trouble)})
            attempt = 1 if place.since != before else attempt + 1
            if attempt > _ATTEMPTS_AT_ONE_PLACE:
                # A server whose history went back is silent about a place that it has yet to reach.
                place = _Place()
            await self.clock.sleep(_RETRY.delay(attempt, lot=self.clock.lot()))

    async def _watch(self, kind: Kind, place: _Place) -> None:
        """Hand over what one watch shows; the very first list is for the resync that follows to compare."""
        async with aclosing(self.cluster.watch(kind, since=place.since)) as events:
            async for event in events:
                is_first = not self.mirror.has_listed(kind)
                news = self.mirror.take(kind, event)
                for name in () if is_first else sorted(news):
                    await self.queue.add(name, Urgency.RESYNC if isinstance(event, Listed) else Urgency.FRESH)
                place.move(event)
