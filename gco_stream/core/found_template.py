"""The pod template that was found at adoption: it is the intent until the record's own template fields change.

The poller never applied most edits of a record. To render its Deployments anew would roll all of them out at once,
and restart every pod, only because the controller changed. So the template and the way of rolling it out stay as they
were found, with a label that says for which fields of the record. The next edit of one of those applies everything.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gco_stream.core.adoption import found_fields, value_at
from gco_stream.core.manifests.images import image_for_region
from gco_stream.core.manifests.ownership import FOUND_TEMPLATE, TEMPLATE_VERSION, is_ours
from gco_stream.core.merging import owned_part
from gco_stream.core.models import EndpointName, Manifest
from gco_stream.core.quantities import amount
from gco_stream.core.spec import EndpointSpec

FOUND_VERSION = "1"
"""The poller's own template: only ever kept, never rendered."""

# The record's template fields, and what is meant where one is missing. Not the defaults of ``EndpointSpec``: should
# those or the fields ever change, the hashes that are out there must stay what they are.
_MEANT: Mapping[str, Any] = {
    "port": 8000,
    "gpu_count": 1,
    "accelerator": "nvidia",
    "health_check_path": "/health",
    "env": {},
    "command": [],
    "args": [],
    "model_path": None,
    "model_source": None,
    "node_selector": {},
    "tolerations": [],
    "capacity_type": None,
    "gpu_type": None,
}
_MEANT_RESOURCES = {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"cpu": "4", "memory": "16Gi"}}


def template_fields_hash(spec: EndpointSpec, *, region: str, canary: bool = False) -> str:
    """Name what a record says about its pods, as the value of a label.

    Args:
        region: Whose copy of the image counts; another region's copy is no change here.
        canary: Whether the pods are the canary's, which differ in their image.
    """
    image = spec.canary.image if canary and spec.canary is not None else spec.image
    given = spec.model_dump(mode="json", include={*_MEANT}, exclude_unset=True)
    fields = {field: value for field, value in given.items() if value != _MEANT[field]}
    if "tolerations" in fields:
        fields["tolerations"] = [toleration.model_dump(exclude_none=True) for toleration in spec.tolerations]
    fields |= {"image": image_for_region(image, spec.region_image_uris, region), "resources": _resources(spec)}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _resources(spec: EndpointSpec) -> Mapping[str, Mapping[str, str]]:
    given = spec.resources.model_dump(exclude_unset=True) if "resources" in spec.model_fields_set else {}
    return {part: _amounts(given.get(part, meant)) for part, meant in _MEANT_RESOURCES.items()}


def _amounts(quantities: Mapping[str, str]) -> Mapping[str, str]:
    known = {resource: amount(quantity) for resource, quantity in quantities.items()}
    return {resource: str(quantities[resource] if n is None else n.normalize()) for resource, n in known.items()}


def keeps_found_template(live: Manifest, wanted_hash: str) -> bool:
    """Whether a Deployment of ours still has to keep the template that it was found with.

    True as long as the record says of its pods what it said at adoption, and while there are pods to be spared.
    The labels and the counters of a projection are enough.
    """
    labels = live.get("metadata", {}).get("labels") or {}
    return labels.get(FOUND_TEMPLATE) == wanted_hash and has_pods(live)


def bears_found_template(live: Manifest) -> bool:
    """Whether a Deployment is marked as one that may still have the template that it was found with."""
    return FOUND_TEMPLATE in (live.get("metadata", {}).get("labels") or {})


def is_kept_as_found(live: Manifest, name: EndpointName) -> bool:
    """Whether a Deployment of an endpoint still has the template that the poller gave it."""
    return not is_ours(live, name) or FOUND_TEMPLATE in (live["metadata"].get("labels") or {})


def has_pods(live: Manifest) -> bool:
    """Whether a Deployment has pods, or asks for any."""
    wanted, there = (live.get("spec") or {}).get("replicas"), (live.get("status") or {}).get("replicas")
    return wanted != 0 or bool(there)


def as_found(live: Manifest) -> Manifest:
    """Return what of a Deployment was found and is to stay: the pod template, and the strategy of rolling it out.

    They are exactly the fields that the old client owns, or we, once they are folded; so an apply of them changes
    nothing. What others have set in the template stays theirs.

    Args:
        live: The whole object, not a projection.
    """
    fields = found_fields(live).get("f:spec") or {}
    kept = {step: fields[step] for step in ("f:strategy", "f:template") if step in fields}
    found: Manifest = {"spec": owned_part(kept, live.get("spec") or {}) if kept else {}}
    return found


def with_found_template(manifest: Manifest, live: Manifest, *, wanted_hash: str) -> Manifest:
    """Return a rendered Deployment with the template and the strategy that were found, and the labels that say so."""
    marks = {TEMPLATE_VERSION: FOUND_VERSION, FOUND_TEMPLATE: wanted_hash}
    metadata = manifest["metadata"]
    labels = dict(sorted({**metadata["labels"], **marks}.items()))
    rendered = {field: value for field, value in manifest["spec"].items() if field not in ("strategy", "template")}
    return {**manifest, "metadata": {**metadata, "labels": labels}, "spec": {**rendered, **as_found(live)["spec"]}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Where pods answer, whatever the record has said since: their port, and the path of their health."""

    port: int
    health_path: str


def serving_of(live: Manifest) -> Serving | None:
    """Return where the pods of a Deployment answer, by its template; None if that cannot be told from it.

    As long as a found template is kept, its Service and its Ingress have to follow it and not the record: the poller
    never applied another port or another health path to pods, and the load balancer would find none of them healthy.
    """
    container = value_at(live, "spec", "template", "spec", "containers", 0)
    port = value_at(container, "ports", 0, "containerPort")
    path = value_at(container, "readinessProbe", "httpGet", "path")
    return Serving(port=port, health_path=path) if isinstance(port, int) and isinstance(path, str) else None
