"""The full resync: every record of the table is looked at, now and then and whenever somebody asks."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta

from gco_stream.core.backlog import Again, Urgency
from gco_stream.errors import Transient
from gco_stream.ports import Clock, Records
from gco_stream.queue import WorkQueue

_log = logging.getLogger(__name__)

_RETRY = Again(first=0.5, longest=30.0)


class ResyncRequests:
    """Asks for a resync; several requests before one starts are one, a request during one is one more after it."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._reason = ""

    def ask(self, reason: str) -> None:
        """Ask for a resync as soon as possible."""
        self._reason = reason
        self._asked.set()

    async def wait(self, longest: timedelta | None) -> str:
        """Wait until somebody asks, or the time is over where there is one, and return why."""
        try:
            async with asyncio.timeout(None if longest is None else longest.total_seconds()):
                await self._asked.wait()
        except TimeoutError:
            return "interval"
        self._asked.clear()
        return self._reason


@dataclass(slots=True)
class Resync:
    """Scans the table and queues every name behind whatever is fresh.

    The first scan waits until it is asked for, which the stream's feed does once it has its place: what is written
    after that is seen in the stream, what was written before in the scan.
    """

    records: Records
    queue: WorkQueue
    requests: ResyncRequests
    clock: Clock
    interval: timedelta
    _ever: bool = field(default=False)

    async def run(self) -> None:
        """Resync for ever."""
        while True:
            reason = await self.requests.wait(self.interval if self._ever else None)
            await self._scan_until_complete(reason)
            self._ever = True

    async def _scan_until_complete(self, reason: str) -> None:
        attempt = 0
        while True:
            started = self.clock.monotonic()
            try:
                endpoints = await self._scan()
            except Transient as trouble:
                attempt += 1
                _log.warning("resync failed, will try again", extra={"reason": str(trouble)})
                await self.clock.sleep(_RETRY.delay(attempt, lot=self.clock.lot()))
                continue
            seconds = round(self.clock.monotonic() - started, 3)
            _log.info("table scanned", extra={"reason": reason, "endpoints": endpoints, "seconds": seconds})
            return

    async def _scan(self) -> int:
        endpoints = 0
        async for page in self.records.scan():
            endpoints += len(page)
            for name in page:
                await self.queue.add(name, Urgency.RESYNC)
        return endpoints
