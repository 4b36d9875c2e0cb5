"""Waiting for what the real world does in its own time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

POLL = 0.03
"""Seconds between two looks."""

T = TypeVar("T")


@overload
async def eventually(probe: Callable[[], Awaitable[T | None]], deadline: float = ..., what: str = ...) -> T: ...
@overload
async def eventually(probe: Callable[[], T | None], deadline: float = ..., what: str = ...) -> T: ...
async def eventually(probe: Callable[[], object], deadline: float = 10.0, what: str = "") -> object:
    """Ask until the answer is truthy, and return it.

    An AssertionError from the probe is an answer, too: not yet. A probe that only asserts
    returns None, which is never truthy: `eventually_holds` is for those.

    Args:
        probe: A function or coroutine function; a coroutine is cut off at the deadline.
        deadline: Seconds.
        what: What is waited for, for the message.
    Raises:
        AssertionError: It never was; names `what` and the last answer.
    """
    last: object = "no answer at all"
    give_up = time.monotonic() + deadline
    while True:
        try:
            async with asyncio.timeout(max(give_up - time.monotonic(), POLL)):
                answer = await _ask(probe)
            if answer:
                return answer
            last = repr(answer)
        except AssertionError as error:
            last = error
        except TimeoutError:
            last = f"no answer in time; before that: {last}"
        if time.monotonic() >= give_up:
            raise AssertionError(f"not within {deadline:g} s: {what or probe}; last: {last}")
        await asyncio.sleep(POLL)


async def eventually_holds(check: Callable[[], object], deadline: float = 10.0, what: str = "") -> None:
    """Call a check again and again until it raises no AssertionError."""

    async def holds() -> bool:
        await _ask(check)
        return True

    await eventually(holds, deadline, what or str(check))


async def _ask(probe: Callable[[], object]) -> object:
    answer = probe()
    return await answer if inspect.isawaitable(answer) else answer
