"""Results as a table for people."""

import statistics
from collections.abc import Sequence

from benchmarks.figures import Result

HEAD = ("", "median", "spread", "goal", "beside", "ratio", "")


def shown(results: Sequence[Result]) -> str:
    """Write one line for each result, in columns."""
    rows: list[tuple[str, ...]] = []
    for number, result in enumerate(results):
        if number == 0 or result.part != results[number - 1].part:
            rows.append((f"[{result.part}]", *HEAD[1:]))
        rows.append(row_of(result))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def row_of(result: Result) -> tuple[str, ...]:
    """Write one result: what, median, spread, goal, what is beside it, the ratio, and whether the goal is reached."""
    median = statistics.median(result.values)
    spread = f"{number(min(result.values))} to {number(max(result.values))}" if len(result.values) > 1 else ""
    beside = f"{number(statistics.median(result.besides))} {result.beside_is}" if result.besides else result.beside_is
    ratio = number(statistics.median(result.ratios)) if result.ratios else ""
    verdict = {None: "", True: "held", False: "MISSED"}[result.is_held]
    return (result.what, f"{number(median)} {result.unit}", spread, result.goal, beside, ratio, verdict)


def number(value: float) -> str:
    """Write a number with as many digits as mean something: three."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.1g}"
