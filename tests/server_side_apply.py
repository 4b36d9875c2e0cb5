"""Server-side apply as a function, for tests of what is made of its outcome: that of the sandbox."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from gco_stream.sandbox.store import apply
from gco_stream.sandbox.store.owners import an_entry, with_fields
from gco_stream.sandbox.store.paths import Path, fields_in, paths_of, tree_of
from gco_stream.sandbox.store.schema import struct


def fields_v1(intent: Mapping[str, Any]) -> dict[str, Any]:
    """The ``fieldsV1`` that an apply of this intent leaves behind."""
    mine = an_entry("anybody", "Apply", intent["apiVersion"])
    return tree_of(with_fields(mine, fields_in(dict(intent), struct(intent["kind"])), ()).paths)


def leaves(tree: Mapping[str, Any]) -> Iterator[Path]:
    """The paths that a tree of fields owns."""
    return paths_of(tree)


def applied(live: Mapping[str, Any] | None, intent: Mapping[str, Any], *, manager: str) -> dict[str, Any]:
    """The object after a forced apply, with its ``managedFields``; server-set metadata is the caller's."""
    mine = an_entry(manager, "Apply", intent["apiVersion"])
    before = None if live is None else copy.deepcopy(dict(live))
    after, entries = apply.applied(before, copy.deepcopy(dict(intent)), struct(intent["kind"]), mine, force=True)
    after["metadata"]["managedFields"] = [entry.written() for entry in entries]
    return after
