"""What is kept of a live object: a few hundred bytes that planning and reporting need, instead of the whole.

A projection is a manifest, too, only a thin one: its names, its marks, its counters. In place of everything that we
set it holds the digest of it, so that ``is the object as we want it`` is answered without the object.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from sys import intern
from typing import Any

from gco_stream.core.manifests import pod
from gco_stream.core.manifests.ingress import HEALTH_PATH
from gco_stream.core.manifests.ownership import (
    ENDPOINT,
    FIELD_MANAGER,
    FOUND_TEMPLATE,
    HOLD,
    INFERENCE,
    MANAGED_BY,
    TEMPLATE_FIELDS,
    TEMPLATE_VERSION,
    TYPE,
    labels_of,
)
from gco_stream.core.merging import applied_by, entry_key, fields_of, keeps_empty_strings, list_key, owned_part
from gco_stream.core.models import Manifest
from gco_stream.core.quantities import amount
from gco_stream.core.route import ROUTE_ANNOTATIONS

_DIGEST = "digest"
_PATH = "path"
_LONGEST_HOLD = 200
_METADATA = ("uid", "resourceVersion", "generation", "deletionTimestamp")
_IDENTITY = ("uid", "resourceVersion", "deletionTimestamp", "name", "namespace")
_MARKS = (MANAGED_BY, ENDPOINT, FOUND_TEMPLATE, TEMPLATE_VERSION, TEMPLATE_FIELDS)
_KEPT_ANNOTATIONS = (HEALTH_PATH, *ROUTE_ANNOTATIONS)
_COUNTERS = ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
_NOT_SET = ("apiVersion", "kind")
_NAMES = ("name", "namespace")
_AMOUNTS = ("requests", "limits")
_as_text = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def project(live: Manifest) -> Manifest:
    """Make the projection of a live object."""
    metadata, spec, status = live["metadata"], live.get("spec") or {}, live.get("status") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if not _may_be_an_endpoints(labels):
        return _of_somebody_else(metadata)
    thin: dict[str, Any] = {
        "metadata": {
            **{field: metadata[field] for field in _METADATA if field in metadata},
            # Every object of an endpoint says these again: once in memory is enough.
            **{field: intern(metadata[field]) for field in _NAMES if field in metadata},
            "labels": {mark: intern(labels[mark]) for mark in _MARKS if mark in labels},
            "annotations": {
                **{field: annotations[field] for field in _KEPT_ANNOTATIONS if field in annotations},
                **({HOLD: annotations[HOLD][:_LONGEST_HOLD]} if HOLD in annotations else {}),
            },
        },
        _DIGEST: digest_of_live(live),
    }
    if live.get("kind") == "Ingress":
        thin[_PATH] = path_of(live)
    if live.get("kind") == "Service":
        thin["spec"] = {"ports": [{"targetPort": port.get("targetPort")} for port in spec.get("ports") or ()]}
    if "replicas" in spec:
        thin["spec"] = {"replicas": spec["replicas"], **_template(live)}
        thin["status"] = {
            **{counter: status[counter] for counter in _COUNTERS if counter in status},
            "conditions": [_condition(c) for c in status.get("conditions") or () if c["type"] == "Progressing"],
        }
    return thin


def _may_be_an_endpoints(labels: Mapping[str, str]) -> bool:
    """Whether an object has any label by which an endpoint's is known, ours or the poller's."""
    return labels.get(TYPE) == INFERENCE or labels.get(MANAGED_BY) == FIELD_MANAGER or ENDPOINT in labels


def _of_somebody_else(metadata: Mapping[str, Any]) -> Manifest:
    """Keep of another's object that it is there: it may bear a name that an endpoint wants."""
    kept = {field: metadata[field] for field in _IDENTITY if field in metadata}
    return {"metadata": {**kept, "labels": {}, "annotations": {}}, _DIGEST: ""}


def is_somebody_elses(projection: Manifest) -> bool:
    """Whether an object that is kept bears nothing by which an endpoint's is known."""
    return digest(projection) == ""


def _template(live: Manifest) -> Mapping[str, Any]:
    """Keep what planning has to know of a template: the image of the model sync, and of a kept one where it answers."""
    sync, labels, answering = model_sync_image(live), labels_of(live), answering_container(live)
    if not answering or not _left_out(labels):
        return {} if sync is None else {"template": _thin_template(sync)}
    is_ours = FOUND_TEMPLATE in labels or _applied(live, "containers", pod.CONTAINER)
    ports = tuple((port.get("containerPort"), port.get("name")) for port in answering.get("ports") or ())
    path = ((answering.get("readinessProbe") or {}).get("httpGet") or {}).get("path")
    return {"template": _thin_template(sync, ports, path, answering.get("image") if is_ours else None)}


@lru_cache(maxsize=1024)
def _thin_template(
    sync: str | None, ports: tuple[Any, ...] | None = None, path: str | None = None, image: str | None = None
) -> Mapping[str, Any]:
    """Make the template of a projection; what many say alike is once in memory."""
    kept: dict[str, Any] = {}
    if sync is not None:
        kept["initContainers"] = [{"name": pod.SYNC_CONTAINER, "image": sync}]
    if ports is not None:
        said = {"name": pod.CONTAINER, "ports": [{"containerPort": port, "name": name} for port, name in ports]}
        probe = {} if path is None else {"readinessProbe": {"httpGet": {"path": path}}}
        kept["containers"] = [{**said, **probe, **({} if image is None else {"image": image})}]
    return {"spec": kept}


def answering_container(live: Manifest) -> Mapping[str, Any]:
    """Return the container that serves, of a Deployment or of its projection; empty if that does not say."""
    return _container(live, "containers", pod.CONTAINER)


def model_sync_image(live: Manifest) -> str | None:
    """Return the image of the model sync that we gave pods; None if they have none, or somebody else's."""
    image: str | None = _container(live, "initContainers", pod.SYNC_CONTAINER).get("image")
    is_ours = digest(live) is not None or _applied(live, "initContainers", pod.SYNC_CONTAINER)
    return image if is_ours else None


def _container(live: Manifest, part: str, name: str) -> Mapping[str, Any]:
    template = (live.get("spec") or {}).get("template") or {}
    containers = (template.get("spec") or {}).get(part) or ()
    return next((one for one in containers if one.get("name") == name), {})


def _applied(live: Manifest, part: str, name: str) -> bool:
    """Whether the image of a container is one that we set."""
    steps = ("f:spec", "f:template", "f:spec", f"f:{part}", f'k:{{"name":"{name}"}}', "f:image")
    return applied_by(fields_of(live, FIELD_MANAGER), steps)


def _condition(condition: Mapping[str, Any]) -> Mapping[str, Any]:
    return {field: condition.get(field) for field in ("type", "reason", "message")}


def digest(manifest: Manifest) -> str | None:
    """Return the digest that a projection carries; None for an object that is whole."""
    found: str | None = manifest.get(_DIGEST)
    return found


def path_of(ingress: Manifest) -> str | None:
    """Return the path of an Ingress or of its projection; None if it does not have exactly one that can be told."""
    if _PATH in ingress:
        found: str | None = ingress[_PATH]
        return found
    rules = (ingress.get("spec") or {}).get("rules") or ()
    paths = [one.get("path") for rule in rules for one in (rule.get("http") or {}).get("paths") or ()]
    return paths[0] if len(paths) == 1 else None


def digest_of_live(live: Manifest) -> str:
    """Name what we applied to an object, as it is there now; of what others set, nothing counts."""
    fields = fields_of(live, FIELD_MANAGER)
    return _digest(live.get("kind", ""), owned_part(fields, live) if fields else {})


def digest_of_intent(intent: Manifest) -> str:
    """Name an intent: the same as the live object's that is exactly so."""
    return _digest(intent["kind"], intent)


def _digest(kind: str, manifest: Manifest) -> str:
    fields = {field: value for field, value in manifest.items() if field not in _NOT_SET}
    metadata = fields.get("metadata") or {}
    left_out = _left_out(metadata.get("labels") or {})
    if left_out:
        fields["spec"] = {field: value for field, value in (fields.get("spec") or {}).items() if field not in left_out}
    fields["metadata"] = {field: value for field, value in metadata.items() if field not in _NAMES}
    text = _as_text(_canonical(kind, "", fields))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _left_out(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Name the parts of a Deployment that are kept as they are, by whose template it says it has."""
    if FOUND_TEMPLATE in labels:
        return ("template", "strategy")
    return ("template",) if labels.get(TEMPLATE_VERSION, pod.VERSION) != pod.VERSION else ()


def _canonical(kind: str, field: str, value: Any) -> Any:
    """Write a value in the one way that does not depend on who wrote it.

    The API server drops empty strings, writes amounts its own way, and the order of keyed entries is nobody's.
    """
    if isinstance(value, dict):
        if field in _AMOUNTS:
            return {key: _amount(str(entry)) for key, entry in value.items() if entry != ""}
        keeps_empty = keeps_empty_strings(field)
        # Most of an object are strings: each costs a look here, and no call.
        return {
            key: entry if isinstance(entry, str) else _canonical(kind, key, entry)
            for key, entry in value.items()
            if entry != "" or keeps_empty
        }
    if isinstance(value, list | tuple):
        key = list_key(kind, field)
        entries_in_order = value if key is None else sorted(value, key=lambda entry: str(entry_key(entry, key)))
        return [_canonical(kind, "", entry) for entry in entries_in_order]
    return value


@lru_cache(maxsize=1024)
def _amount(value: str) -> str:
    known = amount(value)
    return value if known is None else str(known.normalize())
