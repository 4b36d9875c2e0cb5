"""What a stream or a capture tells of each endpoint, and what of it cannot be understood."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gco_stream.cli.past import Count, Start, reader_at
from gco_stream.cli.telling import tell, wrong_usage
from gco_stream.core.history import Histories, History
from gco_stream.core.recording import Recorded
from gco_stream.errors import InvalidRecord
from gco_stream.settings import Settings
from gco_stream.shell.clock import SystemClock

_MOST_PROBLEMS = 100
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """Everything that was read.

    Attributes:
        is_whole: False if something could not be understood, or is lost; it has been told.
    """

    histories: tuple[History, ...]
    is_whole: bool


class _Listener:
    """Takes records in, and tells what it cannot understand, up to a number that people can read."""

    def __init__(self, region: str) -> None:
        self._histories = Histories(region)
        self._count = Count()
        self.broken = 0

    def hear(self, record: Recorded, where: str) -> None:
        """Take a record in."""
        from gco_stream.shell.recordings import told_by

        try:
            self._histories.add(told_by(record))
        except InvalidRecord as error:
            self.complain(where, error)
        self._count.add([record])

    def complain(self, where: str, error: InvalidRecord) -> None:
        """Tell why something could not be understood."""
        self.broken += 1
        if self.broken <= _MOST_PROBLEMS:
            tell(f"{where}: {error}")
        elif self.broken == _MOST_PROBLEMS + 1:
            tell("and so on: is it a capture, of the right table?")

    def retell(self) -> Retold:
        """Return what was heard."""
        tell(f"{self._count.records} records read")
        return Retold(histories=self._histories.all(), is_whole=not self.broken)


async def retell(start: Start, settings: Settings, *, arn: str | None) -> Retold:
    """Read a capture, or a stream up to now.

    Raises:
        Unable: There is no such file, stream or record.
    """
    listener = _Listener(settings.region)
    if isinstance(start, Path):
        await _read_file(start, listener)
        return listener.retell()

    def keep(records: Sequence[Recorded]) -> None:
        for record in records:
            listener.hear(record, f"record {record.sequence} of {record.shard}")

    async with reader_at(start, settings, arn, keep) as reader:
        await reader.read_until_now()
    listener.broken += reader.gaps
    return listener.retell()


async def _read_file(path: Path, listener: _Listener) -> None:
    from gco_stream.shell.recordings import read_capture

    try:
        for number, read in read_capture(path):
            if number % _AT_ONCE == 0:
                await SystemClock().sleep(0)  # Ctrl-C ends it here.
            if isinstance(read, InvalidRecord):
                listener.complain(f"{path}:{number}", read)
            else:
                listener.hear(read, f"{path}:{number}")
    except OSError as error:
        hint = "--from takes trim-horizon, a sequence number of 21 to 40 digits, or a capture"
        raise wrong_usage(f"cannot read {path}: {error.strerror or error}", hint=hint) from error
