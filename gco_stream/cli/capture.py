"""``gco-stream capture``: the stream's records into a file."""

import asyncio
import os
import signal
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gco_stream.cli.arguments import duration
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.exits import Exit
from gco_stream.cli.past import At, Count, End, no_file, read_start, reader_at, shown_time, until
from gco_stream.cli.printing import print_document, print_line
from gco_stream.cli.surroundings import desk_settings
from gco_stream.cli.telling import Unable, tell, wrong_usage
from gco_stream.core.recording import Recorded
from gco_stream.errors import GcoStreamError

if TYPE_CHECKING:
    from gco_stream.feeds.history import HistoryReader
    from gco_stream.shell.recordings import CaptureFile

From = Annotated[
    str, typer.Option("--from", metavar="PLACE", help="trim-horizon, latest, or a record's sequence number.")
]
StreamArn = Annotated[
    str | None, typer.Option("--stream-arn", metavar="ARN", help="Another stream than the table's own.")
]


@command
def capture(
    shape: Shape,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    start: From = "trim-horizon",
    longest: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="Follow the stream for so long: 90s, 15m, 6h.")
    ] = None,
    stream_arn: StreamArn = None,
) -> None:
    """Write the stream's records to a file, a JSON document a line, for `gco-stream replay`.

    It ends when all that is there has been read, after --for, or with Ctrl-C; from latest without --for with Ctrl-C
    alone. However it ends, the file has whole lines. docs/replay.md describes them. The values of containers' env are
    among them.

    Example: gco-stream capture monday.jsonl --from latest --for 15m
    """
    place = no_file(read_start(start), "--from")
    finish(_capture(file, place, None if longest is None else duration(longest), stream_arn, shape))


async def _capture(path: Path, start: End | At, longest: timedelta | None, arn: str | None, shape: Shape) -> Exit:
    settings, stop, count = desk_settings(os.environ), asyncio.Event(), Count()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with _new(path) as file:

        def keep(records: Sequence[Recorded]) -> None:
            try:
                file.write(records)
            except OSError as error:
                raise Unable(f"cannot write {path}: {error.strerror or error}") from error
            count.add(records)

        try:
            async with reader_at(start, settings, arn, keep) as reader:
                follows = longest is not None or start is End.NEWEST
                reading = reader.follow() if follows else reader.read_until_now()
                is_done = await until(stop, reading, longest=longest.total_seconds() if longest else None)
        except GcoStreamError:
            tell(f"{path} has {count.records} records, and is not complete")
            raise
    is_complete = is_done or (follows and not stop.is_set()) or start is End.NEWEST
    _print(path, count, reader, shape, is_complete=is_complete and not reader.gaps)
    return Exit.NO if reader.gaps else Exit.FINE


def _new(path: Path) -> "CaptureFile":
    from gco_stream.shell.recordings import CaptureFile

    try:
        return CaptureFile(path)
    except FileExistsError as error:
        raise wrong_usage(f"{path} exists already", hint="a capture goes into a new file") from error
    except OSError as error:
        raise wrong_usage(f"cannot write {path}: {error.strerror or error}") from error


def _print(path: Path, count: Count, reader: "HistoryReader", shape: Shape, *, is_complete: bool) -> None:
    times = (count.first, count.last)
    if shape.is_text:
        when = f" from {shown_time(times[0])} to {shown_time(times[1])}" if count.records else ""
        until_now = "" if is_complete else ", and not all that there was"
        print_line(f"{path}: {count.records} records of {reader.shards} shards{when}{until_now}", shape)
        return
    first, last = (None if at is None else at.isoformat() for at in times)
    facts = {"file": str(path), "stream": reader.arn, "records": count.records, "shards": reader.shards}
    print_document({**facts, "first": first, "last": last, "complete": is_complete}, shape)
