"""Server-side apply: what an intent makes of an object, and of who owns what.

Maps merge key by key and lists with keys entry by entry; what a manager applied before and does not apply any more
goes, unless somebody else owns it, too. Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import json
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from gco_stream.sandbox.store.errors import apply_conflict
from gco_stream.sandbox.store.owners import (
    Entry,
    after_update,
    an_entry,
    entries_of,
    others_than,
    owned_by,
    with_fields,
    without,
)
from gco_stream.sandbox.store.paths import Path, Paths, at, dotted, fields_in, is_granular, part, remove, step_of
from gco_stream.sandbox.store.schema import Listing, Struct, Type
from gco_stream.sandbox.store.values import copied

Object = dict[str, Any]


def merged(live: Any, wanted: Any, of: Type) -> Any:
    """Lay what is wanted over what is there."""
    if not is_granular(of) or live is None or wanted is None:
        return copied(wanted)
    if isinstance(of, Listing):
        return _merged_list(live, wanted, of)
    after = dict(live)
    for name, value in wanted.items():
        below = part(of, name)
        after[name] = copied(value) if below is None else merged(live.get(name), value, below)
    return after


def _merged_list(live: list[Any], wanted: list[Any], of: Listing) -> list[Any]:
    """Keep the order of what is wanted, and what only others have where it stood."""
    there = {step_of(entry, of): entry for entry in live}
    ours = {step_of(entry, of): entry for entry in wanted}
    return [
        merged(there.get(step), ours[step], of.of) if step in ours else there[step]
        for step in _order(list(there), list(ours))
    ]


def _order(there: list[str], ours: list[str]) -> Iterator[str]:
    left, right = deque(there), deque(ours)
    while left:
        if left[0] not in ours:
            yield left.popleft()
        elif left[0] not in right:
            left.popleft()
        elif left[0] == next(step for step in right if step in there):
            yield from _up_to(right, left.popleft())
        else:
            left.popleft()
    yield from right


def _up_to(steps: deque[str], last: str) -> Iterator[str]:
    """Take steps up to one, and that one."""
    while steps:
        step = steps.popleft()
        yield step
        if step == last:
            return


def applied(
    live: Object | None, intent: Object, schema: Struct, mine: Entry, *, force: bool
) -> tuple[Object, list[Entry]]:
    """Return the object after an apply, and who owns what of it then.

    Args:
        live: What is there, or None.
        intent: What was sent, without what the server alone sets.

    Raises:
        ApiError: 409, somebody else owns a field that would be changed.
    """
    entries = entries_of(live)
    if live is not None and not entries:
        entries = _owned_by_nobody(live, schema, mine)
    own = with_fields(mine, fields_in(intent, schema), entries)
    others = others_than(mine, entries)
    before: Object = copied(live) if live is not None else {}
    had = next((entry.paths for entry in entries if entry.identity == mine.identity), frozenset[Path]())
    after: Object = merged(_pruned(before, had - own.paths, own.paths | owned_by(others)), intent, schema)
    taken = frozenset(path for path in own.paths & owned_by(others) if _differs(live, after, path))
    if taken and not force:
        raise apply_conflict([(_who(entry), dotted(path)) for entry in others for path in sorted(entry.paths & taken)])
    kept = [without(entry, taken, live, after) for entry in others]
    return after, [own, *(entry for entry in kept if entry.paths)]


def _owned_by_nobody(live: Object, schema: Struct, mine: Entry) -> tuple[Entry, ...]:
    """Give everything that is wanted so far to a manager that stands for whoever wrote it."""
    before = an_entry("before-first-apply", "Update", mine.said["apiVersion"], time=mine.said.get("time", ""))
    return after_update(None, {field: value for field, value in live.items() if field != "status"}, schema, before, ())


def _differs(live: Any, after: Any, path: Path) -> bool:
    was, now = at(live, path), at(after, path)
    is_entry = path[-1][:2] == "k:"
    return (was is None) != (now is None) if is_entry else bool(was != now)


def _pruned(before: Object, lost: Paths, kept: Paths) -> Object:
    """Take away what is applied no more; what held it goes with it where it is empty and nobody's."""
    holders = {path[:depth] for path in kept for depth in range(1, len(path) + 1)}
    # Entries go before what is in them: without its key an entry could not be found any more.
    for path in sorted(lost - kept, key=lambda path: (path[-1][:2] != "k:", -len(path))):
        if path not in holders and not _is_key(path):
            remove(before, path)
            _remove_empty(before, path[:-1], holders)
    return before


def _is_key(path: Path) -> bool:
    """Whether a field is part of the key of an entry, which goes with the entry or not at all."""
    above = path[-2] if len(path) > 1 else ""
    return above[:2] == "k:" and path[-1][2:] in json.loads(above[2:])


def _remove_empty(before: Object, path: Path, holders: set[Path]) -> None:
    while path and path not in holders and at(before, path) in ({}, []):
        remove(before, path)
        path = path[:-1]


def _who(entry: Entry) -> str:
    said: Mapping[str, Any] = entry.said
    text = f'"{said["manager"]}"'
    if said.get("subresource"):
        text += f' with subresource "{said["subresource"]}"'
    return text if said["operation"] == "Apply" else f"{text} using {said['apiVersion']}"
