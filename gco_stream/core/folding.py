"""Takes back the entries of keyed lists that somebody renamed.

Who changes the *key* of an entry (a Service's port number, a container's name) makes it theirs: our next apply adds
ours beside it, and the API server refuses two ports without a name, or starts two containers. What they own of such a
list is written over to us first; what we own and do not send is then removed by the apply itself.

Only lists that are never empty in our intents are looked at. In others a missing entry of ours may be a new wish, and
a strange one an addition that is to stay.
"""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.merging import ListKey, entry_key, list_key
from gco_stream.core.models import Fold, Manifest

_POD = ("spec", "template", "spec")
_CONTAINER = {"name": "inference"}
_Path = tuple[str | Mapping[str, str], ...]
# Lists, and the field by which an entry that was renamed is known again; None where the key is all that there is.
_LISTS: Mapping[str, tuple[tuple[_Path, str | None], ...]] = {
    "Service": ((("spec", "ports"), "targetPort"),),
    "Deployment": (((*_POD, "containers"), "image"), ((*_POD, "containers", _CONTAINER, "ports"), None)),
}


def fold(intent: Manifest, live: Manifest) -> Fold | None:
    """Return what to write over to us before the intent is applied; None if nothing was renamed.

    Args:
        live: The whole object.
    """
    entries: list[dict[str, Any]] = copy.deepcopy(list(live["metadata"].get("managedFields") or ()))
    ours = next((entry for entry in entries if _is_ours(entry)), None)
    if ours is None:
        return None
    strange = [
        (path, step)
        for path, mark in _LISTS.get(intent["kind"], ())
        if not _owns_an_entry(ours["fieldsV1"], path)
        for step in _renamed(path, mark, intent, live)
    ]
    theirs = [entry for entry in entries if entry is not ours and not entry.get("subresource")]
    moved = [_move(path, step, theirs, ours) for path, step in strange]
    if not any(moved):
        return None
    kept = tuple(entry for entry in entries if entry.get("fieldsV1"))
    return Fold(managed_fields=kept, resource_version=live["metadata"]["resourceVersion"])


def _is_ours(entry: Mapping[str, Any]) -> bool:
    is_apply = entry.get("operation") == "Apply" and not entry.get("subresource")
    return entry.get("manager") == FIELD_MANAGER and is_apply


def _owns_an_entry(fields: dict[str, Any], path: _Path) -> bool:
    """Whether an entry of a list is still ours: then a missing one is a new wish, and what is strange was added."""
    return any(step.startswith("k:") for step in _below(fields, path) or ())


def _renamed(path: _Path, mark: str | None, intent: Manifest, live: Manifest) -> Iterator[str]:
    """Yield the steps of the entries that were ours: known by their mark, where no entry has the key of one of ours."""
    key = list_key(intent["kind"], str(path[-1]))
    wanted, there = _at(path, intent), _at(path, live)
    if key is None or not wanted:
        return
    keys = {entry_key(entry, key) for entry in wanted}
    if any(entry_key(entry, key) in keys for entry in there):
        return
    marks = [entry.get(mark) for entry in wanted] if mark is not None else []
    for entry in there:
        if mark is None or entry.get(mark) in marks:
            yield _step(entry, key)


def _at(path: _Path, value: Any) -> Sequence[Mapping[str, Any]]:
    for place in path:
        if isinstance(place, str):
            value = value.get(place) if isinstance(value, Mapping) else None
        else:
            value = next((entry for entry in value or () if place.items() <= entry.items()), None)
    return value if isinstance(value, list) else ()


def _step(entry: Mapping[str, Any], key: ListKey) -> str:
    named = zip(key, entry_key(entry, key), strict=True)
    return _step_of(dict(named))


def _step_of(key: Mapping[str, Any]) -> str:
    return "k:" + json.dumps(dict(sorted(key.items())), separators=(",", ":"))


def _steps(path: _Path) -> Iterator[str]:
    return (f"f:{place}" if isinstance(place, str) else _step_of(place) for place in path)


def _move(path: _Path, step: str, theirs: Sequence[dict[str, Any]], ours: dict[str, Any]) -> bool:
    """Move the ownership of one entry from everybody else to us; say whether anybody had it."""
    taken = [found.pop(step) for entry in theirs if (found := _below(entry["fieldsV1"], path)) and step in found]
    if not taken:
        return False
    place = ours["fieldsV1"]
    for part in _steps(path):
        place = place.setdefault(part, {})
    place[step] = {}
    for fields in taken:
        _merge(place[step], fields)
    return True


def _below(fields: dict[str, Any], path: _Path) -> dict[str, Any] | None:
    place: dict[str, Any] | None = fields
    for part in _steps(path):
        place = place.get(part) if place is not None else None
    return place


def _merge(into: dict[str, Any], fields: Mapping[str, Any]) -> None:
    for step, below in fields.items():
        _merge(into.setdefault(step, {}), below)
