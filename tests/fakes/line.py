"""The line between the controller and one part of its world: it counts, it may be cut, and somebody may be faster."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple


class Call(NamedTuple):
    """One call: what was asked, about what, and when on the loop's clock."""

    operation: str
    about: str
    at: float


@dataclass(slots=True)
class Line:
    """Every call of a fake goes over a line. Several fakes may share one, so that their calls have one order.

    Attributes:
        calls: All calls so far, failed ones too.
        latency: Seconds that every call takes.
    """

    calls: list[Call] = field(default_factory=list)
    latency: float = 0.0
    _errors: dict[str, list[Exception]] = field(default_factory=dict)
    _lasting: dict[str, Exception] = field(default_factory=dict)
    _cut: set[str] = field(default_factory=set)
    _meanwhile: dict[int, Callable[[], object]] = field(default_factory=dict)

    async def call(self, operation: str, about: str = "") -> None:
        """Let one call pass, late, or not at all."""
        number = len(self.calls)
        self.calls.append(Call(operation, about, asyncio.get_running_loop().time()))
        await asyncio.sleep(self.latency)
        if (action := self._meanwhile.pop(number, None)) is not None:
            action()
        if operation in self._cut:
            await asyncio.Event().wait()
        if self._errors.get(operation):
            raise self._errors[operation].pop(0)
        if operation in self._lasting:
            raise self._lasting[operation]

    def count(self, operation: str, about: str | None = None) -> int:
        """How often something was asked."""
        return sum(1 for call in self.calls if call.operation == operation and about in (None, call.about))

    def operations(self) -> list[str]:
        """What was asked, in order."""
        return [call.operation for call in self.calls]

    def fail_next(self, operation: str, *errors: Exception) -> None:
        """Let the next calls fail, one with each error."""
        self._errors.setdefault(operation, []).extend(errors)

    def fail(self, operation: str, error: Exception) -> None:
        """Let every call fail until ``mend``."""
        self._lasting[operation] = error

    def cut(self, operation: str) -> None:
        """Let every call wait for an answer that never comes."""
        self._cut.add(operation)

    def mend(self, operation: str) -> None:
        """Let calls pass again."""
        self._lasting.pop(operation, None)
        self._errors.pop(operation, None)
        self._cut.discard(operation)

    def meanwhile(self, number: int, action: Callable[[], object]) -> None:
        """Let something happen right before the call with this number (0 is the first) is answered."""
        self._meanwhile[number] = action


async def settled(*, turns: int = 50) -> None:
    """Let everything that is ready to run do so, without time passing."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def soon(condition: Callable[[], object], *, within: float = 30.0, step: float = 0.01) -> None:
    """Let time pass until a condition holds; under virtual time this costs none.

    Raises:
        AssertionError: It never held.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + within
    while not condition():
        assert loop.time() < give_up, f"not within {within:g} s"
        await asyncio.sleep(step)
