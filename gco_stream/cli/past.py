"""Where a command begins to read the past, and how it tells how far it is."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gco_stream.cli.telling import Unable, tell, wrong_usage
from gco_stream.core.recording import Recorded
from gco_stream.errors import StreamGap
from gco_stream.settings import Settings
from gco_stream.shell.clock import SystemClock

if TYPE_CHECKING:
    from gco_stream.feeds.history import HistoryReader

_SEQUENCE = re.compile(r"\d{21,40}", re.ASCII)
_TOLD_EVERY = 1000


class End(Enum):
    """The two ends of a stream."""

    OLDEST = auto()
    NEWEST = auto()


@dataclass(frozen=True, slots=True)
class At:
    """The record with this sequence number."""

    sequence: str


Start = End | At | Path


def read_start(text: str) -> Start:
    """Read ``--from``; what is neither a word nor a number is a file."""
    match text:
        case "trim-horizon":
            return End.OLDEST
        case "latest":
            return End.NEWEST
        case _:
            return At(text) if _SEQUENCE.fullmatch(text) else Path(text)


@dataclass(slots=True)
class Count:
    """Tells now and then how many records there were."""

    records: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, records: Sequence[Recorded]) -> None:
        """Count some more."""
        before, self.records = self.records, self.records + len(records)
        times = [record.at for record in records if record.at is not None]
        self.first = min([*times, *filter(None, [self.first])], default=None)
        self.last = max([*times, *filter(None, [self.last])], default=None)
        if before // _TOLD_EVERY != self.records // _TOLD_EVERY:
            tell(f"{self.records} records, up to {shown_time(self.last)}")


def shown_time(at: datetime | None) -> str:
    """Show a time of the stream, which is exact to the second."""
    return "an unknown time" if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


@asynccontextmanager
async def reader_at(
    start: End | At, settings: Settings, arn: str | None, hand_over: Callable[[Sequence[Recorded]], None]
) -> "AsyncIterator[HistoryReader]":
    """Open a stream, by default the table's own, and take a place in it.

    Raises:
        Unable: There is no such stream, or no such record in it.
    """
    from gco_stream.feeds.history import HistoryReader
    from gco_stream.shell.history import open_past

    async with open_past(settings.table_name, settings.table_region, arn=arn) as past:
        place = None if arn is not None else await past.locate()
        named = arn or (place.arn if place is not None else None)
        if named is None:
            raise Unable(f"table {settings.table_name} has no stream", hint="`gco-stream table enable-stream`")
        reader = HistoryReader(past, SystemClock(), named, hand_over, lambda line: tell(f"note: {line}"))
        tell(f"reading {named}")
        try:
            await _take_place(reader, start)
            yield reader
        except StreamGap as gap:
            raise Unable(str(gap), hint="`gco-stream table describe` shows the table's stream") from gap


async def _take_place(reader: "HistoryReader", start: End | At) -> None:
    match start:
        case At(sequence) if not await reader.begin_at(sequence):
            hint = "records are gone after 24 hours; --from trim-horizon begins with the oldest"
            raise Unable(f"no record of the stream has the number {sequence}", hint=hint)
        case End.NEWEST:
            await reader.begin_at_the_end()
            tell("following from here on")
        case _:
            return


async def until(stop: asyncio.Event, reading: Coroutine[Any, Any, None], *, longest: float | None) -> bool:
    """Read until it is done, the time is over, or somebody says stop, and return whether it was done."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(reading), group.create_task(_wait(stop))]
            await asyncio.wait(tasks, timeout=longest, return_when=asyncio.FIRST_COMPLETED)
            is_done = tasks[0].done()
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return is_done


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


def no_file(start: Start, option: str) -> End | At:
    """Make sure that a start is a place in a stream.

    Raises:
        Unable: It is a file.
    """
    if isinstance(start, Path):
        raise wrong_usage(
            f"{option} is '{start}': must be trim-horizon, latest or a sequence number of 21 to 40 digits"
        )
    return start
