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

from gco_stream.core.manifests.ingress import HEALTH_PATH
from gco_stream.core.manifests.ownership import ENDPOINT, FIELD_MANAGER, FOUND_TEMPLATE, HOLD, MANAGED_BY
from gco_stream.core.manifests.pod import SYNC_CONTAINER
from gco_stream.core.merging import entry_key, fields_of, keeps_empty_strings, list_key, owned_part
from gco_stream.core.models import Manifest
from gco_stream.core.quantities import amount
from gco_stream.core.route import ROUTE_ANNOTATIONS

_DIGEST = "digest"
_PATH = "path"
_LONGEST_HOLD = 200
_METADATA = ("uid", "resourceVersion", "generation", "deletionTimestamp")
_MARKS = (MANAGED_BY, ENDPOINT, FOUND_TEMPLATE)
_KEPT_ANNOTATIONS = (HEALTH_PATH, *ROUTE_ANNOTATIONS)
_AS_FOUND = ("template", "strategy")
_ANSWERING = ("name", "image", "ports", "readinessProbe")
_COUNTERS = ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
_NOT_SET = ("apiVersion", "kind")
_NAMES = ("name", "namespace")
_AMOUNTS = ("requests", "limits")
_as_text = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def project(live: Manifest) -> Manifest:
    """Make the projection of a live object."""
    metadata, spec, status = live["metadata"], live.get("spec") or {}, live.get("status") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
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
        thin["spec"] = {"replicas": spec["replicas"], **_answering(live)}
        thin["status"] = {
            **{counter: status[counter] for counter in _COUNTERS if counter in status},
            "conditions": [_condition(c) for c in status.get("conditions") or () if c["type"] == "Progressing"],
        }
    return thin


def _answering(live: Manifest) -> Mapping[str, Any]:
    """Keep of a template that was found where its pods answer: Service and Ingress have to follow it."""
    if FOUND_TEMPLATE not in (live["metadata"].get("labels") or {}):
        return {}
    containers = live["spec"]["template"]["spec"]["containers"][:1]
    kept = [{field: one[field] for field in _ANSWERING if field in one} for one in containers]
    return {"template": {"spec": {"containers": kept}}}


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
    if FOUND_TEMPLATE in (metadata.get("labels") or {}):
        fields["spec"] = {field: value for field, value in (fields.get("spec") or {}).items() if field not in _AS_FOUND}
    fields["metadata"] = {field: value for field, value in metadata.items() if field not in _NAMES}
    text = _as_text(_canonical(kind, "", fields))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


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
        return [_canonical(kind, "", _without_setting(field, entry)) for entry in entries_in_order]
    return value


def _without_setting(field: str, entry: Any) -> Any:
    """Leave the image out that a setting gives: another one restarts nobody, as long as nobody else changed it."""
    if field == "initContainers" and entry.get("name") == SYNC_CONTAINER and "image" in entry:
        return {**entry, "image": "as applied"}
    return entry


@lru_cache(maxsize=1024)
def _amount(value: str) -> str:
    known = amount(value)
    return value if known is None else str(known.normalize())
