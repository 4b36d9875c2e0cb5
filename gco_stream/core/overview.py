"""All endpoints at a glance, from the table alone: what is in trouble first, the newest before the older."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from gco_stream.core.models import Item
from gco_stream.core.record import DesiredState, regions_of, spec_hash, status_in, statuses_in
from gco_stream.core.status import State
from gco_stream.core.times import time_of

NOT_SEEN = "NotSeenYet"
"""The region's controller has not said anything of the record as it is now."""
# A controller answers within a second; a restart of all of them takes twenty.
_ANSWERED_WITHIN = timedelta(seconds=60)
_HARMLESS = (None, "RolloutInProgress", "AdoptedAsFound", "Held", "PodInitializing", "ContainerCreating")
_UNDER_WAY = (State.CREATING, State.UPDATING, State.STOPPING, State.DELETING)
_RUNS = (DesiredState.DEPLOYING, DesiredState.RUNNING)


class Concern(IntEnum):
    """What a person looks at first."""

    TROUBLE = 0
    UNDER_WAY = 1
    FINE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One endpoint in one region.

    Attributes:
        desired: What the record wants, whatever stands there.
        region: Empty where the record names none.
        state: What the region's controller said last; None: nothing.
        changed: When it did, or when the record was written if that was later.
        canary: ``replicas_ready``, ``replicas_desired`` and ``weight``, or None.
    """

    endpoint: str
    desired: str
    region: str
    state: str | None
    ready: int
    wanted: int
    published: bool | None
    canary: Mapping[str, Any] | None
    changed: datetime | None
    reason: str | None
    error: str | None
    concern: Concern

    def as_map(self) -> dict[str, Any]:
        """Return it for programs."""
        facts = {
            "endpoint": self.endpoint,
            "desired": self.desired,
            "region": self.region,
            "state": self.state,
            "replicas_ready": self.ready,
            "replicas_desired": self.wanted,
        }
        changed = None if self.changed is None else self.changed.isoformat()
        told = {"published": self.published, "canary": self.canary, "changed": changed, "reason": self.reason}
        return {**facts, **told, "error": self.error, "concern": self.concern.name.lower()}


def overview(items: Iterable[Item], *, now: datetime) -> tuple[Row, ...]:
    """Make a row for each endpoint and region, in the order in which a person wants to see them."""
    return tuple(sorted((row for item in items for row in _rows(item, now)), key=_place))


def summary(rows: Sequence[Row]) -> str:
    """Count them for people."""
    counts = {concern: sum(row.concern is concern for row in rows) for concern in Concern}
    endpoints = len({row.endpoint for row in rows})
    said = (
        f"{endpoints} endpoint{'' if endpoints == 1 else 's'}, {len(rows)} in all regions" if rows else "no endpoints"
    )
    words = ((Concern.TROUBLE, "in trouble"), (Concern.UNDER_WAY, "under way"))
    more = [f"{counts[concern]} {word}" for concern, word in words if counts[concern]]
    return ", ".join([said, *more])


def _place(row: Row) -> tuple[int, float, str, str]:
    """What is fine has its place by name, so that it does not jump about; all else by its last change."""
    at = 0.0 if row.concern is Concern.FINE or row.changed is None else -row.changed.timestamp()
    return (row.concern, at, row.endpoint, row.region)


def _rows(item: Item, now: datetime) -> Iterator[Row]:
    targets = regions_of(item) or frozenset()
    for region in sorted(targets | statuses_in(item).keys()) or [""]:
        yield _row(item, region, now, is_target=region in targets)


def _row(item: Item, region: str, now: datetime, *, is_target: bool) -> Row:
    status, written = status_in(item, region), time_of(item.get("updated_at"))
    desired = str(item.get("desired_state") or DesiredState.DEPLOYING)
    is_answered = _is_answered(item, status, desired if is_target else DesiredState.DELETED)
    times = [time_of(status.get("last_sync")), None if is_answered else written]
    state, reason = _word(status.get("state")), _word(status.get("reason"))
    canary = status.get("canary")
    return Row(
        endpoint=str(item["endpoint_name"]),
        desired=desired if is_target or not region else f"{desired} elsewhere",
        region=region,
        state=state,
        ready=_count(status.get("replicas_ready")),
        wanted=_count(status.get("replicas_desired")),
        published=status.get("published") if isinstance(status.get("published"), bool) else None,
        canary=canary if isinstance(canary, Mapping) else None,
        changed=max((at for at in times if at is not None), default=None),
        reason=reason if is_answered else NOT_SEEN,
        error=_word(status.get("error")),
        concern=_concern(state, reason, is_late=not is_answered and _is_late(written, now), is_answered=is_answered),
    )


def _concern(state: str | None, reason: str | None, *, is_late: bool, is_answered: bool) -> Concern:
    if state == State.ERROR or is_late or (state in (*_RUNNING, None) and reason not in _HARMLESS):
        return Concern.TROUBLE
    if not is_answered or state in _UNDER_WAY:
        return Concern.UNDER_WAY
    return Concern.FINE


_RUNNING = (State.CREATING, State.UPDATING, State.RUNNING)


def _is_late(written: datetime | None, now: datetime) -> bool:
    return written is None or now - written > _ANSWERED_WITHIN


def _is_answered(item: Item, status: Mapping[str, Any], desired: str) -> bool:
    """Whether a status speaks of the record as it is now; the poller's do not say, so theirs count."""
    state = status.get("state")
    if desired == DesiredState.STOPPED:
        return state in (State.STOPPING, State.STOPPED, State.ERROR)
    if desired == DesiredState.DELETED:
        return state in (State.DELETING, State.DELETED, State.ERROR) or not status
    if desired not in _RUNS:
        return state == State.ERROR
    is_of_this = "observed_spec" not in status or status["observed_spec"] == spec_hash(item)
    return is_of_this and state in (*_RUNNING, State.ERROR)


def _word(value: object) -> str | None:
    return " ".join(str(value).split()) if value not in (None, "") else None


def _count(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0
