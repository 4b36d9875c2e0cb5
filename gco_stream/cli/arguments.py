"""Arguments and options that several commands have."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(metavar="NAME", help="The endpoint.")]
Records = Annotated[
    Path | None,
    typer.Option("-f", "--file", metavar="FILE", help="Records as JSON or YAML, one or several; '-' is stdin."),
]
Wait = Annotated[bool, typer.Option("--wait", help="Follow until every target region has come to it.")]
Timeout = Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="How long to wait.")]
LONGEST_WAIT = 1800.0


def seconds(number: float) -> timedelta:
    """Read an option's seconds."""
    return timedelta(seconds=number)
