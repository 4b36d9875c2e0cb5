"""Captures as files, made of what people wrote."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from gco_stream.core.models import Item
from gco_stream.core.recording import Recorded, to_line
from gco_stream.shell.aws import to_attributes
from tests.builders import NOW


def recorded(number: int, before: Item | None, after: Item | None, *, shard: str = "shardId-1") -> Recorded:
    """A change as the stream tells it, ``number`` seconds after NOW."""
    item: Mapping[str, Any] = after or before or {}
    return Recorded(
        shard=shard,
        sequence=f"{number:021}",
        at=NOW + timedelta(seconds=number),
        event="INSERT" if before is None else "REMOVE" if after is None else "MODIFY",
        keys=to_attributes({"endpoint_name": item["endpoint_name"]}),
        before=None if before is None else to_attributes(before),
        after=None if after is None else to_attributes(after),
    )


def a_capture(folder: Path, *lines: Recorded | str) -> str:
    """Write a capture; a string is a line as it is."""
    path = folder / "capture.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else to_line(line)}\n" for line in lines))
    return str(path)
