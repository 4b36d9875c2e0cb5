"""Writes ``docs/commands.md`` from the commands' own help: ``python -m tests.cli.commands_page``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from typer.testing import CliRunner

from gco_stream.cli.main import app

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
_HEAD = """# Commands

What `--help` says; a test keeps this page true, and `python -m tests.cli.commands_page` writes it.

**Exit codes.** 0: fine. 1: the command's answer is no (differences found, no such endpoint, changed by somebody else
meanwhile, not in time). 2: wrong usage, settings, file or record; every problem is listed, and nothing was touched.
3: it could not be found out (unreachable, denied, timed out). 130: interrupted by Ctrl-C.

**Output.** Results go to stdout, everything else to stderr, each line with `gco-stream:` in front. `-o json` and
`-o yaml` print one complete document. `-o`, `--no-color` and `-v` may stand before the command, too.
"""


def commands() -> Iterator[tuple[str, ...]]:
    """Every command with its group, as it is typed."""
    yield from _below(typer.main.get_command(app), ())


def _below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield path
        return
    for name in below:
        yield from _below(below[name], (*path, name))


def help_of(path: tuple[str, ...]) -> str:
    """What a command says of itself, as wide as a usual terminal."""
    width = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    return CliRunner().invoke(app, [*path, "--help"], prog_name="gco-stream", env=width).stdout


def page() -> str:
    parts = [f"## `gco-stream {' '.join(path)}`\n\n```text\n{_trimmed(help_of(path))}\n```\n" for path in commands()]
    return "\n".join([_HEAD, *parts])


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(page())
