"""What others have added to our objects beside what we set; it stays, and people are told.

Whatever is written below ``status`` or as a finalizer is the business of the cluster's own controllers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gco_stream.core.manifests.ownership import FIELD_MANAGER, HOLD, REPLICAS_MANAGER, is_ours
from gco_stream.core.merging import FieldsV1, fields_of, place_of
from gco_stream.core.models import EndpointName, Kind, Manifest, Observed

_PLACES = (("f:metadata", "f:labels"), ("f:metadata", "f:annotations"), ("f:spec",))
_OUR_MANAGERS = (FIELD_MANAGER, REPLICAS_MANAGER)
_MEANT_FOR_US = frozenset({f"metadata.annotations.{HOLD}"})


@dataclass(frozen=True, slots=True, order=True)
class Addition:
    """One field or entry that somebody else owns, and who: the name of their field manager."""

    path: str
    manager: str

    def __str__(self) -> str:
        return f"{self.path} by {self.manager}"


def additions(live: Manifest) -> tuple[Addition, ...]:
    """Find what others own of an object and we do not, in the order of its path."""
    ours = fields_of(live, FIELD_MANAGER)
    found: set[Addition] = set()
    for entry in live["metadata"].get("managedFields") or ():
        if entry.get("manager") not in _OUR_MANAGERS and not entry.get("subresource"):
            theirs = entry.get("fieldsV1") or {}
            found |= {Addition(path, str(entry.get("manager"))) for path in _paths(theirs, ours)}
    return tuple(sorted(found))


def count_additions(observed: Observed, name: EndpointName) -> Counter[tuple[Kind, str]]:
    """Count what others have added to an endpoint's objects, by kind and field manager."""
    ours = ((key, live) for key, live in observed.objects.items() if is_ours(live, name))
    return Counter((key.kind, found.manager) for key, live in ours for found in additions(live))


def _paths(theirs: FieldsV1, ours: FieldsV1) -> Iterator[str]:
    for steps in _PLACES:
        path = ""
        their_part: Any = theirs
        our_part: Any = ours
        for step in steps:
            their_part, our_part = _below(their_part, step), _below(our_part, step)
            path = place_of(step, path)
        yield from (found for found in _beside(their_part, our_part, path) if found not in _MEANT_FOR_US)


def _beside(theirs: FieldsV1, ours: FieldsV1, path: str) -> Iterator[str]:
    """Yield the uppermost places that are theirs and not ours; of a list with keys, each of its entries."""
    for step, below in theirs.items():
        if step == ".":
            continue
        where = place_of(step, path) if step[:2] in ("f:", "k:") else path
        is_keyed_list = any(entry.startswith("k:") for entry in below)
        if step in ours or is_keyed_list:
            yield from _beside(below, ours.get(step) or {}, where)
        else:
            yield where


def _below(fields: FieldsV1, step: str) -> FieldsV1:
    found: Mapping[str, Any] = fields.get(step) or {}
    return found
