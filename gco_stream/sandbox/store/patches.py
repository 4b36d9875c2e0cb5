"""The two patches that are not an apply: JSON patch (RFC 6902) and merge patch (RFC 7386)."""

from collections.abc import Mapping, Sequence
from typing import Any

from gco_stream.sandbox.store.values import copied


class BadPatch(Exception):
    """A patch that cannot be done; the message says which step."""


def merge_patched(live: Any, patch: Any) -> Any:
    """Lay a merge patch over a value: null takes away, maps merge, everything else replaces."""
    if not isinstance(patch, Mapping):
        return copied(patch)
    after = dict(live) if isinstance(live, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = merge_patched(after.get(name), value)
    return after


def json_patched(live: Any, patch: Sequence[Mapping[str, Any]]) -> Any:
    """Do the steps of a JSON patch, one after the other.

    Raises:
        BadPatch: A step cannot be done, or a test does not hold.
    """
    after = copied(live)
    for step in patch:
        after = _done(after, step)
    return after


def _done(value: Any, step: Mapping[str, Any]) -> Any:
    try:
        operation, path = step["op"], _split(step["path"])
        match operation:
            case "add" | "replace":
                return _put(value, path, copied(step["value"]), is_new=operation == "add")
            case "remove":
                _take(value, path)
            case "test":
                if _look(value, path) != step["value"]:
                    raise BadPatch(f"testing path {step['path']} value: test failed")
            case "move":
                return _put(value, path, _take(value, _split(step["from"])), is_new=True)
            case "copy":
                return _put(value, path, copied(_look(value, _split(step["from"]))), is_new=True)
            case _:
                raise BadPatch(f"unexpected kind: {operation}")
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BadPatch(f"{step.get('op')} operation does not apply: doc is missing path: {step.get('path')}") from error
    return value


def _split(pointer: str) -> list[str]:
    if pointer and not pointer.startswith("/"):
        raise ValueError(pointer)
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _look(value: Any, path: Sequence[str]) -> Any:
    for part in path:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _put(value: Any, path: Sequence[str], new: Any, *, is_new: bool) -> Any:
    if not path:
        return new
    holder, last = _look(value, path[:-1]), path[-1]
    if isinstance(holder, list):
        place = len(holder) if last == "-" else int(last)
        if place > len(holder) - (0 if is_new else 1):
            raise IndexError(place)
        holder[place : place + (0 if is_new else 1)] = [new]
    else:
        if not is_new and last not in holder:
            raise KeyError(last)
        holder[last] = new
    return value


def _take(value: Any, path: Sequence[str]) -> Any:
    holder, last = _look(value, path[:-1]), path[-1]
    return holder.pop(int(last) if isinstance(holder, list) else last)
