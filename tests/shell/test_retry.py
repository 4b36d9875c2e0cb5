"""The policy for trying a single call again."""

import asyncio

import pytest

from gco_stream.errors import Conflict, Denied, GcoStreamError, Refused, Transient
from gco_stream.shell.retry import retrying

pytestmark = pytest.mark.looptime


async def attempts_at(*errors: Exception) -> tuple[int, Exception | None]:
    """How often a call is tried that fails with these errors and then works, and what came out in the end."""
    left = list(errors)
    tried = 0
    try:
        async for attempt in retrying():
            with attempt:
                tried += 1
                if left:
                    raise left.pop(0)
    except GcoStreamError as error:
        return tried, error
    return tried, None


async def test_what_works_is_done_once() -> None:
    assert await attempts_at() == (1, None)


async def test_a_hiccup_is_tried_again_at_once() -> None:
    assert await attempts_at(Transient("throttled")) == (2, None)
    assert await attempts_at(Transient("throttled"), Transient("throttled")) == (3, None)


async def test_what_lasts_is_tried_three_times_and_raised_as_it_was() -> None:
    last = Transient("last")

    assert await attempts_at(Transient("a"), Transient("b"), last) == (3, last)


@pytest.mark.parametrize(
    "error",
    [Denied("no"), Transient("later", retry_after=0.0), Transient("later", retry_after=5.0), Conflict("no")],
    ids=repr,
)
async def test_what_cannot_be_cured_at_once_is_tried_once(error: Exception) -> None:
    assert await attempts_at(error) == (1, error)


async def test_what_waited_for_its_whole_deadline_is_tried_once() -> None:
    late = Transient("no answer in time")
    late.__cause__ = TimeoutError()

    assert await attempts_at(late) == (1, late)


async def test_a_refusal_is_tried_once() -> None:
    refused = Refused("no", reason="Invalid")

    assert await attempts_at(refused) == (1, refused)


async def test_three_attempts_take_less_than_a_quarter_of_a_second() -> None:
    before = asyncio.get_running_loop().time()

    await attempts_at(*[Transient("x")] * 3)

    assert asyncio.get_running_loop().time() - before <= 0.25
