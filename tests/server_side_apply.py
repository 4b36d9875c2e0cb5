"""What server-side apply makes of an object: who owns which fields, what an apply merges and what it takes away.

Written from the API's documentation and the schemas of the kinds that the controller sends, apart from
``gco_stream``, so that tests do not compare the code with itself. Maps merge key by key, lists with a key entry by
entry; every other list, and the maps named here, have one owner and are replaced whole.
"""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Path = tuple[str, ...]
Tree = dict[str, Any]

_KEYED = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
}
_PORTS = {"Service": ("port", "protocol"), "Deployment": ("containerPort", "protocol")}
_ATOMIC_MAPS = ("selector", "nodeSelector")
_NOT_OWNED = ("apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.uid", "metadata.resourceVersion")


def key_fields(kind: str, field: str) -> tuple[str, ...] | None:
    """The fields that make an entry's key, or None for a list that is replaced whole."""
    return _PORTS.get(kind) if field == "ports" else _KEYED.get(field)


def fields_v1(intent: Mapping[str, Any]) -> Tree:
    """The ``fieldsV1`` that an apply of this intent leaves behind."""
    body = {field: value for field, value in intent.items() if field not in _NOT_OWNED}
    body["metadata"] = {k: v for k, v in intent["metadata"].items() if f"metadata.{k}" not in _NOT_OWNED}
    return _tree(body, intent["kind"], "")


def _tree(value: Any, kind: str, field: str) -> Tree:
    if isinstance(value, Mapping) and field not in _ATOMIC_MAPS:
        return {f"f:{name}": _tree(entry, kind, name) for name, entry in value.items()}
    key = key_fields(kind, field)
    if isinstance(value, list) and key is not None:
        return {_step(entry, key): {".": {}, **_tree(entry, kind, "")} for entry in value}
    return {}


def _step(entry: Mapping[str, Any], key: Sequence[str]) -> str:
    identity = {field: entry.get(field, "TCP" if field == "protocol" else None) for field in key}
    return "k:" + json.dumps(identity, sort_keys=True, separators=(",", ":"))


def leaves(tree: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    """The paths that a tree of fields owns."""
    for step, below in tree.items():
        if below:
            yield from leaves(below, (*above, step))
        else:
            yield (*above, step)


def applied(live: Mapping[str, Any] | None, intent: Mapping[str, Any], *, manager: str) -> dict[str, Any]:
    """The object after a forced apply, with its ``managedFields``; server-set metadata is the caller's."""
    before: dict[str, Any] = copy.deepcopy(dict(live or {}))
    entries = before.get("metadata", {}).pop("managedFields", [])
    fields = fields_v1(intent)
    own = _paths(entry for entry in entries if _is_of(entry, manager))
    others = _paths(entry for entry in entries if not _is_of(entry, manager))
    kept_paths = set(leaves(fields)) | others
    # Entries go before their fields: without its key an entry could not be found any more.
    for path in sorted(own - kept_paths, key=lambda path: (path[-1] != ".", -len(path))):
        if path[-1] != "." or not any(kept[: len(path) - 1] == path[:-1] for kept in kept_paths):
            _take(before, path)
    after: dict[str, Any] = _merged(before, intent, intent["kind"], "")
    changed = others & {path for path in leaves(fields) if _at(live, path) != _at(after, path)}
    kept = [_without(entry, changed) for entry in entries if not _is_of(entry, manager)]
    ours = {"manager": manager, "operation": "Apply", "apiVersion": intent["apiVersion"], "fieldsType": "FieldsV1"}
    after["metadata"]["managedFields"] = [{**ours, "fieldsV1": fields}, *(entry for entry in kept if entry["fieldsV1"])]
    return after


def _is_of(entry: Mapping[str, Any], manager: str) -> bool:
    return bool(entry["manager"] == manager and entry["operation"] == "Apply")


def _paths(entries: Iterator[Mapping[str, Any]]) -> set[Path]:
    return {path for entry in entries for path in leaves(entry["fieldsV1"])}


def _without(entry: Mapping[str, Any], lost: set[Path]) -> dict[str, Any]:
    """Force takes a field from the manager whose value it overwrites."""
    fields: Tree = {}
    for path in set(leaves(entry["fieldsV1"])) - lost:
        below = fields
        for step in path:
            below = below.setdefault(step, {})
    return {**entry, "fieldsV1": fields}


def _merged(live: Any, wanted: Any, kind: str, field: str) -> Any:
    if isinstance(wanted, Mapping) and isinstance(live, Mapping) and field not in _ATOMIC_MAPS:
        ours = {name: _merged(live.get(name), value, kind, name) for name, value in wanted.items()}
        return {**live, **ours}
    key = key_fields(kind, field)
    if isinstance(wanted, list) and isinstance(live, list) and key is not None:
        there = {_step(entry, key): entry for entry in live}
        mine = {_step(entry, key): _merged(there.get(_step(entry, key)), entry, kind, "") for entry in wanted}
        if [step for step in there if step in mine] == list(mine):
            return [mine.get(step, entry) for step, entry in there.items()]
        return [*mine.values(), *(entry for step, entry in there.items() if step not in mine)]
    return copy.deepcopy(wanted)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value if step == "." else _below(value, step)
    return value


def _below(value: Any, step: str) -> Any:
    if isinstance(value, Mapping) and step.startswith("f:"):
        return value.get(step[2:])
    if isinstance(value, list) and step.startswith("k:"):
        return next((entry for entry in value if _step(entry, tuple(json.loads(step[2:]))) == step), None)
    return None


def _take(live: dict[str, Any], path: Path) -> None:
    """Remove one field, the entry of a list where ``.`` is lost, and whatever container is empty after it."""
    *above, last = path if path[-1] != "." else path[:-1]
    holder = _at(live, tuple(above))
    if isinstance(holder, dict):
        holder.pop(last[2:], None)
    elif isinstance(holder, list):
        holder[:] = [entry for entry in holder if _below([entry], last) is None]
    if above and not holder and holder is not None:
        _take(live, tuple(above))
