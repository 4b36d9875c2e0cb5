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
# A watch that lived shorter counts as another failed attempt, whichever way it ended.
_SETTLED_SECONDS = 60.0


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
            started = self.clock.monotonic()
            try:
                await self._watch(kind, place)
            except StreamGap as gap:
                _log.info("watch starts anew", extra={"kind": kind.value, "reason": str(gap)})
                place = _Place()
            except (Transient, Refused) as trouble:
                _log.warning("watch broke off, will try again", extra={"kind": kind.value, "reason": str(trouble)})
            lived = self.clock.monotonic() - started
            attempt = 1 if lived > _SETTLED_SECONDS else attempt + 1
            await self.clock.sleep(_RETRY.delay(attempt, lot=self.clock.lot()))

    async def _watch(self, kind: Kind, place: _Place) -> None:
        async with aclosing(self.cluster.watch(kind, since=place.since)) as events:
            async for event in events:
                for name in sorted(self.mirror.take(kind, event)):
                    await self.queue.add(name, Urgency.RESYNC if isinstance(event, Listed) else Urgency.FRESH)
                place.move(event)
