"""A model of processes that contend for a Lease: each call takes its time both ways, answers get lost, clocks differ.

``Process`` does what ``gco_stream.election`` does, with the same decisions, in a world without event loop.
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
            self.at(self.now + wanted + process.delay(), lambda: self.resume(process, steps, None))
        else:
            self.call(process, steps, *wanted)

    def call(self, process: "Process", steps: Steps, operation: str, lease: Lease | None) -> None:
        """Carry a request there, and its answer back before a deadline; the request may arrive after that."""
        answers: list[Any] = []
        there, back = process.delay(), process.delay()
        self.at(self.now + there, lambda: answers.append(self.do(operation, lease)))
        is_lost = there + back >= _ANSWER_SECONDS
        self.at(
            self.now + min(there + back, _ANSWER_SECONDS),
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
    """One contender; ``delays`` are those of its calls and of its own wakings, in turn."""

    me: Contender
    model: Model
    delays: list[float]
    certain_until: float = -1.0
    ended: bool = False
    dead: bool = False

    def delay(self) -> float:
        """How long the next thing takes: the first of the delays, which then becomes the last."""
        self.delays.append(first := self.delays.pop(0))
        return first

    def dies(self) -> None:
        self.dead = True
        self.certain_until = -1.0

    @property
    def leads(self) -> bool:
        return self.certain_until > self.model.now

    def run(self) -> Steps:
        held = yield from self.win()
        while not (self.ended or self.dead):
            yield self.me.terms.retry.total_seconds()
            held = yield from self.renew(held)

    def win(self) -> Steps:
        sight = Sight(lease=None, since=0)
        while True:
            lease = yield "read", None
            if lease != "lost":
                sight = sight.then(lease, now=self.model.now)
                step = self.me.contend(sight, now=self.model.now, at=NOW)
                if not isinstance(step, StandBy):
                    sent = self.model.now
                    held = yield "write", step.lease
                    if isinstance(held, Lease):
                        self.certain_until = self.me.leads_until(sent)
                        return held
            yield self.me.terms.retry.total_seconds()

    def renew(self, held: Lease) -> Steps:
        lease = held.renewed_at(NOW, self.me.terms)
        while self.model.now < self.certain_until:
            sent = self.model.now
            written = yield "write", lease
            if isinstance(written, Lease):
                self.certain_until = self.me.leads_until(sent)
                return written
            found = yield "read", None
            if found != "lost":
                step = self.me.defend(Sight(lease=found, since=self.model.now), held, at=NOW)
                if isinstance(step, StepDown):
                    break
                lease = step.lease
        self.ended = True
        self.certain_until = -1.0
        return held
