"""Who has changed what we applied: fields of ours that were theirs when we applied the same intent once more.

A difference is drift where the last status says that the endpoint had come to what is wanted now, and the API server
says that somebody else set the field since: its owner is theirs and no longer ours. What we still own and want
otherwise is a step of our own (an Ingress' weights, a Service's port while pods are replaced) and no drift.
A field that somebody took away belongs to nobody. It is told from a step of our own by the intent, which is then the
very one that was applied to this object before; that is known for a while, and of this process alone.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gco_stream.core.manifests.ownership import FIELD_MANAGER, REPLICAS_MANAGER
from gco_stream.core.merging import FieldsV1, fields_of, follow, place_of
from gco_stream.core.models import Action, Apply, Delete, Kind, Manifest, ObjectKey
from gco_stream.core.projection import digest_of_intent
from gco_stream.core.record import spec_hash
from gco_stream.core.status import State
from gco_stream.core.wish import Request, Run, Stop

UNKNOWN = "unknown"
"""The manager of whoever only took something away."""
_REMEMBERED = 4096
_LONGEST = 5
_OURS = (FIELD_MANAGER, REPLICAS_MANAGER)
_IDENTITY = ("apiVersion", "kind")
_NAMES = ("name", "namespace")
_STATES = {Run: (State.CREATING, State.UPDATING, State.RUNNING), Stop: (State.STOPPING, State.STOPPED)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What one manager had changed of one object.

    Attributes:
        manager: Its name as a field manager, e.g. ``kubectl-edit``.
        paths: What it had changed; empty where that cannot be told.
    """

    key: ObjectKey
    manager: str
    paths: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The first of the paths, for people."""
        shown = ", ".join(_short(path) for path in self.paths[:_LONGEST]) or "something removed"
        return shown + (f" and {len(self.paths) - _LONGEST} more" if len(self.paths) > _LONGEST else "")

    def __str__(self) -> str:
        return f"corrected {self.shown} on {self.key}, last written by {self.manager}"


class Corrections:
    """What was corrected, by kind and by who had changed it; and what was applied lately, to tell it by.

    Attributes:
        counts: Objects that were corrected.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[Kind, str]] = Counter()
        self._applied: OrderedDict[ObjectKey, tuple[str, str]] = OrderedDict()

    def found(self, request: Request, region: str, action: Action, live: Manifest | None) -> tuple[Drift, ...]:
        """Say what an action would correct of an object as it is before; nothing where it makes or takes away."""
        if live is None or not isinstance(action, Apply) or action.gives_up_replicas:
            return ()
        if not is_applied_already(request, region):
            return ()
        repeated = self._applied.get(action.key) == (action.uid, digest_of_intent(action.manifest))
        return drift(action, live, is_repeated=repeated)

    def note(self, action: Action, now: Manifest | None, found: Sequence[Drift]) -> None:
        """Take in that an action was carried out, what came of it, and what it corrected."""
        self.counts.update((one.key.kind, one.manager) for one in found)
        if isinstance(action, Delete):
            self._applied.pop(action.key, None)
        if now is None or not isinstance(action, Apply) or action.gives_up_replicas:
            return
        self._applied[action.key] = (now["metadata"]["uid"], digest_of_intent(action.manifest))
        self._applied.move_to_end(action.key)
        if len(self._applied) > _REMEMBERED:
            self._applied.popitem(last=False)


def is_applied_already(request: Request, region: str) -> bool:
    """Whether the last status says that the endpoint had come to what its record asks for now."""
    previous = request.status(region)
    states = _STATES.get(type(request.wish), ())
    is_same = request.item is not None and previous.get("observed_spec") == spec_hash(request.item)
    return is_same and previous.get("state") in states and previous.get("reason") != "Held"


def drift(action: Apply, live: Manifest, *, is_repeated: bool) -> tuple[Drift, ...]:
    """Find who has changed what an apply sets, in the order of their names.

    Args:
        action: An apply on an object that is there, of an endpoint that had come to what its record asks for.
        live: The whole object as it was before.
        is_repeated: Whether the very same was applied to it before.
    """
    intent = {field: value for field, value in action.manifest.items() if field not in _IDENTITY}
    intent["metadata"] = {field: value for field, value in intent["metadata"].items() if field not in _NAMES}
    ours = fields_of(live, FIELD_MANAGER)
    taken: dict[str, set[str]] = {}
    for entry in live["metadata"].get("managedFields") or ():
        if entry.get("manager") not in _OURS and entry.get("subresource") != "status":
            paths = set(_taken(entry.get("fieldsV1") or {}, ours, intent))
            taken.setdefault(str(entry.get("manager")), set()).update(paths)
    found = [Drift(key=action.key, manager=who, paths=tuple(sorted(paths))) for who, paths in taken.items() if paths]
    if not found and is_repeated:
        return (Drift(key=action.key, manager=UNKNOWN),)
    return tuple(sorted(found, key=lambda one: one.manager))


def _taken(theirs: FieldsV1, ours: Mapping[str, Any], intent: Any, path: str = "") -> Iterator[str]:
    """Yield what they own, we do not, and the intent sets."""
    for step, below in theirs.items():
        found, value = follow(step, intent) if step != "." else (False, None)
        if not found:
            continue
        where = place_of(step, path)
        if any(deeper != "." for deeper in below):
            yield from _taken(below, ours.get(step) or {}, value, where)
        elif step not in ours:
            yield where


def _short(path: str) -> str:
    """Leave out where in a Deployment the pods' one container is: ``image`` says enough."""
    return path.removeprefix("spec.template.spec.containers[inference].").removeprefix("spec.template.")
