"""What is told of: writes to the table, changes by hand, the controller's decisions, and what the cluster shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gco_stream.core.models import Item
from gco_stream.core.writing import Change

_NOT_ASKED_FOR = frozenset({"endpoint_name", "created_at", "updated_at", "region_status"})
_PATHS = (
    "metadata.annotations.alb.ingress.kubernetes.io/actions.",
    "metadata.annotations.",
    "spec.rules[0].http.paths[0].",
    "spec.template.spec.containers[inference].",
)
_ABSENT = object()


class Source(StrEnum):
    """Who speaks."""

    TABLE = "table"
    BY_HAND = "by hand"
    CONTROLLER = "controller"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the story.

    Attributes:
        endpoint: Whom it is about; empty where it is about none.
        is_trouble: Whether it is something that somebody should look at.
        may_be_cut: Whether its end may be left out where it does not fit on a line.
    """

    at: datetime
    source: Source
    endpoint: str = ""
    text: str
    is_trouble: bool = False
    may_be_cut: bool = False


def of_new_record(item: Item) -> str:
    """Say what a new record asks for."""
    asked = {".".join(path): value for path, value in _leaves(item.get("spec", {}))}
    return "new record: " + ", ".join(f"{field} {value}" for field, value in asked.items())


def of_change(change: Change) -> str:
    """Say what a change of a record changes, field by field."""
    before, after = (dict(_leaves(item)) for item in (_asked(change.before), _asked(change.after)))
    paths = [*before, *(path for path in after if path not in before)]
    changed = [path for path in paths if before.get(path, _ABSENT) != after.get(path, _ABSENT)]
    return ", ".join(_of_field(path, before, after) for path in changed)


def of_log(line: Mapping[str, Any]) -> Iterator[Told]:
    """Tell a line of the controller's log, a plan action by action; nothing if it has no time."""
    try:
        at = datetime.fromisoformat(str(line.get("timestamp")))
    except ValueError:
        return
    is_plan = line.get("message") == "plan carried out"
    for text in _steps(line) if is_plan else (_said(line),):
        yield Told(
            at=at,
            source=Source.CONTROLLER,
            endpoint=str(line.get("endpoint", "")),
            text=text,
            is_trouble=line.get("level") in ("WARNING", "ERROR"),
            may_be_cut=is_plan,
        )


def _steps(line: Mapping[str, Any]) -> Iterator[str]:
    """Split the reason of a plan, ``action: why; action: why``, where the next action begins."""
    reason = str(line.get("reason", ""))
    starts = [reason.find(f"{action}: ") for action in line.get("actions") or ()]
    starts = [start for start in starts if start > 0]
    for start, end in zip((0, *starts), (*starts, None), strict=True):
        yield _without_paths(reason[start:end].removesuffix("; "))


def _without_paths(text: str) -> str:
    """Leave out what only leads to a field, so that more of what it says fits on a line."""
    for path in _PATHS:
        text = text.replace(path, "")
    return text


def _said(line: Mapping[str, Any]) -> str:
    message, reason = str(line.get("message", "")), line.get("reason")
    match message:
        case "status written":
            return f"status: {line.get('state')}" + (f" ({reason})" if reason else "")
        case "drift corrected":
            return str(reason)
        case "table scanned":
            return f"table scanned: {line.get('records', 0)} records"
        case _:
            return f"{message}: {reason}" if reason else message


def _asked(item: Item) -> Item:
    return {key: value for key, value in item.items() if key not in _NOT_ASKED_FOR}


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _leaves(entry, (*path, str(key)))
    else:
        yield path, value


def _of_field(path: tuple[str, ...], before: Mapping[Any, Any], after: Mapping[Any, Any]) -> str:
    field = ".".join(path)
    if path not in after:
        return f"{field} removed"
    if path not in before:
        return f"{field} {after[path]}"
    return f"{field}: {before[path]} → {after[path]}"
