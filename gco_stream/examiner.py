"""Takes a reading of this process whenever somebody asks; its parts make themselves known as they come to life."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import NoReturn

from gco_stream.core.brake import Brake
from gco_stream.core.drift import Corrections
from gco_stream.core.models import EndpointName, Kind
from gco_stream.core.roster import Roster
from gco_stream.core.vitals import Role, Vitals, Watched, Work
from gco_stream.election import Election
from gco_stream.feeds.cluster import ClusterFeed
from gco_stream.feeds.resync_counts import ResyncCounts
from gco_stream.feeds.sources import EventSource
from gco_stream.feeds.stream import StreamFeed
from gco_stream.ports import Clock
from gco_stream.queue import WorkQueue

_BEAT_SECONDS = 1.0
_BEATS = 10


@dataclass(slots=True)
class Examiner:
    """Knows where to look.

    Attributes:
        watch: None before the process has begun to stand by.
        queue: None until this process leads; so with all that follow.
    """

    clock: Clock
    workers: int = 0
    pass_deadline: float = 0.0
    target_groups_limit: int = 0
    election: Election | None = None
    watch: ClusterFeed | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    queue: WorkQueue | None = None
    source: EventSource | None = None
    resyncs: ResyncCounts = field(default_factory=ResyncCounts)
    brake: Brake = field(default_factory=Brake)
    corrections: Corrections = field(default_factory=Corrections)
    roster: Roster = field(default_factory=Roster)
    _lags: deque[float] = field(default_factory=lambda: deque(maxlen=_BEATS))

    async def beat(self) -> NoReturn:
        """Measure, for ever, by how much the event loop is late."""
        while True:
            due = self.clock.monotonic() + _BEAT_SECONDS
            await self.clock.sleep(_BEAT_SECONDS)
            self._lags.append(max(0.0, self.clock.monotonic() - due))

    def examine(self) -> Vitals:
        """Take a reading."""
        election, source, waiting = self.election, self.source, self.brake.waiting
        return Vitals(
            role=self._role(),
            identity="" if election is None else election.me.name,
            leader="" if election is None else election.leader,
            certain_seconds=0.0 if election is None else election.tenure.seconds_left(),
            lags=tuple(self._lags),
            watches={kind: self._watched(kind) for kind in Kind},
            source=None if source is None else source.health(),
            heard=source.counts if isinstance(source, StreamFeed) else None,
            resyncs=self.resyncs,
            corrected=self.corrections.counts,
            work=self._work(),
            roster=self.roster,
            braked=() if waiting is None else waiting.endpoints,
            target_groups=0 if self.watch is None else self.watch.mirror.target_groups(),
            target_groups_limit=self.target_groups_limit,
        )

    def leads(self) -> bool:
        """Whether leading is certain."""
        return self.election is not None and self.election.tenure.seconds_left() > 0

    def _role(self) -> Role:
        if self.stop.is_set():
            return Role.STOPPING
        return Role.STANDBY if self.queue is None else Role.LEADER

    def _watched(self, kind: Kind) -> Watched:
        if self.watch is None:
            return Watched()
        heard, mirror = self.watch.heard.get(kind), self.watch.mirror
        return Watched(
            is_listed=mirror.has_listed(kind),
            objects=mirror.count(kind),
            silent_seconds=None if heard is None else self.clock.monotonic() - heard,
        )

    def _work(self) -> Work:
        if self.queue is None:
            return Work(workers=self.workers, pass_deadline=self.pass_deadline)
        in_hand: dict[EndpointName, float] = dict(self.queue.in_hand())
        return Work(
            waiting=self.queue.waiting(),
            later=self.queue.later,
            in_hand=in_hand,
            workers=self.workers,
            pass_deadline=self.pass_deadline,
        )
