"""Lets so many calls pass in a second, whoever makes them."""

from collections import deque

from gco_stream.ports import Clock


class Pace:
    """At most so many turns in any second, given in the order of asking; those who come late wait."""

    def __init__(self, clock: Clock, *, per_second: int) -> None:
        self._clock = clock
        self._given: deque[float] = deque(maxlen=per_second)

    async def turn(self) -> None:
        """Wait for a turn."""
        now = self._clock.monotonic()
        full = len(self._given) == self._given.maxlen
        at = max(now, self._given[0] + 1.0) if full else now
        self._given.append(at)
        if at > now:
            await self._clock.sleep(at - now)
