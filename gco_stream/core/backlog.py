"""The names that wait to be looked at.

Each name waits once and is never in two hands; a name that is added while in hand is looked at once more after.
Fresh changes go first. So that a resync is not starved by a stream that never rests, every eighth turn goes to it.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from enum import IntEnum

from gco_stream.core.models import EndpointName

_FRESH_IN_A_ROW = 7


class Urgency(IntEnum):
    """Why a name waits; the smaller goes first."""

    FRESH = 0
    RESYNC = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """When a name wants another look without anybody asking.

    Attributes:
        first: Seconds until the first of a row of such looks; each further one waits twice as long.
        longest: The most that any of them waits, in seconds.
        at_least: What the other side asked us to wait, in seconds.
    """

    first: float
    longest: float
    at_least: float = 0.0

    def not_before(self, seconds: float | None) -> "Again":
        """Return the same, but waiting at least as long as the other side asked, where it did."""
        return replace(self, at_least=seconds or 0.0)

    def delay(self, attempt: int, *, lot: float) -> float:
        """Return the seconds to wait before attempt ``attempt`` (1 is the first), 20 % more or less by ``lot``."""
        plain = min(self.longest, self.first * 2.0 ** min(attempt - 1, 32))
        return max(self.at_least, plain * (0.8 + 0.4 * lot))


class Backlog:
    """Names due now, later, or in hand. Times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._waiting: tuple[OrderedDict[EndpointName, None], ...] = (OrderedDict(), OrderedDict())
        self._later: dict[EndpointName, float] = {}
        self._in_hand: set[EndpointName] = set()
        self._dirty: dict[EndpointName, Urgency] = {}
        self._attempts: dict[EndpointName, int] = {}
        self._fresh_in_a_row = 0

    def __len__(self) -> int:
        return sum(len(line) for line in self._waiting)

    @property
    def in_hand(self) -> int:
        """How many names are being worked on."""
        return len(self._in_hand)

    def add(self, name: EndpointName, urgency: Urgency = Urgency.FRESH) -> None:
        """Let a name wait for its turn; the most urgent of several reasons counts.

        A fresh change ends the row of attempts: what failed or was not ready before may be so no more.
        """
        if urgency is Urgency.FRESH:
            self._attempts.pop(name, None)
        if name in self._in_hand:
            self._dirty[name] = min(urgency, self._dirty.get(name, urgency))
        else:
            self._line_up(name, urgency)

    def _line_up(self, name: EndpointName, urgency: Urgency) -> None:
        self._later.pop(name, None)
        if urgency is Urgency.RESYNC and name in self._waiting[Urgency.FRESH]:
            return
        if urgency is Urgency.FRESH:
            self._waiting[Urgency.RESYNC].pop(name, None)
        self._waiting[urgency].setdefault(name)

    def take(self, now: float) -> EndpointName | None:
        """Hand out the next name, or None if none is due."""
        self._wake(now)
        fresh, resync = self._waiting
        if fresh and (not resync or self._fresh_in_a_row < _FRESH_IN_A_ROW):
            line, self._fresh_in_a_row = fresh, self._fresh_in_a_row + 1
        elif resync:
            line, self._fresh_in_a_row = resync, 0
        else:
            return None
        name, _ = line.popitem(last=False)
        self._in_hand.add(name)
        return name

    def done(self, name: EndpointName, again: Again | None, *, now: float, lot: float) -> None:
        """Take a name back.

        Args:
            again: When to look once more by ourselves; None if nothing is left to do, which ends the row of attempts.
            lot: A random number from 0 to 1.
        """
        self._in_hand.discard(name)
        dirty = self._dirty.pop(name, None)
        if again is None:
            self._attempts.pop(name, None)
        else:
            attempt = self._attempts[name] = self._attempts.get(name, 0) + 1
            self._later[name] = now + again.delay(attempt, lot=lot)
        if dirty is not None:
            self._line_up(name, dirty)

    def next_due(self) -> float | None:
        """Return the time at which the next name becomes due, or None if nothing is put off."""
        return min(self._later.values(), default=None)

    def _wake(self, now: float) -> None:
        for name in [name for name, due in self._later.items() if due <= now]:
            self._line_up(name, Urgency.FRESH)
