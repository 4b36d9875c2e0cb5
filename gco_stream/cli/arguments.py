"""Arguments and options that several commands have."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from gco_stream.cli.completing import endpoint_names
from gco_stream.errors import InvalidRecord, Problem

Name = Annotated[str, typer.Argument(metavar="NAME", help="The endpoint.", autocompletion=endpoint_names)]
_FILE_HELP = "Records as JSON or YAML, one or several; '-' is stdin; may be repeated."
Records = Annotated[list[Path] | None, typer.Option("-f", "--file", metavar="FILE", help=_FILE_HELP)]
NeededRecords = Annotated[list[Path], typer.Option("-f", "--file", metavar="FILE", help=_FILE_HELP)]
Wait = Annotated[bool, typer.Option("--wait", help="Follow until every target region has come to it.")]
Timeout = Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="How long to wait.")]
LONGEST_WAIT = 1800.0
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smh]?)", re.ASCII)
_SECONDS_OF = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(number: float) -> timedelta:
    """Read an option's seconds."""
    return timedelta(seconds=number)


def variables(given: Sequence[str]) -> dict[str, str] | None:
    """Read ``NAME=VALUE`` options; None if there are none.

    Raises:
        InvalidRecord: One is something else.
    """
    wrong = [text for text in given if "=" not in text]
    if wrong:
        raise InvalidRecord([Problem("--env", text, "must be NAME=VALUE") for text in wrong])
    return dict(text.split("=", 1) for text in given) or None


def duration(text: str) -> timedelta:
    """Read a time such as ``90``, ``90s``, ``15m`` or ``6h``.

    Raises:
        InvalidRecord: It is something else.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InvalidRecord([Problem("--for", text, "must be a time such as 90s, 15m or 6h")])
    return timedelta(seconds=float(found[1]) * _SECONDS_OF[found[2]])
