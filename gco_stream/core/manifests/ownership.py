"""Whose an object is, and the labels that say so."""

from collections.abc import Mapping
from typing import Any

from gco_stream.core.models import EndpointName, Manifest, Scope
from gco_stream.core.record import Endpoint

FIELD_MANAGER = "gco-stream"
REPLICAS_MANAGER = "gco-stream-replicas"
MANAGED_BY = "app.kubernetes.io/managed-by"
ENDPOINT = "gco.io/endpoint"
TEMPLATE_VERSION = "gco.io/template-version"
TEMPLATE_FIELDS = "gco.io/template-fields"
FOUND_TEMPLATE = "gco.io/found-template"
HOLD = "gco.io/hold"
TYPE = "gco.io/type"
INFERENCE = "inference"

_RESERVED_KEYS = frozenset({"app", "project"})
_RESERVED_DOMAINS = ("gco.io", "kubernetes.io", "k8s.io")


def labels_of(live: Manifest) -> Mapping[str, str]:
    """Return the labels of an object; empty if it has none."""
    labels: Mapping[str, str] = live.get("metadata", {}).get("labels") or {}
    return labels


def is_ours(manifest: Manifest, name: EndpointName) -> bool:
    """Whether an object is one that we made for this endpoint.

    The labels ``app``, ``project`` and ``gco.io/type`` do not count: people's own manifests carry them too.
    """
    labels = labels_of(manifest)
    return labels.get(MANAGED_BY) == FIELD_MANAGER and labels.get(ENDPOINT) == name


def is_marked(manifest: Manifest) -> bool:
    """Whether an object is one that we made, for whichever endpoint."""
    return labels_of(manifest).get(MANAGED_BY) == FIELD_MANAGER


def held_by(deployment: Manifest | None) -> str | None:
    """Return why somebody asked, by an annotation on its Deployment, to leave an endpoint alone; None: nobody did."""
    annotations = (deployment or {}).get("metadata", {}).get("annotations") or {}
    reason: str | None = annotations.get(HOLD)
    return reason


def is_reserved(label: str) -> bool:
    """Whether a label key belongs to the platform, so that a record may not set it."""
    domain = label.rpartition("/")[0]
    return label in _RESERVED_KEYS or any(domain == d or domain.endswith(f".{d}") for d in _RESERVED_DOMAINS)


def pod_labels(app: str) -> dict[str, str]:
    """Return the labels of an endpoint's pods, which the selectors of the platform know."""
    return {"app": app, "project": "gco", TYPE: INFERENCE}


def metadata(
    endpoint: Endpoint, scope: Scope, *, name: str, app: str | None = None, extra: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Make the metadata of one of an endpoint's objects: its names, our marks, and the user's labels.

    Args:
        app: What its pods are selected by; None: the endpoint's name.
        extra: More labels of ours.
    """
    users = {key: value for key, value in endpoint.labels.items() if not is_reserved(key)}
    ours = {MANAGED_BY: FIELD_MANAGER, ENDPOINT: endpoint.name, **(extra or {})}
    labels = users | pod_labels(app or endpoint.name) | ours
    return {"name": name, "namespace": scope.namespace, "labels": dict(sorted(labels.items()))}
