"""How server-side apply merges lists, and what it wrote down about who set what.

Maps merge key by key, but for selectors. Of the lists that we send, some merge entry by entry under a key. Selectors
and every other list have a single owner and are replaced whole, with all that is in them.
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from gco_stream.core.models import Manifest

# List's field name → the fields that make its entries' key, with the defaults that the API server fills in.
_KEYED: Mapping[str, Mapping[str, Any]] = {
    "containers": {"name": None},
    "initContainers": {"name": None},
    "env": {"name": None},
    "volumes": {"name": None},
    "volumeMounts": {"mountPath": None},
}
_WHOLE_MAPS = frozenset({"selector", "nodeSelector"})
_MAPS_OF_STRINGS = frozenset({"labels", "matchLabels", "annotations", *_WHOLE_MAPS})
_DEFAULTS = {"protocol": "TCP"}
_OWNED_WHOLE: Mapping[str, Any] = {}
_PORT_KEYS: Mapping[str, Mapping[str, Any]] = {
    "Service": {"port": None, **_DEFAULTS},
    "Deployment": {"containerPort": None, **_DEFAULTS},
}

ListKey = Mapping[str, Any]
FieldsV1 = Mapping[str, Any]


def list_key(kind: str, field: str) -> ListKey | None:
    """Return the key fields of a keyed list with their defaults, or None for a list that is replaced whole."""
    return _PORT_KEYS.get(kind) if field == "ports" else _KEYED.get(field)


def is_replaced_whole(field: str) -> bool:
    """Whether a map has a single owner, so that a key that we do not send goes with the next apply."""
    return field in _WHOLE_MAPS


def keeps_empty_strings(field: str) -> bool:
    """Whether a map's values are strings of people's own; elsewhere the API server drops empty ones."""
    return field in _MAPS_OF_STRINGS


def entry_key(entry: Mapping[str, Any], key: ListKey) -> tuple[Any, ...]:
    """Return what identifies an entry of a keyed list."""
    return tuple(entry.get(field, default) for field, default in key.items())


def fields_of(live: Manifest, manager: str) -> FieldsV1:
    """Return the tree of the fields that a manager has applied to an object; empty if it has applied none."""
    for entry in live["metadata"].get("managedFields") or ():
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            fields: FieldsV1 = entry.get("fieldsV1") or {}
            return fields
    return {}


def leftovers(fields: FieldsV1, intent: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of the fields that were applied before and that the intent no longer has."""
    for step, below in fields.items():
        if step == ".":
            continue
        found, value = follow(step, intent)
        if not found:
            yield place_of(step, path)
        elif below:
            yield from leftovers(below, value, place_of(step, path))


def unowned(fields: FieldsV1, intent: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of what an intent sets and its manager no longer owns, because somebody else has set it since.

    The value may well be the same; but what we do not own, a later intent without it does not remove.
    """
    if isinstance(intent, dict):
        for field, value in intent.items():
            step = f"f:{field}"
            if value != "" and fields.get(step) != _OWNED_WHOLE:
                yield from _unowned_at(step, fields, value, place_of(step, path))
    elif isinstance(intent, list | tuple):
        for entry in intent:
            found = _step_of(entry, fields)
            yield from _unowned_at(found or "", fields, entry, place_of(found, path) if found else path)


def _unowned_at(step: str, fields: FieldsV1, value: Any, path: str) -> Iterator[str]:
    if step not in fields:
        yield path
    elif any(below != "." for below in fields[step]):
        yield from unowned(fields[step], value, path)


def place_of(step: str, path: str) -> str:
    """Write where a step leads to from a path, for people: ``spec.ports[80,TCP]``."""
    if step.startswith("k:"):
        return f"{path}[{','.join(str(value) for _, value in _key_of(step))}]"
    return f"{path}.{step[2:]}" if path else step[2:]


def applied_by(fields: FieldsV1, steps: Sequence[str]) -> bool:
    """Whether a tree of fields has the one that these steps lead to, e.g. ``("f:spec", "f:replicas")``."""
    below: FieldsV1 | None = fields
    for step in steps:
        below = below.get(step) if below is not None else None
    return below is not None


def owned_part(fields: FieldsV1, live: Any, *, with_empty: bool = False) -> Any:
    """Return the part of an object that a tree of fields speaks of: what its manager applied, as it is now.

    Keyed lists keep the order of the object, since another order of the same entries would replace pods.

    Args:
        with_empty: Whether to say what is owned and not there as what was applied: an empty string. The API server
            drops those, and remembers who set them.
    """
    steps = {step: below for step, below in fields.items() if step != "."}
    if not steps:
        return live
    if isinstance(live, Sequence):
        owned = ((entry, _step_of(entry, steps)) for entry in live)
        return [owned_part(steps[step], entry, with_empty=with_empty) for entry, step in owned if step is not None]
    there = {step: below for step, below in steps.items() if step[2:] in live or (with_empty and not below)}
    return {step[2:]: owned_part(below, live.get(step[2:], ""), with_empty=with_empty) for step, below in there.items()}


def _step_of(entry: Mapping[str, Any], steps: FieldsV1) -> str | None:
    return next((step for step in steps if step.startswith("k:") and _matches(step, entry)), None)


def follow(step: str, value: Any) -> tuple[bool, Any]:
    """Go one step from a part of an object; say whether anything is there, and what."""
    if step.startswith("k:"):
        entry = _entry(step, value if isinstance(value, list | tuple) else ())
        return entry is not None, entry
    field = step[2:]
    if isinstance(value, dict) and field in value:
        return True, value[field]
    return False, None


def _entry(step: str, entries: Sequence[Any]) -> Any:
    return next((entry for entry in entries if _matches(step, entry)), None)


def _matches(step: str, entry: Mapping[str, Any]) -> bool:
    for field, value in _key_of(step):  # noqa: SIM110 - twice as fast, and every entry is held against every step
        if entry.get(field, _DEFAULTS.get(field)) != value:
            return False
    return True


@lru_cache(maxsize=4096)
def _key_of(step: str) -> tuple[tuple[str, Any], ...]:
    """Read a step into a keyed list; the same few come again with every object."""
    return tuple(json.loads(step[2:]).items())
