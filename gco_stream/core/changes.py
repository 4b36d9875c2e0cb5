"""Which records of the stream are worth a look at their endpoint.

A record says *look*, never *what*: the endpoint is read again anyway, so a record that cannot be understood, or
comes twice or late, costs a look and nothing else. What is dropped here is only what certainly changes nothing: the
echo of our own status, and other regions' statuses while nothing waits for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gco_stream.core.models import EndpointName, Item
from gco_stream.core.record import statuses_in

_NOT_DESIRED = ("desired_state", "region_status", "updated_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRecord:
    """One change of one item.

    Attributes:
        before: The item before, or None where it was created, or the stream does not carry old images.
        after: The item after, or None where it was removed, or the stream does not carry new images.
        sequence: Its place in its shard.
        is_readable: Whether every image that the stream carries could be read; one that could not counts as none.
    """

    name: EndpointName
    before: Item | None
    after: Item | None
    sequence: str
    is_readable: bool = True


def deserves_a_look(record: StreamRecord, *, region: str) -> bool:
    """Whether a change may concern the endpoint in this region."""
    if record.before is None or record.after is None:
        return True
    if _desired(record.before) != _desired(record.after) or _is_restated(record.before, record.after):
        return True
    others_changed = _others(record.before, region) != _others(record.after, region)
    return others_changed and _state(record.after) in ("deploying", "deleted")


def wished_at(record: StreamRecord) -> datetime | None:
    """Return when the wish was written that a record tells of; None where it tells of none, or does not say when."""
    told = (record.after or {}).get("updated_at")
    if not isinstance(told, str) or told == (record.before or {}).get("updated_at"):
        return None
    try:
        time = datetime.fromisoformat(told)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


def _is_restated(before: Item, after: Item) -> bool:
    """Whether another state is asked for; from ``deploying`` to ``running`` is only our own promotion."""
    states = (_state(before), _state(after))
    return states[0] != states[1] and states != ("deploying", "running")


def _state(item: Item) -> object:
    state = item.get("desired_state")
    return "deploying" if state is None else state


def _desired(item: Item) -> Mapping[str, Any]:
    return {key: value for key, value in item.items() if key not in _NOT_DESIRED}


def _others(item: Item, region: str) -> Mapping[str, Any]:
    return {other: _without_time(status) for other, status in statuses_in(item).items() if other != region}


def _without_time(status: Any) -> Any:
    if not isinstance(status, Mapping):
        return status
    return {key: value for key, value in status.items() if key != "last_sync"}
