"""Whether changes are heard of: a source of events may fall silent while every task of it runs."""

from dataclasses import dataclass
from enum import Enum

from gco_stream.core.shards import Lineage

SILENT_SECONDS = 30.0


class Phase(Enum):
    """What a source of events is about; the value is how it is said."""

    TAKING_PLACE = "taking a place in the stream"
    FOLLOWING = "following the stream"
    NO_STREAM = "the table has no stream: changes are found by resyncs alone"
    NOT_WANTED = "no source of events is set: changes are found by resyncs alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """What can be said of a source of events.

    Attributes:
        is_ready: False when changes may go unheard that should be heard.
        detail: One line that says why, or what is well.
        lineages: Every line of shards that is followed, the longest unseen first.
    """

    is_ready: bool
    detail: str
    lineages: tuple[Lineage, ...] = ()


def health_of(
    phase: Phase, lineages: tuple[Lineage, ...], *, now: float, silent_after: float = SILENT_SECONDS
) -> SourceHealth:
    """Judge a source by when each of its lines was last seen, on the clock that ``now`` is of.

    Running tasks prove nothing: a reader that waits for an answer, or for children that never come, runs, too.

    Args:
        silent_after: Seconds after which a line that was not seen is silent.
    """
    if phase is not Phase.FOLLOWING:
        return SourceHealth(is_ready=phase is not Phase.TAKING_PLACE, detail=phase.value)
    ordered = tuple(sorted(lineages, key=lambda lineage: lineage.seen))
    if not ordered:
        return SourceHealth(is_ready=False, detail="the stream lists no shards")
    silent = [lineage for lineage in ordered if now - lineage.seen > silent_after]
    detail = _silence(silent, now) if silent else f"{phase.value}: {len(ordered)} lineages"
    return SourceHealth(is_ready=not silent, detail=detail, lineages=ordered)


def blind_since(lineages: tuple[Lineage, ...]) -> float | None:
    """Return since when records may have passed unseen, None if nothing was followed."""
    return min((lineage.seen for lineage in lineages), default=None)


def _silence(silent: list[Lineage], now: float) -> str:
    worst = silent[0]
    waits = "has ended and nothing continues it" if worst.awaits_children else "was not read"
    others = f", and {len(silent) - 1} more" if len(silent) > 1 else ""
    return f"{worst.shard} {waits} for {now - worst.seen:.0f} s{others}"
