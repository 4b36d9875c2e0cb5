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
from gco_stream.cli.past import At, Count, End, no_file, read_start, reader_at, shown_time
from gco_stream.cli.printing import print_document, print_line
from gco_stream.cli.surroundings import desk_settings
from gco_stream.cli.telling import Unable, interrupted, tell, wrong_usage
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

    It ends when all that is there has been read, or after --for; from latest without --for with Ctrl-C. However it
    ends, the file has whole lines. docs/replay.md describes them. The values of containers' env are among them.

    Example: gco-stream capture monday.jsonl --from latest --for 15m
    """
    place = no_file(read_start(start), "--from")
    finish(_capture(file, place, None if longest is None else duration(longest), stream_arn, shape))


async def _capture(path: Path, start: End | At, longest: timedelta | None, arn: str | None, shape: Shape) -> Exit:
    settings, count = desk_settings(os.environ), Count()
    this = asyncio.current_task()
    if this is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    with _new(path) as file:

        def keep(records: Sequence[Recorded]) -> None:
            try:
                file.write(records)
            except OSError as error:
                raise Unable(f"cannot write {path}: {error.strerror or error}") from error
            count.add(records)

        is_complete, reader = False, None
        try:
            async with reader_at(start, settings, arn, keep) as reader:
                await _read(reader, longest, follows=longest is not None or start is End.NEWEST)
                is_complete = True
        except asyncio.CancelledError:
            # Where nothing else ends it, this is no interruption.
            is_complete = reader is not None and start is End.NEWEST and longest is None
        except GcoStreamError:
            tell(f"{path} has {count.records} records, and is not complete")
            raise
    if reader is not None:
        _print(path, count, reader, shape, is_complete=is_complete and not reader.gaps)
    if reader is None or not is_complete:
        raise interrupted(f"{path} has {count.records} records, and not all that was asked for")
    return Exit.NO if reader.gaps else Exit.FINE


async def _read(reader: "HistoryReader", longest: timedelta | None, *, follows: bool) -> None:
    limit = asyncio.timeout(None if longest is None else longest.total_seconds())
    try:
        async with limit:
            await (reader.follow() if follows else reader.read_until_now())
    except TimeoutError:
        if not limit.expired():
            raise


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
