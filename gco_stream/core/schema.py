"""The record as a JSON Schema, so that editors complete it and say what is wrong while it is written.

What a schema cannot say (that two fields contradict each other, that a name is taken) is found by ``create`` and
``apply`` before they write anything. Source: https://json-schema.org/draft/2020-12/schema
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gco_stream.core.record import Endpoint, EndpointRecord

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
# What is completed, in the order in which it is written.
_ORDER = (
    *("endpoint_name", "desired_state", "target_regions", "namespace", "spec", "ingress_path", "labels"),
    *("created_by", "created_at", "updated_at", "region_status"),
)
DESCRIPTIONS: Mapping[str, str] = {
    "endpoint_name": "Names the Deployment, the Service and the autoscaler; the Ingress is `inference-<name>`.",
    "desired_state": "`deploying`, `running`: run it; `stopped`: keep all but pods and traffic; "
    "`deleted`: take it away.",
    "target_regions": "The endpoint runs in exactly these regions; elsewhere its objects are taken away.",
    "namespace": "The controller's own namespace (`INFERENCE_NAMESPACE`); another one is an error.",
    "spec": "Makes the objects.",
    "ingress_path": "The path on the load balancer.",
    "labels": "Labels of Deployment, Service, Ingress and autoscaler, not of pods; `app`, `project` and keys of the "
    "domains `gco.io`, `kubernetes.io` and `k8s.io` are left out silently.",
    "created_by": "For people.",
    "created_at": "When the record was made; written by whoever makes it, and never by the controller.",
    "updated_at": "When something else was last asked for; written by whoever asks, and never by the controller. It "
    "decides whether a status without `observed_spec` is newer than the last change.",
    "region_status": "How the endpoint is, by region; written by the controllers alone.",
    "spec.image": "The server's image.",
    "spec.port": "The container's port, where probes ask, and what the Service's port 80 leads to.",
    "spec.replicas": "How many pods; with 0 the endpoint is `running` with 0 of 0, and not published. With autoscaling "
    "on, only a start from 0 goes by it, moved into the bounds; a count above 0 is the autoscaler's.",
    "spec.gpu_count": "So many accelerators in requests and limits; 0: none, and no selector or toleration for them.",
    "spec.accelerator": "Which resource, toleration and default selector: `nvidia.com/gpu` or `aws.amazon.com/neuron`.",
    "spec.health_check_path": "Pods and load balancer ask for it, behind the server's root path where it has one.",
    "spec.region_image_uris": "The image for this region, if it is `image`'s repository and tag in another registry; "
    "otherwise ignored.",
    "spec.env": "Environment variables, by name, each after those that it refers to as `$(NAME)`.",
    "spec.resources": "What each pod asks for and may take; accelerators are added.",
    "spec.resources.requests": "What is given replaces the default as a whole.",
    "spec.resources.limits": "What is given replaces the default as a whole.",
    "spec.command": "Replaces the image's entry point; then nothing is added to `args`.",
    "spec.args": "The server's arguments; for vLLM `--root-path /inference/<name>` is added, unless there is a "
    "`command` or a root path already.",
    "spec.model_path": "Mounts the volume `efs-claim` at `/models`, whatever the string says.",
    "spec.model_source": "Mounts the volume `efs-claim`, and an init container copies from there to `/models/<name>` "
    "at every start.",
    "spec.node_selector": "Replaces the accelerator's default selector.",
    "spec.tolerations": "Added to the accelerator's own.",
    "spec.tolerations.key": "The taint's key; without one it tolerates all.",
    "spec.tolerations.operator": "Equal compares the value, Exists does not.",
    "spec.tolerations.value": "The taint's value.",
    "spec.tolerations.effect": "The taint's effect; without one it tolerates all.",
    "spec.tolerations.tolerationSeconds": "How long a NoExecute taint is tolerated.",
    "spec.capacity_type": "Selects `karpenter.sh/capacity-type`.",
    "spec.gpu_type": "Selects `node.kubernetes.io/instance-type`, such as `g5.xlarge`.",
    "spec.autoscaling": "While it is on, a HorizontalPodAutoscaler with the endpoint's name owns the replica count; "
    "switching it on moves no replica, switching it off goes straight to `replicas`. Stopping leaves it. Without a "
    "metrics server it holds the bounds and does nothing else.",
    "spec.autoscaling.enabled": "While it is `false`, the other fields are not looked at.",
    "spec.autoscaling.min_replicas": "Never fewer.",
    "spec.autoscaling.max_replicas": "Never more.",
    "spec.autoscaling.metrics": "What it goes by. An empty list is the default, too; the order means nothing.",
    "spec.autoscaling.metrics.type": "Which resource.",
    "spec.autoscaling.metrics.target": "Average utilization in percent of the pods' requests.",
    "spec.canary": "A second Deployment and Service `<name>-canary`, the same but for image and replicas, with "
    "`weight` percent of the traffic once it is ready and warm.",
    "spec.canary.image": "Its image.",
    "spec.canary.weight": "Its share of the traffic in percent.",
    "spec.canary.replicas": "How many pods it has.",
    "spec.rollout": "How pods are replaced.",
    "spec.rollout.max_surge": "Pods beyond the count while they are replaced. Not 0 together with `max_unavailable`.",
    "spec.rollout.max_unavailable": "Pods that may be missing meanwhile. Where `max_surge` is 0 by default, 0 here "
    "makes that 1.",
    "spec.rollout.progress_deadline_seconds": "Seconds that a rollout may take without a step forward; after "
    "them the state is `error`.",
}
"""What each field is for, by its path; entries of lists have the path of their list."""


def record_schema() -> dict[str, Any]:
    """Make the schema of a record as people write it.

    Null means the same as absent everywhere; the schema does not offer it, and takes a field rather left out.
    """
    first, second = EndpointRecord.model_json_schema(), Endpoint.model_json_schema()
    found = {**second["properties"], **first["properties"]}
    found |= dict.fromkeys(("namespace", "created_by"), _TEXT) | dict.fromkeys(("created_at", "updated_at"), _TIME)
    parts = second["$defs"]
    return {
        "$schema": _DIALECT,
        "title": "gco-stream endpoint",
        "description": "One item of the table of inference endpoints. Leave out what has no value.",
        "type": "object",
        "required": ["endpoint_name"],
        "properties": {name: _resolved(found[name], parts, name) for name in _ORDER},
    }


def described_fields(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every field of a schema that has a name of its own, with its path; lists are gone through."""
    inner = schema.get("items", schema)
    for name, field in inner.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield here, field
        yield from described_fields(field, here)


def _resolved(field: Mapping[str, Any], parts: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Write a field with its parts in place, without null, and with what it is for."""
    choices = [choice for choice in field.get("anyOf", ()) if choice.get("type") != "null"]
    whole = {key: value for key, value in field.items() if key not in ("anyOf", "$ref", "title", "description")}
    if "$ref" in field:
        whole |= parts[field["$ref"].rpartition("/")[2]]
    if len(choices) == 1:
        return _resolved({**whole, **choices[0]}, parts, path)
    if choices:
        whole["anyOf"] = choices
    if whole.get("default", "") in (None, [], {}):
        del whole["default"]
    if "patternProperties" in whole:
        whole["additionalProperties"] = False
    if "items" in whole:
        whole["items"] = _resolved(whole["items"], parts, path)
    if "properties" in whole:
        below = whole["properties"].items()
        whole["properties"] = {name: _resolved(one, parts, f"{path}.{name}") for name, one in below}
    described = {"description": DESCRIPTIONS[path]} if path in DESCRIPTIONS else {}
    return {key: value for key, value in whole.items() if key not in ("title", "description")} | described
