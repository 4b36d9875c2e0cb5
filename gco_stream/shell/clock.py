"""The system's clock and dice; the only place that asks for either."""

import asyncio
import random
from datetime import UTC, datetime


class SystemClock:
    """The ``Clock`` port on the running event loop."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the event loop's time in seconds, so that waits and deadlines share one clock."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait; at least once around the loop, so that others have their turn."""
        await asyncio.sleep(max(0.0, seconds))

    def lot(self) -> float:
        """Draw a number from 0 to 1."""
        return random.random()  # noqa: S311 - jitter, no secret
