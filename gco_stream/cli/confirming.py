"""Asks before something is lost that no other command brings back."""

import asyncio
import sys
from typing import Annotated

import typer

from gco_stream.cli.telling import Unable, wrong_usage

Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]


async def confirm(question: str, *, is_sure: bool) -> None:
    """Ask whether to do something, and go on if it is wanted.

    Raises:
        Unable: It is not; or nobody is there who could be asked, which is wrong usage.
    """
    if is_sure:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        hint = "nobody is there to answer: say --yes if it is meant"
        raise wrong_usage(f"{question}: this is asked first", hint=hint)
    sys.stderr.write(f"{question}? [y/N] ")
    sys.stderr.flush()
    if (await _line()).strip().lower() not in ("y", "yes"):
        raise Unable("nothing was done")


async def _line() -> str:
    """Read what is typed, without keeping Ctrl-C from ending the wait for it."""
    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, typed.set)
    try:
        await typed.wait()
    except asyncio.CancelledError:
        sys.stderr.write("\n")
        raise
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()
