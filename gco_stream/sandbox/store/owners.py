"""Who owns which fields: the entries of ``metadata.managedFields``, and what each kind of write makes of them.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gco_stream.sandbox.store.paths import Path, Paths, all_in, at, is_granular, paths_of, tree_of
from gco_stream.sandbox.store.schema import Struct
from gco_stream.sandbox.store.values import copied

_OF_THE_SERVER = frozenset(
    ("f:metadata", f"f:{field}")
    for field in (
        *("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"),
        *("managedFields", "deletionTimestamp", "deletionGracePeriodSeconds"),
    )
) | {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
# They are there in every object of their kind, so that nobody has put them there.
_ALWAYS_THERE = frozenset(
    {
        ("f:spec",),
        ("f:status",),
        ("f:spec", "f:scaleTargetRef"),
        ("f:spec", "f:strategy"),
        ("f:spec", "f:template"),
        ("f:spec", "f:template", "f:metadata"),
        ("f:spec", "f:template", "f:spec"),
        ("f:spec", "f:template", "f:spec", "f:containers"),
        ("f:spec", "f:containers"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One manager's part; ``said`` is the entry as it was read, without its fields."""

    said: Mapping[str, Any]
    paths: Paths

    @property
    def identity(self) -> tuple[Any, ...]:
        """What tells an entry from the others."""
        return tuple(self.said.get(field) for field in ("manager", "operation", "apiVersion", "subresource"))

    def written(self) -> dict[str, Any]:
        """Write the entry as it is in an object."""
        return {**self.said, "fieldsV1": tree_of(self.paths)}


def an_entry(manager: str, operation: str, api_version: str, *, subresource: str = "", time: str = "") -> Entry:
    """Make an entry that owns nothing yet."""
    said = {"manager": manager, "operation": operation, "apiVersion": api_version, "fieldsType": "FieldsV1"}
    said |= {"time": time} if time else {}
    return Entry(said=said | ({"subresource": subresource} if subresource else {}), paths=frozenset())


def entries_of(live: Mapping[str, Any] | None) -> tuple[Entry, ...]:
    """Read the entries of an object."""
    found = ((live or {}).get("metadata") or {}).get("managedFields") or ()
    return tuple(
        Entry(
            said={field: value for field, value in entry.items() if field != "fieldsV1"},
            paths=frozenset(paths_of(entry.get("fieldsV1") or {})),
        )
        for entry in found
        if entry
    )


def others_than(mine: Entry, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries of everybody else."""
    return tuple(entry for entry in entries if entry.identity != mine.identity)


def owned_by(entries: Iterable[Entry]) -> Paths:
    """Return everything that any of them owns."""
    return frozenset(path for entry in entries for path in entry.paths)


def with_fields(mine: Entry, paths: Iterable[Path], before: Sequence[Entry]) -> Entry:
    """Return my entry with these fields, and with its old time if they are the same as before."""
    own = frozenset(path for path in paths if path not in _OF_THE_SERVER)
    old = next((entry for entry in before if entry.identity == mine.identity), None)
    if old is not None and old.paths == own:
        return old
    return replace(mine, paths=own)


def after_update(before: Any, after: Any, schema: Struct, mine: Entry, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Give a manager what it has set or changed, and take from everybody what is not there any more."""
    changed = _changed(before, after, schema)
    old = next((entry.paths for entry in entries if entry.identity == mine.identity), frozenset[Path]())
    kept = frozenset(path for path in old if not is_removed(before, after, path))
    others = [without(entry, changed, before, after) for entry in others_than(mine, entries)]
    return tuple(entry for entry in (with_fields(mine, kept | changed, entries), *others) if entry.paths)


def without(entry: Entry, lost: Iterable[Path], before: Any, after: Any) -> Entry:
    """Take fields from an entry, and those that a write has removed.

    What was never there stays: an applied empty value is owned, though the server does not keep it.
    """
    gone = frozenset(lost)
    kept = frozenset(path for path in entry.paths if path not in gone and not is_removed(before, after, path))
    return entry if kept == entry.paths else replace(entry, paths=kept)


def is_removed(before: Any, after: Any, path: Path) -> bool:
    """Whether something was at a path and is not any more."""
    return is_there(before, path) and not is_there(after, path)


def is_there(value: Any, path: Path) -> bool:
    """Whether something is at a path, be it empty."""
    return at(value, path) is not None


def _changed(before: Any, after: Any, schema: Struct) -> Paths:
    """Find what is new or another; what can contain something else is only ever new."""
    had = {path: value for path, value, _ in all_in(before or {}, schema)}
    found = set()
    for path, value, of in all_in(after, schema):
        if path not in had or (not is_granular(of) and had[path] != value):
            found.add(path)
    return frozenset(found) - _OF_THE_SERVER - _ALWAYS_THERE


def written(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Write the entries into an object, in the API server's order."""
    ordered = sorted(entries, key=lambda entry: (entry.said.get("operation", ""), entry.said.get("time", "")))
    return [copied(entry.written()) for entry in ordered]
