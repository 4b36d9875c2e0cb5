"""Stand by, lead, give back: one process of several works, the others wait for the Lease that says so.

What to do is decided in ``core.leadership``; this conducts, and knows for how long leading is certain.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

from gco_stream.core.leadership import Contender, Lease, Sight, StandBy, StepDown
from gco_stream.errors import Conflict, LostLeadership, Refused, Transient
from gco_stream.ports import Clock, Leases
from gco_stream.tenure import Tenure

_log = logging.getLogger(__name__)

RELEASE_SECONDS = 4.0
_AT_ONCE_SECONDS = 0.1


async def _nobody() -> None:
    return


@dataclass(slots=True)
class Election:
    """One process' part in the election.

    Attributes:
        tenure: For how long leading is certain.
        hears_of_recovery: Is told that the Lease could be renewed after attempts that failed.
    """

    leases: Leases
    clock: Clock
    me: Contender
    tenure: Tenure
    hears_of_recovery: Callable[[], Awaitable[None]] = _nobody
    _sight: Sight = field(default_factory=lambda: Sight(lease=None, since=0.0))
    _held: Lease | None = field(default=None)
    _has_asked: bool = field(default=False)
    _trouble: str = field(default="")

    @property
    def leader(self) -> str:
        """Who leads, as far as this process has seen; empty if nobody does."""
        return self._sight.holder

    async def win(self) -> None:
        """Stand by until this process leads, however long that takes; trouble neither wins nor ends it."""
        while True:
            pause = self._pause()
            try:
                await self._look()
                step = self.me.contend(self._sight, now=self.clock.monotonic(), at=self.clock.now())
                if not isinstance(step, StandBy):
                    await self._write(step.lease)
                    _log.info("leading", extra={"identity": self.me.name, "transitions": step.lease.transitions})
                    return
                # The Lease may run out before the next look is due; a moment later it has.
                pause = min(pause, max(0.0, step.until - self.clock.monotonic()) + _AT_ONCE_SECONDS)
            except Conflict:
                _log.debug("somebody else was faster to take the lease")
            except (Transient, Refused) as trouble:
                self._say_once(str(trouble))
            await self.clock.sleep(pause)

    async def hold(self) -> NoReturn:
        """Renew the Lease until it is lost, at once where it needs a higher epoch.

        Raises:
            LostLeadership: It could not be renewed in time, or somebody else holds it.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.me.terms.retry.total_seconds()):
                    await self.tenure.needs_epoch()
            left = self.tenure.seconds_left()
            if left <= 0:
                raise LostLeadership("the lease was not renewed in time")
            limit = asyncio.timeout(left)
            try:
                async with limit:
                    await self._renew()
            except TimeoutError as error:
                if not limit.expired():
                    raise
                raise LostLeadership("the lease could not be renewed in time") from error

    async def release(self) -> None:
        """Give the Lease back, if it may be ours; where that fails, it runs out by itself.

        So it does where a write was cut off, which may still be done: nobody else is to write meanwhile.
        """
        is_lost = self._held is not None and self.tenure.seconds_left() <= 0
        if not self._has_asked or is_lost:
            return
        self.tenure.end()
        if self.tenure.is_unsettled:
            _log.warning("a write was cut off, the lease is left to run out")
            return
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._give_back()
        except TimeoutError:
            _log.warning("the lease could not be given back", extra={"seconds": RELEASE_SECONDS})

    async def _look(self) -> None:
        before, was_in_trouble = self._sight, bool(self._trouble)
        lease = await self.leases.read()
        self._sight = before.then(lease, now=self.clock.monotonic())
        self._trouble = ""
        is_news = was_in_trouble or self.leader != before.holder
        if is_news and self.leader not in ("", self.me.name):
            _log.info("standing by", extra={"leader": self.leader})
            if lease is not None and lease.is_pollers:
                hint = "delete the poller's Deployment, see docs/migration.md"
                _log.warning("a poller leads, and is waited for", extra={"leader": self.leader, "hint": hint})

    async def _write(self, lease: Lease) -> None:
        """Write the Lease; if that succeeds, leading is certain from when it was sent."""
        self._has_asked = True
        sent = self.clock.monotonic()
        self._held = await self.leases.write(lease)
        self._sight = self._sight.then(self._held, now=self.clock.monotonic())
        self.tenure.extend(self.me.leads_until(sent), epoch=self._held.transitions)

    async def _renew(self) -> None:
        """Try to renew until it works, the first time without a look: usually nobody else writes."""
        is_sure, was_in_trouble = True, False
        while True:
            try:
                lease = await self._next(is_sure=is_sure)
                await self._write(lease.counted_from(self.tenure.needed))
                return await self.hears_of_recovery() if was_in_trouble else None
            except Conflict:
                _log.debug("the lease was changed by somebody else")
                pause = _AT_ONCE_SECONDS
            except (Transient, Refused) as trouble:
                _log.warning("the lease could not be renewed, will try again", extra={"reason": str(trouble)})
                was_in_trouble = True
                pause = self.me.terms.retry.total_seconds()
            is_sure = False
            await self.clock.sleep(pause)

    async def _next(self, *, is_sure: bool) -> Lease:
        assert self._held is not None, "only what is held is renewed"  # noqa: S101
        if is_sure:
            return self._held.renewed_at(self.clock.now(), self.me.terms)
        self._sight = self._sight.then(await self.leases.read(), now=self.clock.monotonic())
        step = self.me.defend(self._sight, self._held, at=self.clock.now())
        if isinstance(step, StepDown):
            self.tenure.end()
            raise LostLeadership(f"{step.holder} leads now")
        return step.lease

    async def _give_back(self) -> None:
        held = self._held
        while True:
            try:
                return await self._give_back_once(held)
            except (Conflict, Transient, Refused) as trouble:
                _log.debug("the lease could not be given back, will try again", extra={"reason": str(trouble)})
            held = None
            await self.clock.sleep(_AT_ONCE_SECONDS)

    async def _give_back_once(self, held: Lease | None) -> None:
        lease = held or await self.leases.read()
        if lease is not None and lease.holder == self.me.name:
            await self.leases.write(lease.released(at=self.clock.now()))
            _log.info("lease given back")

    def _pause(self) -> float:
        """A little less than the time between two looks, so that several standbys do not look together."""
        return self.me.terms.retry.total_seconds() * (0.8 + 0.2 * self.clock.lot())

    def _say_once(self, trouble: str) -> None:
        level = logging.DEBUG if self._trouble else logging.WARNING
        _log.log(level, "the lease cannot be read or taken, will try again", extra={"reason": trouble})
        self._trouble = trouble
