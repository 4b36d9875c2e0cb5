"""What running pods keep of their template: neither an upgrade of the controller nor its settings restart a pod.

What is rendered today is not what an earlier version rendered, or this one with another image for the model sync. And
the poller never applied most edits of a record. To apply it would roll out all endpoints at once, only because the
controller changed. So a label says for which fields of the record a template was made. While the record still says
that, and there are pods to be spared, the template stays; the next edit of one of those fields applies everything.
"""

from dataclasses import dataclass

from gco_stream.core.adoption import found_fields, value_at
from gco_stream.core.manifests import pod
from gco_stream.core.manifests.canonical import pruned
from gco_stream.core.manifests.images import image_for_region
from gco_stream.core.manifests.ownership import (
    FOUND_TEMPLATE,
    TEMPLATE_FIELDS,
    TEMPLATE_VERSION,
    is_marked,
    is_ours,
    labels_of,
)
from gco_stream.core.manifests.template_fields import template_fields_hash
from gco_stream.core.merging import owned_part, unowned
from gco_stream.core.models import EndpointName, Manifest
from gco_stream.core.projection import answering_container, digest, model_sync_image
from gco_stream.core.record import Endpoint

FOUND_VERSION = "1"
"""The poller's own template: only ever kept, never rendered."""


def keeps_template(live: Manifest, runs: Endpoint, *, region: str) -> bool:
    """Whether a Deployment keeps the template that the poller gave it, or another version of the controller.

    True while the record says of its pods what it said when they were made, and they are there; but for one of ours
    no longer than what the record says of the container is as we applied it. Who has changed that by hand has replaced
    the pods already: there are none to be spared. A projection is enough.

    Args:
        runs: The endpoint as these pods run it: a canary's differs in its image.
    """
    labels = labels_of(live)
    if not has_pods(live):
        return False
    if FOUND_TEMPLATE in labels:
        return labels[FOUND_TEMPLATE] == template_fields_hash(runs.spec, region=region)
    version = labels.get(TEMPLATE_VERSION)
    if version is None:
        return not is_marked(live)
    if version == pod.VERSION or not _is_as_applied(live, runs, region):
        return False
    # Without the label it cannot be told what the record said; a pod that is spared in vain is the lesser evil.
    return TEMPLATE_FIELDS not in labels or labels[TEMPLATE_FIELDS] == template_fields_hash(runs.spec, region=region)


def _is_as_applied(live: Manifest, runs: Endpoint, region: str) -> bool:
    """Whether we still own what the record itself says of the container, which every version of ours has applied."""
    if digest(live) is not None:
        return "image" in answering_container(live)
    spec = runs.spec
    said = {
        "name": pod.CONTAINER,
        "image": image_for_region(spec.image, spec.region_image_uris, region),
        "command": list(spec.command),
        "args": list(spec.args),
        "env": pod.environment(spec.env),
        "resources": spec.resources.model_dump(),
    }
    template = {"spec": {"template": {"spec": {"containers": [said]}}}}
    return not any(unowned(found_fields(live), pruned(template)))


def has_pods(live: Manifest) -> bool:
    """Whether a Deployment has pods, or asks for any."""
    wanted, there = (live.get("spec") or {}).get("replicas"), (live.get("status") or {}).get("replicas")
    return wanted != 0 or bool(there)


def is_as_found(live: Manifest) -> bool:
    """Whether the template of a Deployment is the poller's, as far as its labels tell."""
    return FOUND_TEMPLATE in labels_of(live) or not (is_marked(live) or TEMPLATE_VERSION in labels_of(live))


def is_kept_as_found(live: Manifest, name: EndpointName) -> bool:
    """Whether a Deployment of an endpoint still has the template that the poller gave it."""
    return not is_ours(live, name) or FOUND_TEMPLATE in labels_of(live)


def with_kept_template(manifest: Manifest, live: Manifest) -> Manifest:
    """Return a rendered Deployment with the template that is there, and the labels that say whose it is.

    What is kept are exactly the fields that we own, or the old client whose fields are folded into ours; so an apply
    of them changes nothing, and what others have set in the template stays theirs. The strategy of rolling out is kept
    where it was found: it restarts nobody, but is a part of what the poller never applied.

    Args:
        live: The whole object; of a projection nothing is known to be kept, nor is anything compared.
    """
    metadata, is_found = manifest["metadata"], is_as_found(live)
    labels = {label: value for label, value in metadata["labels"].items() if label != TEMPLATE_FIELDS}
    fields = metadata["labels"][TEMPLATE_FIELDS]
    if is_found:
        labels |= {TEMPLATE_VERSION: FOUND_VERSION, FOUND_TEMPLATE: fields}
    else:
        labels |= {TEMPLATE_VERSION: labels_of(live)[TEMPLATE_VERSION], TEMPLATE_FIELDS: fields}
    kept = ("strategy", "template") if is_found else ("template",)
    rendered = {field: value for field, value in manifest["spec"].items() if field not in kept}
    spec = {**rendered, **_applied(live, kept)}
    return {**manifest, "metadata": {**metadata, "labels": dict(sorted(labels.items()))}, "spec": spec}


def _applied(live: Manifest, fields: tuple[str, ...]) -> Manifest:
    owned = found_fields(live).get("f:spec") or {}
    kept = {f"f:{field}": owned[f"f:{field}"] for field in fields if f"f:{field}" in owned}
    applied: Manifest = owned_part(kept, live.get("spec") or {}, with_empty=True) if kept else {}
    return applied


def with_kept_sync_image(manifest: Manifest, live: Manifest) -> Manifest:
    """Return a rendered Deployment with the model-sync image that we gave its pods, before the setting changed."""
    image, template = model_sync_image(live), manifest["spec"]["template"]
    fields = manifest["metadata"]["labels"][TEMPLATE_FIELDS]
    synced = template["spec"].get("initContainers")
    if image is None or not synced or not has_pods(live) or labels_of(live).get(TEMPLATE_FIELDS, fields) != fields:
        return manifest
    containers = [{**one, "image": image} if one["name"] == pod.SYNC_CONTAINER else one for one in synced]
    if containers == synced:
        return manifest
    kept = {**template, "spec": {**template["spec"], "initContainers": containers}}
    return {**manifest, "spec": {**manifest["spec"], "template": kept}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Where pods answer, whatever the record has said since: their port, and the path of their health."""

    port: int
    health_path: str


def serving_of(live: Manifest) -> Serving | None:
    """Return where the pods of a Deployment answer, by its template; None if that cannot be told from it.

    As long as a template is kept, its Service and its Ingress have to follow it and not what is rendered: the poller
    never applied another port or another health path to pods, and the load balancer would find none of them healthy.
    """
    container = answering_container(live)
    port = value_at(container, "ports", 0, "containerPort")
    path = value_at(container, "readinessProbe", "httpGet", "path")
    return Serving(port=port, health_path=path) if isinstance(port, int) and isinstance(path, str) else None
