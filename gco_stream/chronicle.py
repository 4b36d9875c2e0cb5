"""Tells what passes have come to: in the roster, in the meters, and in Kubernetes Events.

A pass only hands over its account; whatever becomes of the telling, passes go on as if nobody listened.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from gco_stream.core.additions import count_additions
from gco_stream.core.brake import Waiting
from gco_stream.core.events import Account, Announcement, Sparing, announcements, deletions_braked
from gco_stream.core.fulfilment import Fulfilment
from gco_stream.core.models import EndpointName, Scope
from gco_stream.core.roster import Roster
from gco_stream.meters import Meters
from gco_stream.ports import Clock, Events

_log = logging.getLogger(__name__)

_MOST_WAITING = 256
_DRAIN_SECONDS = 2.0


def _always() -> bool:
    return True


@dataclass(slots=True)
class Chronicle:
    """Hears every pass.

    Attributes:
        may_write: Whether this process may still speak for the cluster.
    """

    events: Events
    clock: Clock
    scope: Scope
    meters: Meters = field(default_factory=Meters)
    roster: Roster = field(default_factory=Roster)
    may_write: Callable[[], bool] = _always
    _fulfilment: Fulfilment = field(default_factory=Fulfilment)
    _sparing: Sparing = field(default_factory=Sparing)
    _braked: tuple[EndpointName, ...] = ()
    _waiting: asyncio.Queue[Announcement] = field(default_factory=lambda: asyncio.Queue(_MOST_WAITING))

    def hear(self, account: Account) -> None:
        """Take what a pass has come to; never raises."""
        try:
            self._tell(account)
        except Exception:  # noqa: BLE001 - what is told of a pass must not make it fail
            _log.exception("a pass cannot be told of", extra={"endpoint": account.request.name})

    def hear_of_brake(self, waiting: Waiting) -> None:
        """Take that deletions wait for somebody; told again only when others do."""
        if waiting.endpoints != self._braked:
            self._braked = waiting.endpoints
            self.announce(deletions_braked(waiting, now=self.clock.now()))

    def announce(self, announcement: Announcement) -> None:
        """Have an Event written soon, unless one like it has just been; never waits."""
        if not self._sparing.lets(announcement, now=self.clock.monotonic()):
            self.meters.announced("spared")
            return
        try:
            self._waiting.put_nowait(announcement)
        except asyncio.QueueFull:
            self.meters.announced("dropped")

    async def run(self) -> None:
        """Write Events for ever."""
        while True:
            await self._write(await self._waiting.get())
            self._waiting.task_done()

    async def finish(self) -> None:
        """Give what waits a moment to be written."""
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self._waiting.join()
        except TimeoutError:
            _log.debug("events are left unwritten", extra={"events": self._waiting.qsize()})

    def _tell(self, account: Account) -> None:
        now, name = self.clock.now(), account.request.name
        if account.status is not None:
            added = count_additions(account.observed, name)
            self.roster.note(name, account.status.as_map(), account.plan.reason, added, now=now)
        elif account.request.item is None:
            self.roster.forget([name])
        for done in self._fulfilment.note(account, self.scope, now=now):
            self.meters.fulfilled(done.until, done.seconds)
        for announcement in announcements(account, self.scope, now=now):
            self.announce(announcement)

    async def _write(self, announcement: Announcement) -> None:
        if not self.may_write():
            self.meters.announced("dropped")
            return
        try:
            await self.events.write(announcement)
        except Exception as trouble:  # noqa: BLE001 - whatever an Event meets, passes go on as if nobody listened
            facts = {"endpoint": announcement.about, "event": announcement.reason, "reason": str(trouble)}
            _log.debug("event not written", extra=facts)
            self.meters.announced("failed")
            return
        self.meters.announced("written")
