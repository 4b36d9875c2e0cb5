"""``gco-stream top``: all endpoints in all regions, live."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.past import until
from gco_stream.cli.printing import console_of, plain, print_document, print_line, print_table, table_of
from gco_stream.cli.progress import progress
from gco_stream.cli.surroundings import Desk, open_desk
from gco_stream.core.overview import Row, overview, summary
from gco_stream.core.spans import span
from gco_stream.errors import Denied, Transient

_COLUMNS = ("NAME", "DESIRED", "REGION", "STATE", "READY", "PUBLISHED", "CANARY", "CHANGED", "REASON")
# What is left out first where a terminal is narrow; the reason is shortened before it goes, too.
_LEAST = ("PUBLISHED", "CANARY", "DESIRED", "CHANGED", "REASON", "READY", "REASON", "REGION", "STATE")
_AROUND = 4
"""Lines of the screen that no row has."""


@command
def top(
    shape: Shape,
    once: Annotated[bool, typer.Option("--once", help="Print it once; so does -o, and where is no terminal.")] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.5, help="Time between two looks at the table.")
    ] = 2.0,
) -> None:
    """Show how all endpoints are in all regions, the newest trouble first; live until Ctrl-C.

    It is read from the table alone, so it needs no cluster. Each look reads the whole table, which costs half a read
    unit for each 4 kB: of 1,000 endpoints of 2 kB, at one look in 2 seconds, 450,000 an hour.

    Example: gco-stream top

    Example: gco-stream top --once
    """
    is_live = shape.is_text and not once and console_of(shape).is_terminal
    finish(_live(shape, every) if is_live else _once(shape))


async def _once(shape: Shape) -> None:
    async with open_desk() as desk:
        with progress("reading the table"):
            rows = await _look(desk)
    if not shape.is_text:
        print_document([plain(row.as_map()) for row in rows], shape)
        return
    if rows:
        print_table(_COLUMNS, _cells(rows, desk.clock.now()), shape, least=_LEAST, sentence="REASON")
    print_line(summary(rows), shape)


async def _look(desk: Desk) -> tuple[Row, ...]:
    return overview(await desk.writer.all_lately(), now=desk.clock.now())


async def _live(shape: Shape, every: float) -> None:
    """Show it until somebody says stop, and leave one line behind."""
    stop, screen = asyncio.Event(), _Screen()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_desk() as desk:
        with Live(screen, console=console_of(shape), screen=True, auto_refresh=False) as live:
            await until(stop, _follow(desk, screen, live, every), longest=None)
    print_line(summary(screen.rows), shape)


async def _follow(desk: Desk, screen: "_Screen", live: Live, every: float) -> None:
    """Look again and again; a table that does not answer for a moment ends nothing.

    Raises:
        Transient: It did not answer the first time, or it may not be read.
    """
    while True:
        try:
            screen.rows, screen.trouble = await _look(desk), None
        except Denied:
            raise
        except Transient as trouble:
            if screen.at is None:
                raise
            screen.trouble = str(trouble)
        screen.at = desk.clock.now()
        live.refresh()
        await desk.clock.sleep(every)


class _Screen:
    """What is shown: as many rows as there is room for."""

    def __init__(self) -> None:
        self.rows: tuple[Row, ...] = ()
        self.trouble: str | None = None
        self.at: datetime | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.at is None:
            yield Text("reading the table …")
            return
        room = max(1, (options.height or console.height) - _AROUND)
        shown = self.rows[:room]
        yield Text(
            f"{self.at:%H:%M:%S} UTC  {summary(self.rows)}   Ctrl-C ends",
            style="bold",
            no_wrap=True,
            overflow="ellipsis",
        )
        yield Text(self.trouble or "", style="bold red", no_wrap=True, overflow="ellipsis")
        yield table_of(_COLUMNS, _cells(shown, self.at), least=_LEAST, width=options.max_width, sentence="REASON")
        if len(self.rows) > room:
            yield Text(f"… and {len(self.rows) - room} more")


def _cells(rows: Sequence[Row], now: datetime) -> list[tuple[object, ...]]:
    return [
        (
            *(row.endpoint, row.desired, row.region, row.state),
            f"{row.ready}/{row.wanted}" if row.state else None,
            row.published,
            _canary(row),
            None if row.changed is None else f"{span(now - row.changed)} ago",
            row.error or row.reason,
        )
        for row in rows
    ]


def _canary(row: Row) -> str | None:
    if row.canary is None:
        return None
    counts = f"{row.canary.get('replicas_ready', 0)}/{row.canary.get('replicas_desired', 0)}"
    return f"{row.canary.get('weight', 0)}% {counts}"
