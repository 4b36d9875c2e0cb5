"""What a benchmark finds, and how it is summed up and shown, the same in every part."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

HEAD = "       p50      p99      max     mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that one round of a part has measured.

    Attributes:
        what: The same words in every round.
        unit: ``ms``, ``s``, ``1/s``, ``MiB``, ``%`` or what is counted.
        beside: The same, measured in the same round, of that which it is compared with; None: it is compared with none.
        beside_is: What that is: a *floor* that nothing can go below, or *polling*.
        at_most: The goal for the value.
        least: The goal for a value that should be high.
        ratio_at_most: The goal for the value divided by what is beside it.
        ratio_least: The goal for a ratio that should be high.
        series: The curve that it is a point of, and where: ``("WORKERS", 16)``.
    """

    what: str
    value: float
    unit: str
    beside: float | None = None
    beside_is: str = ""
    at_most: float | None = None
    least: float | None = None
    ratio_at_most: float | None = None
    ratio_least: float | None = None
    series: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One thing over all rounds.

    Attributes:
        values: Of each round; what is beside it and the ratio likewise.
    """

    part: str
    what: str
    unit: str
    values: Sequence[float]
    besides: Sequence[float]
    beside_is: str
    goal: str
    is_held: bool | None
    series: tuple[str, float] | None = None

    @property
    def ratios(self) -> Sequence[float]:
        """The value divided by what is beside it, of each round."""
        return [value / beside for value, beside in zip(self.values, self.besides, strict=False) if beside]


def summed_up(part: str, rounds: Sequence[Sequence[Figure]]) -> list[Result]:
    """Put the rounds of a part together; a figure that only some rounds have is summed up over these."""
    found: dict[str, list[Figure]] = {}
    for figures in rounds:
        for figure in figures:
            found.setdefault(figure.what, []).append(figure)
    return [_result(part, figures) for figures in found.values()]


def _result(part: str, figures: Sequence[Figure]) -> Result:
    first = figures[0]
    besides = [figure.beside for figure in figures if figure.beside is not None]
    judged = [is_held for is_held in map(_is_held, _medians(figures)) if is_held is not None]
    return Result(
        part=part,
        what=first.what,
        unit=first.unit,
        values=[figure.value for figure in figures],
        besides=besides,
        beside_is=first.beside_is,
        goal=_goal(first),
        is_held=all(judged) if judged else None,
        series=first.series,
    )


def _medians(figures: Sequence[Figure]) -> list[tuple[float, float | None, float | None]]:
    """Pair the medians of value and ratio with their goals, as ``(median, at most, at least)``."""
    first = figures[0]
    ratios = [figure.value / figure.beside for figure in figures if figure.beside]
    judged = [(statistics.median(figure.value for figure in figures), first.at_most, first.least)]
    if ratios:
        judged.append((statistics.median(ratios), first.ratio_at_most, first.ratio_least))
    return judged


def _is_held(judged: tuple[float, float | None, float | None]) -> bool | None:
    median, at_most, least = judged
    if at_most is None and least is None:
        return None
    return (at_most is None or median <= at_most) and (least is None or median >= least)


def _goal(figure: Figure) -> str:
    goals = [
        f"≤ {figure.at_most:g} {figure.unit}" if figure.at_most is not None else "",
        f"≥ {figure.least:g} {figure.unit}" if figure.least is not None else "",
        f"≤ {figure.ratio_at_most:g} times" if figure.ratio_at_most is not None else "",
        f"≥ {figure.ratio_least:g} times" if figure.ratio_least is not None else "",
    ]
    return ", ".join(goal for goal in goals if goal)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def row(what: str, values: Sequence[float]) -> str:
    """Format one line of a result, from seconds to milliseconds."""
    figures = (percentile(values, 0.5), percentile(values, 0.99), max(values), statistics.mean(values))
    return f"{what:<20}" + "".join(f"{figure * 1000:>9.0f}" for figure in figures)


def milliseconds(what: str, seconds: Sequence[float], share: float, **more: Any) -> Figure:
    """Make the figure of a percentile, with its goals and what is beside it (in milliseconds)."""
    value = percentile(seconds, share) * 1000
    return Figure(what=f"{what}, p{share * 100:.0f}", value=value, unit="ms", **more)
