"""What of an intent is not so in the cluster: only the fields that we set are looked at.

The API server fills in defaults and others write beside us, so a live object has more than its intent. It differs
if a field that we set has another value, or if a field that we once set is no longer in the intent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.merging import (
    FieldsV1,
    entry_key,
    fields_of,
    is_replaced_whole,
    keeps_empty_strings,
    leftovers,
    list_key,
    unowned,
)
from gco_stream.core.models import Manifest
from gco_stream.core.projection import digest, digest_of_intent
from gco_stream.core.quantities import amount
from gco_stream.errors import shown

# Tokens and keys are often written here, and what differs goes into logs.
_SECRETIVE = (".env[", ".args[", ".command[")
_IDENTITY = ("apiVersion", "kind")
_NAMES = ("name", "namespace")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as we want it.

    Attributes:
        live: None if the field is not there.
        wanted: None if the field should go.
    """

    path: str
    live: Any
    wanted: Any

    def __str__(self) -> str:
        if any(place in self.path for place in _SECRETIVE):
            return f"{self.path} {'differs' if self.wanted is not None else 'goes'}"
        return f"{self.path}: {_shown(self.live)} → {_shown(self.wanted)}"


def differences(intent: Manifest, live: Manifest) -> tuple[Difference, ...]:
    """Compare an intent with the live object of the same kind and name; no difference means nothing to apply.

    Of a projection it can only be told that something differs, not what.
    """
    seen = digest(live)
    if seen is not None:
        return () if seen == digest_of_intent(intent) else (Difference("something", "as it is", "as it should be"),)
    wanted = {key: value for key, value in intent.items() if key not in _IDENTITY}
    changed = _compare(wanted, live, path="", kind=intent["kind"])
    applied = fields_of(live, FIELD_MANAGER)
    removed = (Difference(path, "set", None) for path in sorted(leftovers(applied, wanted)))
    found = (*changed, *removed)
    return found or tuple(Difference(path, "set by somebody else", "ours") for path in _taken(applied, wanted))


def _taken(applied: FieldsV1, wanted: Mapping[str, Any]) -> Iterator[str]:
    named = {field: value for field, value in wanted["metadata"].items() if field not in _NAMES}
    return unowned(applied, {**wanted, "metadata": named})


def _compare(wanted: Any, live: Any, *, path: str, kind: str, whole: bool = False) -> Iterator[Difference]:
    """Compare what we set; ``whole`` where the value has one owner, so that what is there beside it differs, too."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        whole = whole or is_replaced_whole(path.rpartition(".")[2])
        for field, value in wanted.items():
            if not (isinstance(value, str) and value == live.get(field)):
                yield from _compare(value, live.get(field), path=_below(path, field), kind=kind, whole=whole)
        if whole:
            extra = (field for field in live if field not in wanted)
            yield from (Difference(_below(path, field), live[field], None) for field in extra)
    elif isinstance(wanted, list | tuple) and isinstance(live, list | tuple):
        yield from _compare_lists(wanted, live, path=path, kind=kind)
    elif not same(wanted, live, path):
        yield Difference(path, live, wanted)


def _below(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _compare_lists(wanted: Sequence[Any], live: Sequence[Any], *, path: str, kind: str) -> Iterator[Difference]:
    key = list_key(kind, path.rpartition(".")[2])
    if key is None:
        if len(wanted) != len(live):
            yield Difference(path, live, wanted)
            return
        for position, (ours, theirs) in enumerate(zip(wanted, live, strict=True)):
            yield from _compare(ours, theirs, path=f"{path}[{position}]", kind=kind, whole=True)
        return
    there = {entry_key(entry, key): entry for entry in live}
    for entry in wanted:
        identity = entry_key(entry, key)
        yield from _compare(entry, there.get(identity), path=f"{path}[{identity[0]}]", kind=kind)


def same(wanted: Any, live: Any, path: str) -> bool:
    """Whether a value is as we want it, perhaps in other words: ``1`` and ``1000m`` are the same amount of CPU."""
    if wanted == live and type(wanted) is type(live):
        return True
    if wanted == "" and live is None:
        above = path.rpartition("]")[2].split(".")[:-1]
        return not any(keeps_empty_strings(field) for field in above)
    if ".requests." in path or ".limits." in path:
        return live is not None and amount(wanted) == amount(live)
    return False


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{…}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[…]"
    return "none" if value is None else shown(value, limit=60)
