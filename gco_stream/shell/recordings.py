"""Captures in files, and what their records say."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from gco_stream.core.changes import StreamRecord
from gco_stream.core.history import Told
from gco_stream.core.models import EndpointName, Item
from gco_stream.core.recording import Attributes, Recorded, from_line, to_line
from gco_stream.core.table_shape import KEY
from gco_stream.errors import InvalidRecord, Problem
from gco_stream.shell.aws import from_attributes


class CaptureFile:
    """A new file; whatever ends the program between two writes leaves whole lines in it.

    Raises:
        OSError: It exists already, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, records: Iterable[Recorded]) -> None:
        """Write records, a line each.

        Raises:
            OSError: Not all could be written; what of them could is cut off again, so that no line is half.
        """
        begin, rest = self._file.tell(), memoryview("".join(f"{to_line(record)}\n" for record in records).encode())
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(begin)
            raise


def read_capture(path: Path) -> Iterator[tuple[int, Recorded | InvalidRecord]]:
    """Read a file line by line, each with its number, or with why it cannot be read; empty lines are none.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield number, from_line(line)
            except InvalidRecord as error:
                yield number, error


def told_by(recorded: Recorded) -> Told:
    """Read what a record says; images that cannot be read count as none, as the controller takes them.

    Raises:
        InvalidRecord: It does not say which endpoint it is about, or its images are of another.
    """
    name = recorded.keys.get(KEY, {}).get("S")
    if not isinstance(name, str) or not name:
        raise InvalidRecord([Problem("keys", recorded.keys, f"must have {KEY}: the stream is of another table")])
    before, after = (_image(attributes) for attributes in (recorded.before, recorded.after))
    for field, image in (("before", before), ("after", after)):
        if image is not None and image.get(KEY) != name:
            raise InvalidRecord([Problem(f"{field}.{KEY}", image.get(KEY), f"must be {name!r} as in keys")])
    lost = (before is None, after is None) != (recorded.before is None, recorded.after is None)
    record = StreamRecord(
        name=EndpointName(name), before=before, after=after, sequence=recorded.sequence, is_readable=not lost
    )
    return Told(record=record, event=recorded.event, at=recorded.at, shard=recorded.shard)


def _image(attributes: Attributes | None) -> Item | None:
    if attributes is None:
        return None
    try:
        return from_attributes(attributes)
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return None
