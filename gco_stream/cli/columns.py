"""Which columns of a table fit side by side: rather fewer of them than all of them cut."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len

_GAP = 2
# Of a sentence: what other columns make room for, and what still says something.
_LONG, _SHORT = 60, 16


def fitting(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, least: Sequence[str], width: int, sentence: str = ""
) -> dict[int, int]:
    """Return the places of the columns that are shown, all or without those that matter least, and how wide each is.

    Args:
        least: The columns that may be left out, the first of them first.
        width: Cells that a line of the terminal has.
        sentence: The column that gets what is left over; it is shortened when its turn comes in ``least``, and left out
            when it comes again.
    """
    full = [max(map(cell_len, [column, *(row[i] for row in rows)])) for i, column in enumerate(columns)]
    shown = {i: min(wide, _LONG) if columns[i] == sentence else wide for i, wide in enumerate(full)}
    is_short = False
    for column in least:
        if _sum(shown) <= width:
            break
        place = columns.index(column)
        if column == sentence and not is_short:
            is_short, shown[place] = True, min(full[place], _SHORT)
        else:
            del shown[place]
    room = max(0, width - _sum(shown))
    return {place: min(full[place], wide + room) for place, wide in shown.items()}


def _sum(shown: Mapping[int, int]) -> int:
    return sum(shown.values()) + _GAP * (len(shown) - 1)
