"""The pod template, version 2."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gco_stream.core.manifests import server
from gco_stream.core.manifests.images import image_for_region
from gco_stream.core.manifests.ownership import pod_labels
from gco_stream.core.models import Scope
from gco_stream.core.record import Endpoint
from gco_stream.core.spec import EndpointSpec

VERSION = "2"
"""Raise it with every change of the template, or running pods are replaced: see ``kept_template``."""

_ACCELERATORS = {
    "nvidia": ("nvidia.com/gpu", {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"}),
    "neuron": ("aws.amazon.com/neuron", {"accelerator": "neuron"}),
}
CONTAINER = "inference"
SYNC_CONTAINER = "model-sync"
PORT_NAME = "http"
_MODELS = {"name": "model-storage", "mountPath": "/models"}
# Time for the load balancer to stop sending requests before the server is told to end.
_DRAIN_SECONDS = 15
_GRACE_SECONDS = 60


def pod_template(endpoint: Endpoint, scope: Scope, *, app: str) -> dict[str, Any]:
    """Render the template of an endpoint's pods.

    Args:
        app: What they are selected by: the endpoint's name, or its canary's.
    """
    spec = endpoint.spec
    return {
        "metadata": {"labels": pod_labels(app)},
        "spec": {
            "serviceAccountName": "gco-service-account",
            # A Service called vllm would otherwise put VLLM_PORT into every pod, which vLLM takes for a setting.
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": _GRACE_SECONDS,
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "initContainers": _init_containers(endpoint, scope),
            "containers": [_container(endpoint, scope)],
            "tolerations": _tolerations(spec),
            "nodeSelector": _node_selector(spec),
            "volumes": _volumes(spec),
        },
    }


def _container(endpoint: Endpoint, scope: Scope) -> dict[str, Any]:
    spec = endpoint.spec
    health = {"httpGet": {"path": server.health_path(endpoint), "port": spec.port}}
    return {
        "name": CONTAINER,
        "image": image_for_region(spec.image, spec.region_image_uris, scope.region),
        "command": list(spec.command),
        "args": list(server.arguments(endpoint)),
        "ports": [{"containerPort": spec.port, "name": PORT_NAME, "protocol": "TCP"}],
        "env": environment(spec.env),
        "resources": _resources(spec),
        "volumeMounts": [_MODELS] if _has_models(spec) else [],
        "startupProbe": {**health, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 180},
        "livenessProbe": {**health, "initialDelaySeconds": 120, "periodSeconds": 15, "failureThreshold": 5},
        "readinessProbe": {**health, "initialDelaySeconds": 30, "periodSeconds": 10},
        "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
        "securityContext": {"allowPrivilegeEscalation": False},
    }


def environment(variables: Mapping[str, str]) -> list[dict[str, str]]:
    """List environment variables by name, each after those that it refers to as ``$(NAME)``.

    A map has no order, but Kubernetes resolves such a reference only to a variable listed before.
    """
    ordered: dict[str, None] = {}
    for first in sorted(variables):
        path = [first]
        while path:
            missing = (name for name in _references(variables[path[-1]]) if name not in ordered and name not in path)
            following = min((name for name in missing if name in variables), default=None)
            if following is None:
                ordered.setdefault(path.pop())
            else:
                path.append(following)
    return [{"name": name, "value": variables[name]} for name in ordered]


def _references(value: str) -> Iterable[str]:
    return re.findall(r"\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)", value)


def _resources(spec: EndpointSpec) -> dict[str, dict[str, str]]:
    resource, _ = _ACCELERATORS[spec.accelerator]
    accelerators = {resource: str(spec.gpu_count)} if spec.gpu_count else {}
    return {
        "requests": dict(sorted({**spec.resources.requests, **accelerators}.items())),
        "limits": dict(sorted({**spec.resources.limits, **accelerators}.items())),
    }


def _tolerations(spec: EndpointSpec) -> list[dict[str, Any]]:
    own = []
    if spec.gpu_count:
        resource, _ = _ACCELERATORS[spec.accelerator]
        own = [{"key": resource, "operator": "Equal", "value": "true", "effect": "NoSchedule"}]
    return own + [given.model_dump(exclude_none=True) for given in spec.tolerations]


def _node_selector(spec: EndpointSpec) -> dict[str, str]:
    _, labels = _ACCELERATORS[spec.accelerator]
    selector = dict(spec.node_selector) or (dict(labels) if spec.gpu_count else {})
    if spec.capacity_type:
        selector["karpenter.sh/capacity-type"] = spec.capacity_type
    if spec.gpu_type:
        selector["node.kubernetes.io/instance-type"] = spec.gpu_type
    return dict(sorted(selector.items()))


def _has_models(spec: EndpointSpec) -> bool:
    return spec.model_path is not None or spec.model_source is not None


def _volumes(spec: EndpointSpec) -> list[dict[str, Any]]:
    if not _has_models(spec):
        return []
    return [{"name": _MODELS["name"], "persistentVolumeClaim": {"claimName": "efs-claim"}}]


def _init_containers(endpoint: Endpoint, scope: Scope) -> list[dict[str, Any]]:
    source = endpoint.spec.model_source
    if source is None:
        return []
    return [
        {
            "name": SYNC_CONTAINER,
            "image": scope.model_sync_image,
            "command": ["aws"],
            # No shell, and $(…) in a URI is not to be expanded by the kubelet either.
            "args": ["s3", "sync", source.replace("$(", "$$("), f"/models/{endpoint.name}", "--no-progress"],
            "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "4", "memory": "8Gi"}},
            "volumeMounts": [_MODELS],
            "securityContext": {"allowPrivilegeEscalation": False},
        }
    ]
