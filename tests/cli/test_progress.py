"""Progress on a terminal; that nothing is said where nobody looks, every test of a command's stderr holds."""

import pytest

from tests.cli.terminals import at_terminal

pytestmark = pytest.mark.process

PROGRAM = """
import asyncio, sys
from gco_stream.cli.progress import progress

async def main():
    with progress("planning") as shown:
        shown.step(of=3)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
print("done")
"""


def test_what_takes_its_time_is_said_with_how_far_it_is_and_nothing_of_it_stays() -> None:
    with at_terminal({}, program=("-c", PROGRAM)) as terminal:
        terminal.shows("planning: 1 of 3 …")
        terminal.types("\n")
        assert terminal.ends() == 0

    assert terminal.text.splitlines()[-1].strip() == "done"
