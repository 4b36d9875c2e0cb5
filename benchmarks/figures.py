"""How figures are summed up and shown, the same in every benchmark."""

import statistics
from collections.abc import Sequence

HEAD = "       p50      p99      max     mean"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def row(what: str, values: Sequence[float]) -> str:
    """Format one line of a result, from seconds to milliseconds."""
    figures = (percentile(values, 0.5), percentile(values, 0.99), max(values), statistics.mean(values))
    return f"{what:<20}" + "".join(f"{figure * 1000:>9.0f}" for figure in figures)
