"""Which fields there are in an object, and whose they are: paths, and ``fieldsV1`` as the API server writes them.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ (``managedFields``)
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from gco_stream.sandbox.store.schema import Listing, Map, Struct, Type, key_of

Path = tuple[str, ...]
Paths = frozenset[Path]
Tree = dict[str, Any]


def is_granular(of: Type) -> bool:
    """Whether the parts of a value can have different owners."""
    if isinstance(of, Struct | Map):
        return not of.is_atomic
    return isinstance(of, Listing) and bool(of.keys or of.is_set)


def steps(value: Any, of: Type) -> Iterator[tuple[str, Any, Type]]:
    """Go one step down: the name of the step as ``fieldsV1`` has it, what is there, and its type."""
    if isinstance(of, Struct) and isinstance(value, Mapping):
        for name, entry in value.items():
            below = of.field(name)
            if below is not None:
                yield f"f:{name}", entry, below
    elif isinstance(of, Map) and isinstance(value, Mapping):
        yield from ((f"f:{name}", entry, of.of) for name, entry in value.items())
    elif isinstance(of, Listing) and isinstance(value, list):
        yield from ((step_of(entry, of), entry, of.of) for entry in value)


def part(of: Type, name: str) -> Type | None:
    """Return the type of a field; None if there is no such field."""
    if isinstance(of, Struct):
        return of.field(name)
    return of.of if isinstance(of, Map) else None


def step_of(entry: Any, of: Listing) -> str:
    """Name an entry of a list."""
    if of.is_set:
        return "v:" + json.dumps(entry)
    return "k:" + json.dumps(key_of(entry, of.keys), sort_keys=True, separators=(",", ":"))


def fields_in(value: Any, of: Type, above: Path = ()) -> Iterator[Path]:
    """List what an applied intent owns: every value, every entry of a list, and what is empty."""
    for step, entry, below in steps(value, of):
        path = (*above, step)
        is_entry = isinstance(of, Listing)
        if is_entry or not is_granular(below) or entry is None or entry == {}:
            yield path
        if is_granular(below):
            yield from fields_in(entry, below, path)


def all_in(value: Any, of: Type, above: Path = ()) -> Iterator[tuple[Path, Any, Type]]:
    """List everything there is, maps and lists as well as what is in them."""
    for step, entry, below in steps(value, of):
        path = (*above, step)
        yield path, entry, below
        if is_granular(below):
            yield from all_in(entry, below, path)


def paths_of(tree: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    """Read ``fieldsV1``."""
    for step, below in tree.items():
        if step == ".":
            yield above
        elif below:
            yield from paths_of(below, (*above, step))
        else:
            yield (*above, step)


def tree_of(paths: Iterable[Path]) -> Tree:
    """Write ``fieldsV1``."""
    owned, tree = frozenset(paths), Tree()
    # What is owned itself comes before what is below it, and is marked when that comes.
    for path in sorted(owned):
        node = tree
        for depth, step in enumerate(path, start=1):
            node = node.setdefault(step, {})
            if depth < len(path) and path[:depth] in owned:
                node.setdefault(".", {})
    return tree


def at(value: Any, path: Path) -> Any:
    """Return what is at a path; None where nothing is."""
    for step in path:
        value = _below(value, step)
    return value


def _below(value: Any, step: str) -> Any:
    if isinstance(value, Mapping) and step.startswith("f:"):
        return value.get(step[2:])
    if isinstance(value, list):
        return next((entry for entry in value if matches(entry, step)), None)
    return None


def matches(entry: Any, step: str) -> bool:
    """Whether an entry of a list is the one that a step names."""
    wanted = _parsed(step)
    if step.startswith("v:"):
        return bool(entry == wanted)
    return isinstance(entry, Mapping) and key_of(entry, tuple(wanted)) == wanted


@lru_cache(maxsize=4096)
def _parsed(step: str) -> Any:
    return json.loads(step[2:])


def remove(value: Any, path: Path) -> None:
    """Take away what is at a path, if something is; what held it stays."""
    holder = at(value, path[:-1])
    if isinstance(holder, dict):
        holder.pop(path[-1][2:], None)
    elif isinstance(holder, list):
        holder[:] = [entry for entry in holder if not matches(entry, path[-1])]


def dotted(path: Path) -> str:
    """Write a path as messages have it: ``.spec.template.spec.containers[name="inference"].image``."""
    return "".join(_written(step) for step in path)


def _written(step: str) -> str:
    kind, rest = step[:2], step[2:]
    if kind == "f:":
        return f".{rest}"
    if kind in ("v:", "i:"):
        return f"[={rest}]" if kind == "v:" else f"[{rest}]"
    keys: Mapping[str, Any] = json.loads(rest)
    return "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in sorted(keys.items())) + "]"
