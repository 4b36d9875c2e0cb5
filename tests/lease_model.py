"""A model of processes that contend for a Lease: each call takes its time both ways, answers get lost, clocks differ.

``Process`` does what ``gco_stream.election`` and ``gco_stream.tenure`` do, with the same decisions, in a world without
event loop. Times of the model are true ones; those of a process are of its own clock.

What a write may do it does between being sent and being answered or given up. That a server does what was given up long
ago, because the process was stopped at the very moment of sending, is not for leases to prevent: such a write names the
object that it was meant for, and its epoch.
"""

import heapq
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from gco_stream.core.leadership import Contender, Lease, Sight, StandBy, StepDown

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_ANSWER_SECONDS = 5.0
_AT_ONCE_SECONDS = 0.1
_BETWEEN_WRITES_SECONDS = 0.7

Steps = Generator[Any, Any, Any]


@dataclass
class Model:
    """The Lease at the server, and events in the order of their time."""

    lease: Lease | None = None
    versions: "count[int]" = field(default_factory=lambda: count(1))
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    order: "count[int]" = field(default_factory=count)
    now: float = 0.0

    def start(self, process: "Process", *, after: float) -> None:
        self.at(after, lambda: self.resume(process, process.run(), None))
        self.at(after, lambda: self.resume(process, process.work(), None))

    def moments(self, until: float) -> Iterator[float]:
        """Let one thing happen after the other, and stop at the time of each."""
        while self.events and self.now < until:
            self.now, _, act = heapq.heappop(self.events)
            act()
            yield self.now

    def at(self, time: float, act: Callable[[], None]) -> None:
        heapq.heappush(self.events, (time, next(self.order), act))

    def resume(self, process: "Process", steps: Steps, value: Any) -> None:
        """Let a process go on until it waits for something: a time, or the answer to a call."""
        try:
            wanted = steps.send(value)
        except StopIteration:
            return
        if isinstance(wanted, float):
            late = process.delay() if wanted != _BETWEEN_WRITES_SECONDS else 0.0
            self.at(self.now + wanted / process.rate + late, lambda: self.resume(process, steps, None))
        else:
            self.call(process, steps, *wanted)

    def call(self, process: "Process", steps: Steps, operation: str, lease: Lease | None) -> None:
        """Carry a request there, and its answer back before a deadline; the request may arrive after that."""
        answers: list[Any] = []
        there, back = process.delay(), process.delay()
        longest = _ANSWER_SECONDS / process.rate
        self.at(self.now + there, lambda: answers.append(self.do(operation, lease)))
        is_lost = there + back >= longest
        self.at(
            self.now + min(there + back, longest),
            lambda: self.resume(process, steps, "lost" if is_lost else answers[0]),
        )

    def do(self, operation: str, lease: Lease | None) -> Any:
        if operation == "read":
            return self.lease
        assert lease is not None
        if (self.lease.version if self.lease else None) != lease.version:
            return "conflict"
        self.lease = replace(lease, version=str(next(self.versions)))
        return self.lease


@dataclass
class Process:
    """One contender.

    Attributes:
        delays: Those of its calls about the Lease and of its wakings, in turn.
        writing: Seconds that its writes take, in turn.
        rate: How many of its own clock's seconds a second has.
        is_writing: Whether something that it has sent to the cluster or to the table may still be done.
        writes: How often it has written.
    """

    me: Contender
    model: Model
    delays: list[float]
    writing: list[float]
    rate: float = 1.0
    certain_until: float = -1.0
    ended: bool = False
    dead: bool = False
    is_writing: bool = False
    writes: int = 0
    sight: Sight = field(default_factory=lambda: Sight(lease=None, since=0))

    def delay(self) -> float:
        """How long the next thing takes: the first of the delays, which then becomes the last."""
        return _next(self.delays)

    def dies(self) -> None:
        self.dead = True
        self.certain_until = -1.0

    @property
    def now(self) -> float:
        """The time by its own clock."""
        return self.model.now * self.rate

    @property
    def leads(self) -> bool:
        return self.certain_until > self.now

    def run(self) -> Steps:
        held = yield from self.win()
        while not (self.ended or self.dead):
            yield self.me.terms.retry.total_seconds()
            held = yield from self.renew(held)

    def win(self) -> Steps:
        while True:
            lease = yield "read", None
            if lease != "lost":
                self.sight = self.sight.then(lease, now=self.now)
                step = self.me.contend(self.sight, now=self.now, at=NOW)
                if not isinstance(step, StandBy):
                    sent = self.now
                    held = yield "write", step.lease
                    if isinstance(held, Lease):
                        self.certain_until = self.me.leads_until(sent)
                        return held
            yield self._until_next_look()

    def _until_next_look(self) -> float:
        """How long a standby waits: till the next look is due, or the Lease as it was seen runs out."""
        left = max(0.0, self.sight.runs_out() - self.now)
        return float(min(self.me.terms.retry.total_seconds(), left + _AT_ONCE_SECONDS))

    def renew(self, held: Lease) -> Steps:
        lease = held.renewed_at(NOW, self.me.terms)
        while self.now < self.certain_until:
            sent = self.now
            written = yield "write", lease
            if isinstance(written, Lease):
                self.certain_until = self.me.leads_until(sent)
                return written
            found = yield "read", None
            if found != "lost":
                step = self.me.defend(Sight(lease=found, since=self.now), held, at=NOW)
                if isinstance(step, StepDown):
                    break
                lease = step.lease
        self.ended = True
        self.certain_until = -1.0
        return held

    def work(self) -> Steps:
        """Write, now and then, as long as leading is certain for longer than that may take."""
        longest = self.me.terms.longest_write.total_seconds()
        while not (self.ended or self.dead):
            if not self.is_writing and self.certain_until - self.now > longest:
                self.is_writing, self.writes = True, self.writes + 1
                takes = min(_next(self.writing), longest / self.rate)
                self.model.at(self.model.now + takes, self._has_written)
            yield _BETWEEN_WRITES_SECONDS

    def _has_written(self) -> None:
        self.is_writing = False


def _next(delays: list[float]) -> float:
    delays.append(first := delays.pop(0))
    return first
