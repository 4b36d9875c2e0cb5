"""Which columns of a table fit side by side: rather fewer of them than all of them cut."""

from collections.abc import Sequence

from rich.cells import cell_len

_GAP = 2


def fitting(columns: Sequence[str], rows: Sequence[Sequence[str]], *, least: Sequence[str], width: int) -> list[int]:
    """Return the places of the columns that are shown: all, or without those that matter least.

    Args:
        least: The columns that may be left out, the first of them first.
        width: Cells that a line of the terminal has.
    """
    shown = list(range(len(columns)))
    widths = [max(map(cell_len, [column, *(row[i] for row in rows)])) for i, column in enumerate(columns)]
    for column in least:
        if sum(widths[i] for i in shown) + _GAP * (len(shown) - 1) <= width:
            break
        shown.remove(columns.index(column))
    return shown
