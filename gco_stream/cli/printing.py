"""Results on stdout: tables and lines for people, JSON and YAML for programs."""

import base64
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import yaml
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from gco_stream.cli.columns import fitting
from gco_stream.cli.command import Shape

_COLORS = {
    **dict.fromkeys(("running", "ok"), "green"),
    **dict.fromkeys(("creating", "updating", "stopping", "deleting", "deploying"), "yellow"),
    **dict.fromkeys(("warning", "unknown"), "yellow"),
    **dict.fromkeys(("error", "failed"), "bold red"),
}
# Where nobody looks, nothing is wrapped, and nothing is cut: more than all that a record holds.
_WIDE = 1_000_000


def plain(value: Any) -> Any:
    """Turn what a table holds into what JSON can say."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(entry) for entry in value), key=str)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    return value


def print_document(value: Any, shape: Shape) -> None:
    """Print one JSON or YAML document."""
    text = to_yaml(value) if shape.output == "yaml" else json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n"
    sys.stdout.write(text)


def to_yaml(value: Any) -> str:
    """Write a value as YAML, its keys in their own order."""
    return yaml.safe_dump(plain(value), sort_keys=False, allow_unicode=True, default_flow_style=False, width=1000)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    shape: Shape,
    *,
    least: Sequence[str] = (),
    sentence: str = "",
) -> None:
    """Print a table without lines; words that are states have their color.

    Args:
        least: Columns that are left out where the terminal is too narrow for all, the first of them first.
        sentence: The column that is shortened when its turn comes, and left out when it comes again.
    """
    console = console_of(shape)
    console.print(table_of(columns, list(rows), least=least, width=console.width, sentence=sentence))


def table_of(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, least: Sequence[str], width: int, sentence: str = ""
) -> RenderableType:
    """Make such a table for a terminal of a width."""
    cells = [[_cell(value) for value in row] for row in rows]
    shown = fitting(columns, cells, least=least, width=width, sentence=sentence)
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for i, cells_wide in shown.items():
        # What is no sentence is a name or a number: if it is too long for a whole line, it goes on in the next.
        is_sentence = columns[i] == sentence
        table.add_column(
            columns[i],
            no_wrap=is_sentence,
            overflow="ellipsis" if is_sentence else "fold",
            width=min(cells_wide, width),
        )
    for row in cells:
        table.add_row(*(Text(row[i], style=_COLORS.get(row[i], "")) for i in shown))
    return table


def print_facts(facts: Iterable[tuple[str, Iterable[str]]], shape: Shape) -> None:
    """Print lines under what they speak of, in two columns, wrapped where the terminal ends."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for title, lines in facts:
        for place, line in enumerate(lines):
            grid.add_row(title if place == 0 else "", Text(" ".join(line.split())))
    console_of(shape).print(grid)


def print_diff(lines: Iterable[str], shape: Shape) -> None:
    """Print a unified diff."""
    console = console_of(shape)
    for line in lines:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        console.print(Text(line, style="bold" if line[:3] in ("+++", "---") else style), soft_wrap=True)


def print_verdicts(rows: Iterable[tuple[str, str, str]], shape: Shape) -> None:
    """Print a line for each verdict, on what, and its sentence, which a terminal may wrap."""
    console = console_of(shape)
    for verdict, subject, sentence in rows:
        line = Text.assemble((f"{verdict:8}", _COLORS.get(verdict, "")), f"{subject:19}", " ".join(sentence.split()))
        console.print(line, soft_wrap=True)


def print_line(text: str, shape: Shape) -> None:
    """Print one line."""
    console_of(shape).print(Text(text), soft_wrap=True)


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())


def console_of(shape: Shape) -> Console:
    """Return what is printed to: as wide as the terminal, or without an end where there is none."""
    console = Console(no_color=True if not shape.color else None, highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console
