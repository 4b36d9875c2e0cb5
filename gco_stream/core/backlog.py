"""The names that wait to be looked at.

Each name waits once and is never in two hands; a name that is added while in hand is looked at once more after.
Fresh changes go first, then what wants another look by itself, then a resync. So that nobody is starved by a stream
that never rests, every eighth turn goes to one of the others.

What failed waits longer each time. Once whatever it failed at is known to be back, it is looked at soon: one name after
the other, so that what has just come back is not overrun, and seldom, should it come and go.
"""

import heapq
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from gco_stream.core.models import EndpointName

_FRESH_IN_A_ROW = 7
_HASTENED_APART = 0.02
_BETWEEN_HASTES = 10.0


class Urgency(IntEnum):
    """Why a name waits; the smaller goes first."""

    FRESH = 0
    AGAIN = 1
    RESYNC = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """When a name wants another look without anybody asking.

    Attributes:
        first: Seconds until the first of a row of such looks; each further one waits twice as long.
        longest: The most that any of them waits, in seconds.
        at_least: What the other side asked us to wait, in seconds.
        at_most: When something falls due by itself, in seconds, to the moment.
        is_failure: Whether it waits for something outside to be well again.
    """

    first: float
    longest: float
    at_least: float = 0.0
    at_most: float = math.inf
    is_failure: bool = False

    @classmethod
    def at(cls, seconds: float) -> "Again":
        """Return one look after so many seconds, to the moment."""
        return cls(first=math.inf, longest=math.inf, at_most=seconds)

    def not_after(self, seconds: float) -> "Again":
        """Return the same, but with a look after so many seconds at the latest."""
        return replace(self, at_most=seconds)

    def not_before(self, seconds: float | None) -> "Again":
        """Return the same, but waiting at least as long as the other side asked, where it did."""
        return replace(self, at_least=seconds or 0.0)

    def delay(self, attempt: int, *, lot: float) -> float:
        """Return the seconds to wait before attempt ``attempt`` (1 is the first), 20 % more or less by ``lot``."""
        plain = min(self.longest, self.first * 2.0 ** min(attempt - 1, 32))
        return max(self.at_least, min(self.at_most, plain * (0.8 + 0.4 * lot)))


@dataclass(frozen=True, slots=True)
class _Row:
    """Looks in a row for the same cause, which is told by how they are spaced."""

    first: float
    longest: float
    attempts: int


class Backlog:
    """Names due now, later, or in hand. Times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._waiting: dict[Urgency, OrderedDict[EndpointName, None]] = {line: OrderedDict() for line in Urgency}
        self._later: dict[EndpointName, float] = {}
        self._due: list[tuple[float, EndpointName]] = []
        self._in_hand: set[EndpointName] = set()
        self._dirty: dict[EndpointName, Urgency] = {}
        self._rows: dict[EndpointName, _Row] = {}
        # Whose last look failed, and before when the other side asked us not to try again.
        self._failed: dict[EndpointName, float] = {}
        self._hastened = -math.inf
        self._fresh_in_a_row = 0

    def __len__(self) -> int:
        return sum(len(line) for line in self._waiting.values())

    @property
    def in_hand(self) -> int:
        """How many names are being worked on."""
        return len(self._in_hand)

    @property
    def later(self) -> int:
        """How many names are put off."""
        return len(self._later)

    def waiting(self) -> Mapping[Urgency, int]:
        """Return how many names are due, by why they wait."""
        return {urgency: len(line) for urgency, line in self._waiting.items()}

    def add(self, name: EndpointName, urgency: Urgency = Urgency.FRESH) -> None:
        """Let a name wait for its turn; the most urgent of several reasons counts.

        A fresh change ends the row of attempts: what failed or was not ready before may be so no more.
        """
        if urgency is Urgency.FRESH:
            self._rows.pop(name, None)
        if name in self._in_hand:
            self._dirty[name] = min(urgency, self._dirty.get(name, urgency))
        else:
            self._line_up(name, urgency)

    def take(self, now: float) -> EndpointName | None:
        """Hand out the next name, or None if none is due."""
        self._wake(now)
        line = self._next_line()
        if line is None:
            return None
        self._fresh_in_a_row = self._fresh_in_a_row + 1 if line is Urgency.FRESH else 0
        name, _ = self._waiting[line].popitem(last=False)
        self._in_hand.add(name)
        return name

    def done(self, name: EndpointName, again: Again | None, *, now: float, lot: float) -> None:
        """Take a name back; one that failed the last time and does no longer shows that others may be lucky, too.

        Args:
            again: When to look once more by ourselves; None if nothing is left to do, which ends the row of attempts.
            lot: A random number from 0 to 1.
        """
        self._in_hand.discard(name)
        dirty = self._dirty.pop(name, None)
        had_failed = self._failed.pop(name, None) is not None
        if again is None:
            self._rows.pop(name, None)
        else:
            due = now + again.delay(self._attempt(name, again), lot=lot)
            self._later[name] = due
            heapq.heappush(self._due, (due, name))
        if again is not None and again.is_failure:
            self._failed[name] = now + again.at_least
        elif had_failed:
            self.hasten(now)
        if dirty is not None:
            self._line_up(name, dirty)

    def hasten(self, now: float) -> None:
        """Take in that something outside is back: what failed is due soon, unless the other side asked for patience.

        What is in hand may still fail at what was before, so its next wait is a short one.
        """
        if self._hastened <= now:
            self._hastened = max(now, self._hastened + _BETWEEN_HASTES)
        if self._hastened == now:
            for name in self._in_hand:
                self._rows.pop(name, None)
        failed = sorted((due, name) for name, due in self._later.items() if name in self._failed)
        for place, (due, name) in enumerate(failed):
            sooner = max(self._failed[name], self._hastened + place * _HASTENED_APART)
            if sooner < due:
                self._later[name] = sooner
                heapq.heappush(self._due, (sooner, name))

    def next_due(self) -> float | None:
        """Return the time at which the next name becomes due, or None if nothing is put off."""
        while self._due and self._later.get(self._due[0][1]) != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def _line_up(self, name: EndpointName, urgency: Urgency) -> None:
        self._later.pop(name, None)
        if any(name in self._waiting[line] for line in Urgency if line < urgency):
            return
        for line in Urgency:
            if line > urgency:
                self._waiting[line].pop(name, None)
        self._waiting[urgency].setdefault(name)

    def _next_line(self) -> Urgency | None:
        lines = [line for line in Urgency if self._waiting[line]]
        if len(lines) > 1 and lines[0] is Urgency.FRESH and self._fresh_in_a_row >= _FRESH_IN_A_ROW:
            return lines[1]
        return lines[0] if lines else None

    def _attempt(self, name: EndpointName, again: Again) -> int:
        row = self._rows.get(name)
        goes_on = row is not None and (row.first, row.longest) == (again.first, again.longest)
        attempts = row.attempts + 1 if row is not None and goes_on else 1
        self._rows[name] = _Row(again.first, again.longest, attempts)
        return attempts

    def _wake(self, now: float) -> None:
        while (due := self.next_due()) is not None and due <= now:
            _, name = heapq.heappop(self._due)
            self._line_up(name, Urgency.AGAIN)
