"""Whether an object that the poller left behind may be taken over, and how its fields become ours.

The poller made its objects with the generated Python client and a plain POST, so that the API server wrote all their
fields, defaulted ones too, down to that client. Applied beside it, nothing that we leave out later would ever go.
So what it owns is written over to us first, and the apply that follows removes what the intent does not have.

People's own manifests share the poller's labels and may come from the same client. What counts is all of it together:
names, labels, the shape that only the poller gave, who created it, and that nobody else has laid claim to it.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gco_stream.core.manifests.ownership import ENDPOINT, FIELD_MANAGER, MANAGED_BY, REPLICAS_MANAGER, pod_labels
from gco_stream.core.merging import FieldsV1, applied_by
from gco_stream.core.models import EndpointName, Fold, Kind, Manifest, ObjectKey, object_keys

_OLD_CLIENT = "OpenAPI-Generator"
# What the API server calls whoever owned an object whose managedFields somebody had emptied by hand.
_NOBODY_KNOWN = "before-first-apply"
_KUBECTL_APPLY = "kubectl.kubernetes.io/last-applied-configuration"
_ACTIONS = "alb.ingress.kubernetes.io/actions."
_WEIGHTED = {"name": "weighted-routing", "port": {"name": "use-annotation"}}
# Fields that whoever made an object has set, and that nobody changes afterwards.
_MADE_BY: Mapping[Kind, tuple[str, str]] = {
    Kind.DEPLOYMENT: ("f:spec", "f:selector"),
    Kind.SERVICE: ("f:spec", "f:selector"),
    Kind.INGRESS: ("f:spec", "f:ingressClassName"),
    Kind.AUTOSCALER: ("f:spec", "f:scaleTargetRef"),
}
_REPLICAS = ("f:spec", "f:replicas")


def is_adoptable(live: Manifest, key: ObjectKey, name: EndpointName) -> bool:
    """Whether an object is one that the poller made for this endpoint, and nobody has claimed since.

    Ask it only where a record of that name exists; for ``<name>-canary`` only where the record has a canary or the
    Ingress of ``name`` speaks of one (``speaks_of_canary``): an endpoint may itself be called so, and its objects look
    the same.

    A projection is never adoptable, since it does not say who owns what: an object that is not ours is worth a look
    at the whole of it.
    """
    app = name if key.kind is Kind.INGRESS else key.name
    labels = _labels(live)
    return (
        key in object_keys(name)
        and pod_labels(app).items() <= labels.items()
        and not labels.keys() & {MANAGED_BY, ENDPOINT}
        and _has_its_shape(live, key.kind, app)
        and _was_made_by_the_poller(live, key.kind)
        and not _is_claimed(live, key.kind)
    )


def speaks_of_canary(ingress: Manifest | None, name: EndpointName) -> bool:
    """Whether an endpoint's Ingress sends a part of its traffic to a canary, be it there or not."""
    annotations = value_at(ingress, "metadata", "annotations")
    actions = (str(text) for key, text in (annotations or {}).items() if key.startswith(_ACTIONS))
    return any(f'"{name}-canary"' in text for text in actions)


def _has_its_shape(live: Manifest, kind: Kind, app: str) -> bool:
    match kind:
        case Kind.DEPLOYMENT:
            container = value_at(live, "spec", "template", "spec", "containers", 0, "name")
            return (value_at(live, "spec", "selector"), container) == ({"matchLabels": {"app": app}}, "inference")
        case Kind.SERVICE:
            return (value_at(live, "spec", "selector"), value_at(live, "spec", "type")) == ({"app": app}, "ClusterIP")
        case Kind.INGRESS:
            backends = list(_backends(live))
            is_known = all(value_at(backend, "name") == app or backend == _WEIGHTED for backend in backends)
            return value_at(live, "spec", "ingressClassName") == "alb" and bool(backends) and is_known
        case Kind.AUTOSCALER:
            target = value_at(live, "spec", "scaleTargetRef")
            return (value_at(target, "kind"), value_at(target, "name")) == ("Deployment", app)


def _backends(ingress: Manifest) -> Iterator[Any]:
    for rule in _listed(value_at(ingress, "spec", "rules")):
        for path in _listed(value_at(rule, "http", "paths")):
            yield value_at(path, "backend", "service")
    if value_at(ingress, "spec", "defaultBackend") is not None:
        yield value_at(ingress, "spec", "defaultBackend", "service")


def _was_made_by_the_poller(live: Manifest, kind: Kind) -> bool:
    """Whether the old client set what only the maker sets; ours are its fields once they are folded."""
    return any(
        applied_by(_fields(entry), _MADE_BY[kind]) for entry in _entries(live) if _is_old(entry) or _is_ours(entry)
    )


def was_made_by_us(live: Manifest, kind: Kind) -> bool:
    """Whether we have applied what only the maker sets, whatever somebody did to our marks since."""
    ours = (entry for entry in _entries(live) if _is_ours(entry))
    return any(applied_by(_fields(entry), _MADE_BY[kind]) for entry in ours)


def _is_claimed(live: Manifest, kind: Kind) -> bool:
    """Whether another tool applies this object, or another object owns it."""
    others = (entry for entry in _entries(live) if entry.get("operation") == "Apply" and not _is_ours(entry))
    return (
        any(applied_by(_fields(entry), _MADE_BY[kind]) for entry in others)
        or value_at(live, "metadata", "annotations", _KUBECTL_APPLY) is not None
        or bool(value_at(live, "metadata", "ownerReferences"))
    )


def adopting_fold(live: Manifest, *, keeps_replicas: bool) -> Fold | None:
    """Return the ownership to write down before an apply, with all that the old client owns written over to us.

    The old client's entry comes back whenever a poller writes again, so objects that are ours already are looked at,
    too. Entries of people, of other tools and of the cluster's own controllers stay as they are.

    Args:
        live: The whole object.
        keeps_replicas: Whether an autoscaler sets the replica count. The count then gets an owner of its own, or the
            apply, which leaves it out, would set it back to 1.

    Returns:
        None if the old client owns nothing.
    """
    entries = _entries(live)
    version = value_at(live, "metadata", "resourceVersion")
    folded = _folded_entries(entries)
    if version is None or not any(_is_old(entry) for entry in folded):
        return None
    ours = {**_head(folded[0], FIELD_MANAGER), "fieldsV1": _merged(folded)}
    others = [copy.deepcopy(dict(entry)) for entry in entries if entry not in folded]
    if keeps_replicas and applied_by(ours["fieldsV1"], _REPLICAS):
        del ours["fieldsV1"]["f:spec"]["f:replicas"]
        if not any(entry.get("manager") == REPLICAS_MANAGER for entry in others):
            others.append({**_head(folded[0], REPLICAS_MANAGER), "fieldsV1": {"f:spec": {"f:replicas": {}}}})
    return Fold(managed_fields=(ours, *others), resource_version=version)


def as_folded(live: Manifest, fold: Fold | None) -> Manifest:
    """Return an object as it is once a fold is written down; that is what an intent has to be compared with."""
    if fold is None:
        return live
    return {**live, "metadata": {**live["metadata"], "managedFields": list(fold.managed_fields)}}


def found_fields(live: Manifest) -> FieldsV1:
    """Return the tree of the fields that are ours once the old client's are folded."""
    return _merged(_folded_entries(_entries(live)))


def _folded_entries(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return our entry and those to fold into it: one entry is of one version of the API."""
    ours = [entry for entry in entries if _is_ours(entry)]
    old = [entry for entry in entries if _is_old(entry)]
    versions = [entry.get("apiVersion") for entry in (*ours, *old)][:1]
    return [entry for entry in (*ours, *old) if entry.get("apiVersion") in versions]


def _is_old(entry: Mapping[str, Any]) -> bool:
    manager = str(entry.get("manager"))
    is_known = manager.startswith(_OLD_CLIENT) or manager in (_NOBODY_KNOWN, FIELD_MANAGER)
    return is_known and entry.get("operation") == "Update" and not entry.get("subresource")


def _is_ours(entry: Mapping[str, Any]) -> bool:
    is_apply = entry.get("operation") == "Apply" and not entry.get("subresource")
    return is_apply and entry.get("manager") == FIELD_MANAGER


def _head(entry: Mapping[str, Any], manager: str) -> dict[str, Any]:
    """Make the head of an entry of ours after one that was there; without a time, which not every entry has."""
    kept = {field: entry[field] for field in ("apiVersion", "fieldsType") if field in entry}
    return {"manager": manager, "operation": "Apply", **kept}


def _merged(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for entry in entries:
        _merge(merged, _fields(entry))
    return merged


def _merge(into: dict[str, Any], fields: FieldsV1) -> None:
    for step, below in fields.items():
        _merge(into.setdefault(step, {}), below)


def _fields(entry: Mapping[str, Any]) -> FieldsV1:
    fields = entry.get("fieldsV1")
    return fields if isinstance(fields, Mapping) else {}


def _entries(live: Manifest) -> list[Mapping[str, Any]]:
    return [entry for entry in _listed(value_at(live, "metadata", "managedFields")) if isinstance(entry, Mapping)]


def _labels(live: Manifest) -> Mapping[str, Any]:
    labels = value_at(live, "metadata", "labels")
    return labels if isinstance(labels, Mapping) else {}


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def value_at(value: Any, *path: str | int) -> Any:
    """Follow a path into any value; None where it ends early."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list | tuple) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value
