"""An action as two versions of one object: what we have set of it now, and what we want to set.

The API server fills in defaults and others write beside us, so a live object is cut down to the fields of the intent
and those that we set once and want no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

from gco_stream.core.compare import same
from gco_stream.core.interruption import interrupts
from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.merging import FieldsV1, entry_key, fields_of, is_replaced_whole, list_key, owned_part
from gco_stream.core.models import Action, Apply, Delete, Kind, Manifest, ObjectKey

_HIDDEN = "(hidden)"
_HIDDEN_NEW = "(hidden, another value)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an action would do to one object.

    Attributes:
        before: None if it is to be made.
        after: None if it is to be removed.
        interrupts: Whether it means a time without any server.
    """

    key: ObjectKey
    before: Manifest | None
    after: Manifest | None
    why: str
    interrupts: bool = False


def preview(action: Action, live: Manifest | None) -> Preview:
    """Show an action; environment values are in it, see ``masked``.

    Args:
        live: The object that the action was planned for, or None if there is none.
    """
    match action:
        case Delete():
            return Preview(key=action.key, before=_ours(live), after=None, why=action.why)
        case Apply() if live is None:
            return Preview(key=action.key, before=None, after=action.manifest, why=action.why)
        case Apply():
            return _change(action, live)
        case _:
            assert_never(action)


def _change(action: Apply, live: Manifest) -> Preview:
    intent = action.manifest
    before: dict[str, Any] = _Projection(intent["kind"]).of(
        intent, {**live, **_identity(intent)}, fields_of(live, FIELD_MANAGER)
    )
    is_new_template = before.get("spec", {}).get("template") != intent.get("spec", {}).get("template")
    gap = action.key.kind is Kind.DEPLOYMENT and is_new_template and interrupts(intent)
    return Preview(key=action.key, before=before, after=intent, why=action.why, interrupts=gap)


def _identity(intent: Manifest) -> Manifest:
    return {key: intent[key] for key in ("apiVersion", "kind")}


def _ours(live: Manifest | None) -> Manifest:
    """What we have set of an object; all of it but its status where nothing is written down about that."""
    if live is None:
        return {}
    identity = {key: live[key] for key in ("apiVersion", "kind") if key in live}
    fields = fields_of(live, FIELD_MANAGER)
    named = {"name": live["metadata"].get("name"), "namespace": live["metadata"].get("namespace")}
    owned: dict[str, Any] = owned_part(fields, live) if fields else {"spec": live.get("spec")}
    return identity | owned | {"metadata": named | owned.get("metadata", {})}


@dataclass(frozen=True, slots=True)
class _Projection:
    kind: str

    def of(self, wanted: Any, live: Any, fields: FieldsV1, *, path: str = "") -> Any:
        if isinstance(wanted, Mapping) and isinstance(live, Mapping):
            return self._map(wanted, live, fields, path)
        if _is_list(wanted) and _is_list(live):
            key = list_key(self.kind, path.rpartition(".")[2])
            return self._list(wanted, live, fields, path, key) if key is not None else _whole(wanted, live, path)
        # Written in the intent's way where it is the same amount, so that a diff shows what differs and no more.
        return wanted if same(wanted, live, path) else live

    def _map(self, wanted: Mapping[str, Any], live: Mapping[str, Any], fields: FieldsV1, path: str) -> Any:
        if is_replaced_whole(path.rpartition(".")[2]):
            return _whole(wanted, live, path)
        kept = {
            field: self.of(value, live.get(field), fields.get(f"f:{field}") or {}, path=f"{path}.{field}")
            for field, value in wanted.items()
            if field in live or value == ""
        }
        once = {step[2:]: below for step, below in fields.items() if step.startswith("f:")}
        left = {f: owned_part(b, live[f]) for f, b in once.items() if f not in wanted and f in live}
        return {**kept, **left}

    def _list(
        self, wanted: Sequence[Any], live: Sequence[Any], fields: FieldsV1, path: str, key: Mapping[str, Any]
    ) -> Any:
        there = {entry_key(entry, key): entry for entry in live}
        ours = {entry_key(entry, key) for entry in wanted}
        owned = {step: below for step, below in fields.items() if step.startswith("k:")}
        kept = []
        for entry in wanted:
            identity = entry_key(entry, key)
            if identity in there:
                below = _below_entry(owned, entry)
                kept.append(self.of(entry, there[identity], below, path=f"{path}[{identity[0]}]"))
        left = owned_part(owned, live) if owned else []
        return [*kept, *(entry for entry in left if entry_key(entry, key) not in ours)]


def _below_entry(owned: FieldsV1, entry: Mapping[str, Any]) -> FieldsV1:
    """Return the fields below the entry of a keyed list; empty if its manager has set none."""
    return next((below for step, below in owned.items() if owned_part({step: {}}, [entry])), {})


def _whole(wanted: Any, live: Any, path: str) -> Any:
    """Return what has a single owner as it is, with amounts and empty values in the intent's own words."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        kept = {f: _whole(v, live.get(f), f"{path}.{f}") for f, v in wanted.items() if f in live or v == ""}
        return {**kept, **{field: value for field, value in live.items() if field not in wanted}}
    if _is_list(wanted) and _is_list(live) and len(wanted) == len(live):
        return [_whole(ours, theirs, path) for ours, theirs in zip(wanted, live, strict=True)]
    return wanted if same(wanted, live, path) else live


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def masked(shown: Preview) -> Preview:
    """Hide the values of containers' environment variables; that one differs can still be seen."""
    before = _values(shown.before)
    return replace(shown, before=_hide(shown.before, {}), after=_hide(shown.after, before))


def _containers(manifest: Any) -> Sequence[tuple[str, Mapping[str, Any]]]:
    pod = ((manifest or {}).get("spec") or {}).get("template", {}).get("spec", {})
    return [(part, c) for part in ("initContainers", "containers") for c in pod.get(part, ())]


def _values(manifest: Manifest | None) -> Mapping[tuple[str, str, str], Any]:
    return {
        (part, container.get("name", ""), variable["name"]): variable.get("value")
        for part, container in _containers(manifest)
        for variable in container.get("env", ())
    }


def _hide(manifest: Manifest | None, known: Mapping[tuple[str, str, str], Any]) -> Manifest | None:
    if manifest is None or not _values(manifest):
        return manifest
    pod = dict(manifest["spec"]["template"]["spec"])
    for part in ("initContainers", "containers"):
        if part in pod:
            pod[part] = [_without_values(part, container, known) for container in pod[part]]
    template = {**manifest["spec"]["template"], "spec": pod}
    return {**manifest, "spec": {**manifest["spec"], "template": template}}


def _without_values(
    part: str, container: Mapping[str, Any], known: Mapping[tuple[str, str, str], Any]
) -> Mapping[str, Any]:
    hidden = []
    for variable in container.get("env", ()):
        identity = (part, container.get("name", ""), variable["name"])
        is_other = identity in known and known[identity] != variable.get("value")
        masking = {"value": _HIDDEN_NEW if is_other else _HIDDEN} if "value" in variable else {}
        hidden.append({**variable, **masking})
    return {**container, **({"env": hidden} if hidden else {})}
