"""The full resync: every record of the table is looked at, now and then and whenever somebody asks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta

from gco_stream.core.backlog import Again, Urgency
from gco_stream.core.brake import Brake, Waiting
from gco_stream.core.claims import Claims
from gco_stream.core.convergence import is_converged
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import EndpointName, Item, Kind, Scope
from gco_stream.core.roster import Roster
from gco_stream.core.settled import Settled, sight_of
from gco_stream.errors import Refused, StreamGap, Transient
from gco_stream.feeds.resync_counts import ResyncCounts
from gco_stream.ports import Clock, Cluster, Records
from gco_stream.queue import WorkQueue

_log = logging.getLogger(__name__)

INTERVAL = "interval"
"""Why a resync begins that nobody has asked for."""
CONFIRMED = "deletions confirmed"
"""Why a resync begins for which somebody has also let go what waits behind the brake."""
_RETRY = Again(first=0.5, longest=30.0)


async def _nobody_lists(_kind: Kind) -> None:
    return


class ResyncRequests:
    """Asks for a resync; several requests before one starts are one, a request during one is one more after it.

    Attributes:
        confirming: Is called at once when somebody confirms deletions, for what waits at that moment.
    """

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._reason = ""
        self.confirming: Callable[[], None] = lambda: None

    def ask(self, reason: str) -> None:
        """Ask for a resync as soon as possible; no other reason takes the place of a confirmation."""
        if reason == CONFIRMED:
            self.confirming()
        if not (self._asked.is_set() and self._reason == CONFIRMED):
            self._reason = reason
        self._asked.set()

    async def wait(self, longest: timedelta | None) -> str:
        """Wait until somebody asks, or the time is over where there is one, and return why."""
        try:
            async with asyncio.timeout(None if longest is None else longest.total_seconds()):
                await self._asked.wait()
        except TimeoutError:
            return INTERVAL
        self._asked.clear()
        return self._reason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a complete resync has found: how many records, and how many endpoints that need a look, and why."""

    endpoints: int
    queued: int
    behind: int = 0
    gone: int = 0


@dataclass(slots=True)
class Resync:
    """Compares every record with what is known of the cluster, and queues the names of those that differ.

    What has not changed since it was found to be as wanted is compared anew only where somebody asks for the resync.

    The first one waits until it is asked for, which the stream's feed does once it has its place: what is written
    after that is seen in the stream, what was written before in the scan.

    Attributes:
        listed: Waits for the watch's own list of a kind, where that is under way.
    """

    records: Records
    cluster: Cluster
    mirror: Mirror
    claims: Claims
    queue: WorkQueue
    requests: ResyncRequests
    clock: Clock
    scope: Scope
    interval: timedelta
    settled: Settled = field(default_factory=Settled)
    brake: Brake = field(default_factory=Brake)
    counts: ResyncCounts = field(default_factory=ResyncCounts)
    roster: Roster = field(default_factory=Roster)
    hears_of_brake: Callable[[Waiting], None] = lambda _waiting: None
    listed: Callable[[Kind], Awaitable[None]] = _nobody_lists
    _ever: bool = field(default=False)

    async def run(self) -> None:
        """Resync for ever."""
        self.requests.confirming = self.brake.accept
        while True:
            reason = await self.requests.wait(self.interval if self._ever else None)
            if reason != INTERVAL:
                self.settled.keep_only(())
            if reason == CONFIRMED:
                await self._confirm()
            await self._resync_until_complete(reason)
            self._ever = True

    async def _confirm(self) -> None:
        """Let go what waits behind the brake, once; each is read again before anything of it goes."""
        confirmed = self.brake.confirm()
        first = [str(name) for name in confirmed[:10]]
        _log.warning("deletions confirmed", extra={"endpoints": len(confirmed), "first": first})
        await self._wake(confirmed)

    async def _resync_until_complete(self, reason: str) -> None:
        attempt, started = 0, self.clock.monotonic()
        is_listed, behind = await self._list_anew()
        while True:
            try:
                found = await self._scan(is_listed=is_listed)
            except (Transient, Refused, StreamGap) as trouble:
                attempt += 1
                self.counts.failed += 1
                _log.warning("resync failed, will try again", extra={"reason": str(trouble)})
                await self.clock.sleep(_RETRY.delay(attempt, lot=self.clock.lot()))
                continue
            if attempt > 0:
                await self.queue.hasten()
            self._tell(replace(found, behind=behind), reason, seconds=self.clock.monotonic() - started)
            return

    def _tell(self, found: "_Found", reason: str, *, seconds: float) -> None:
        """Count and log what a complete resync has found, and what waits for somebody."""
        self.counts.complete += 1
        self.counts.queued += found.queued
        self.counts.behind += found.behind
        self.counts.gone += found.gone
        self.counts.seconds = seconds
        _log.info("table scanned", extra={"reason": reason, **asdict(found), "seconds": round(seconds, 3)})
        self.brake.news()
        if (waiting := self.brake.waiting) is not None:
            _log.warning("deletions wait for a confirmation", extra=waiting.facts())
            self.hears_of_brake(waiting)

    async def _list_anew(self) -> tuple[bool, int]:
        """List every kind, so that a watch that missed something is put right.

        The first time, what is watched need not be listed, also where the watch's own list is still under way: taking
        over is to cost one scan and one list of each kind.

        Returns:
            Whether all could be listed, and how many endpoints the watch was behind with; those are queued.
        """
        behind: set[EndpointName] = set()
        try:
            for kind in Kind:
                if not self._ever:
                    await self.listed(kind)
                if self._ever or not self.mirror.is_followed(kind):
                    behind |= await self._list(kind)
        except (Transient, Refused, StreamGap) as trouble:
            _log.warning("objects cannot be listed, every endpoint is looked at", extra={"reason": str(trouble)})
            return False, len(behind)
        finally:
            for name in sorted(behind):
                await self.queue.add(name, Urgency.RESYNC)
        return True, len(behind)

    async def _list(self, kind: Kind) -> frozenset[EndpointName]:
        after = self.mirror.reached(kind)
        async with aclosing(self.cluster.watch(kind, since=None)) as events:
            async for event in events:
                return self.mirror.take(kind, event, after=after)
        raise Transient(f"{kind.value}s: the list ended before it began")

    async def _scan(self, *, is_listed: bool) -> "_Found":
        """Look at every record, and then, if every object is known, at what has none.

        What had objects before the scan began had its record before, too; one that is made meanwhile is not missed.
        The first time, nobody is judged, and the queue hands out nothing, before it is known what all lay claim to.
        """
        standing = self.mirror.standing() if is_listed else None
        queued, seen, known = 0, set[EndpointName](), self.roster.names()
        unjudged: list[Item] | None = None if self.claims.are_complete else []
        self.claims.begin_scan()
        async for page in self.records.scan():
            for item in page:
                name = EndpointName(item["endpoint_name"])
                seen.add(name)
                self.roster.introduce(item, self.scope.region)
                woken = self.claims.note_scanned(item, self.mirror.observed(name))
                if unjudged is not None:
                    unjudged.append(item)
                else:
                    await self._wake(woken)
                    queued += await self._judge(item, is_listed=is_listed)
                # A page holds hundreds of records, and fresh changes are not to wait for all of them.
                await self.clock.sleep(0)
        self.settled.keep_only(seen)
        self.roster.forget(known - seen)
        # Who has no record but still has objects here keeps its place, until they are gone.
        await self._wake(self.claims.end_scan(seen | self.mirror.standing()))
        await self.queue.open()
        for item in unjudged or ():
            queued += await self._judge(item, is_listed=is_listed)
            await self.clock.sleep(0)
        gone = 0 if standing is None else await self._judge_gone(standing, seen)
        return _Found(endpoints=len(seen), queued=queued, gone=gone)

    async def _judge(self, item: Item, *, is_listed: bool) -> bool:
        """Queue an endpoint unless it is known to be as it should, and return whether it had to be."""
        if is_listed and self._may_be_left(item):
            return False
        await self.queue.add(EndpointName(item["endpoint_name"]), Urgency.RESYNC)
        return True

    async def _judge_gone(self, standing: frozenset[EndpointName], seen: set[EndpointName]) -> int:
        """Let the brake judge what has objects and no record, and queue what may go: its record is read once more."""
        gone = standing - seen
        await self._wake(self.brake.note_scan(gone, standing, now=self.clock.monotonic()))
        return len(gone)

    async def _wake(self, names: Iterable[EndpointName]) -> None:
        for name in sorted(names):
            await self.queue.add(name, Urgency.RESYNC)

    def _may_be_left(self, item: Item) -> bool:
        """Compare; what cannot be compared is looked at, where a failure hurts that endpoint alone."""
        name = EndpointName(item["endpoint_name"])
        try:
            return self._is_settled(name, item)
        except Exception:  # noqa: BLE001 - one record must not end the resync of all others
            _log.exception("comparing crashed, the endpoint is looked at", extra={"endpoint": name})
            return False

    def _is_settled(self, name: EndpointName, item: Item) -> bool:
        observed = self.mirror.observed(name)
        sight = sight_of(item, observed, self.claims.rival_of(name))
        if self.settled.knows(name, sight):
            return True
        if not is_converged(item, observed, self.scope, now=self.clock.now(), claims=self.claims):
            return False
        self.settled.note(name, sight)
        return True
