"""The ``Clock`` port on the loop's own time, which tests may let fly (``pytest.mark.looptime``)."""

import asyncio
from datetime import UTC, datetime, timedelta

THE_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """It is the first of January when the loop's time is 0, and every lot is the same.

    Attributes:
        stopped: Seconds for which the process was stopped: time that has passed although no timer has seen it yet.
    """

    def __init__(self, *, lot: float = 0.5) -> None:
        self._lot = lot
        self.stopped = 0.0

    def now(self) -> datetime:
        return THE_BEGINNING + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self.stopped

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def lot(self) -> float:
        return self._lot
