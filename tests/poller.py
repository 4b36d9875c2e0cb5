"""What the poller leaves behind: its objects for a record, exactly as it made them, with all that is wrong with them.

It read numbers as ``int`` or ``float`` and wrote values with ``str``, took the order of ``env`` from the record, and
knew nothing of several fields of the spec (tolerations, the instance type, copies of images, labels, the rollout).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from gco_stream.core.leadership import LEASE_NAME
from gco_stream.core.models import Item
from tests.world.kubernetes import Kubernetes

USER_AGENT = "OpenAPI-Generator/35.0.0/python"
MANAGER = "OpenAPI-Generator"
STRATEGIC = "application/strategic-merge-patch+json"
_MODELS = {"name": "model-storage", "mountPath": "/models"}
_PREFIXED = ("vllm", "text-generation-inference", "tgi")

Made = dict[str, Any]


def objects_of(item: Item) -> list[Made]:
    """What it had made for a record once every part of it was there."""
    spec = _read(item["spec"])
    made = [deployment(item), service(item), weighted_ingress(item) if spec.get("canary") else ingress(item)]
    if (spec.get("autoscaling") or {}).get("enabled"):
        made.append(autoscaler(item))
    if spec.get("canary"):
        made += [deployment(canary_item(item)), service(canary_item(item))]
    return made


def canary_item(item: Item) -> Item:
    """Its canary was an endpoint of another name: under a root path where nobody asks for it."""
    spec = dict(item["spec"])
    canary = spec.pop("canary")
    spec |= {"image": canary["image"], "replicas": canary.get("replicas", 1)}
    return {**item, "endpoint_name": f"{item['endpoint_name']}-canary", "spec": spec}


def _read(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, Mapping):
        return {key: _read(entry) for key, entry in value.items()}
    return [_read(entry) for entry in value] if isinstance(value, list) else value


def _metadata(item: Item, name: str, **more: Any) -> Made:
    return {"name": name, "namespace": item["namespace"], "labels": _labels(item["endpoint_name"]), **more}


def _labels(app: str) -> dict[str, str]:
    return {"app": app, "project": "gco", "gco.io/type": "inference"}


def deployment(item: Item) -> Made:
    name, spec = item["endpoint_name"], _read(item["spec"])
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(item, name),
        "spec": {
            "replicas": spec.get("replicas", 1),
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": _labels(name)}, "spec": _pod(name, spec)},
        },
    }


def _pod(name: str, spec: Made) -> Made:
    is_neuron = spec.get("accelerator", "nvidia") == "neuron"
    resource = "aws.amazon.com/neuron" if is_neuron else "nvidia.com/gpu"
    gpus = spec.get("gpu_count", 1)
    selector = dict(spec.get("node_selector", {}))
    if gpus > 0 and not selector:
        selector = {"accelerator": "neuron"} if is_neuron else {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"}
    if spec.get("capacity_type") in ("spot", "on-demand"):
        selector["karpenter.sh/capacity-type"] = spec["capacity_type"]
    has_models = spec.get("model_path") or spec.get("model_source")
    volumes = [{"name": _MODELS["name"], "persistentVolumeClaim": {"claimName": "efs-claim"}}]
    pod = {
        "serviceAccountName": "gco-service-account",
        "containers": [_container(name, spec, {resource: str(gpus)} if gpus > 0 else {})],
        "initContainers": [_sync(name, spec["model_source"])] if _is_s3(spec) else None,
        # Also where there is no accelerator.
        "tolerations": [{"key": resource, "operator": "Equal", "value": "true", "effect": "NoSchedule"}],
        "nodeSelector": selector or None,
        "volumes": volumes if has_models else None,
    }
    return _sent(pod)


def _sent(value: Made) -> Made:
    """Its client dropped what is None, and nothing else: empty lists were sent."""
    return {field: entry for field, entry in value.items() if entry is not None}


def _is_s3(spec: Made) -> bool:
    return bool(spec.get("model_source")) and str(spec["model_source"]).startswith("s3://")


def _container(name: str, spec: Made, accelerators: dict[str, str]) -> Made:
    port, args, health = spec.get("port", 8000), spec.get("args"), spec.get("health_check_path", "/health")
    prefix, resources = f"/inference/{name}", spec.get("resources", {})
    is_prefixed = any(word in spec["image"].lower() for word in _PREFIXED)
    if not spec.get("command") and is_prefixed and "--root-path" not in (args or ()):
        args = [*(args or ()), "--root-path", prefix]
    path = f"{prefix}{health}" if "--root-path" in (args or ()) else health
    probe = {"httpGet": {"path": path, "port": port}}
    container = {
        "name": "inference",
        "image": spec["image"],
        "command": spec.get("command"),
        "args": args,
        "ports": [{"containerPort": port}],
        "env": [{"name": key, "value": str(value)} for key, value in spec.get("env", {}).items()] or None,
        "resources": {
            "requests": resources.get("requests", {"cpu": "1", "memory": "4Gi"}) | accelerators,
            "limits": resources.get("limits", {"cpu": "4", "memory": "16Gi"}) | accelerators,
        },
        "volumeMounts": [_MODELS] if spec.get("model_path") or spec.get("model_source") else None,
        "livenessProbe": {**probe, "initialDelaySeconds": 120, "periodSeconds": 15, "failureThreshold": 5},
        "readinessProbe": {**probe, "initialDelaySeconds": 30, "periodSeconds": 10},
    }
    return _sent(container)


def _sync(name: str, source: str) -> Made:
    """A shell that takes any content for a complete model, and whose failure nobody noticed."""
    there = f"/models/{name}"
    script = f'[ "$(ls -A {there} 2>/dev/null)" ] || aws s3 sync {source} {there} --quiet; echo done'
    return {
        "name": "model-sync",
        "image": "amazon/aws-cli:latest",
        "command": ["sh", "-c"],
        "args": [script],
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "4", "memory": "8Gi"}},
        "volumeMounts": [_MODELS],
    }


def service(item: Item) -> Made:
    name, spec = item["endpoint_name"], _read(item["spec"])
    port = {"port": 80, "targetPort": spec.get("port", 8000), "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(item, name),
        "spec": {"type": "ClusterIP", "selector": {"app": name}, "ports": [port]},
    }


def ingress(item: Item) -> Made:
    """It judged by the image alone whether the path is the server's, whatever the command."""
    name, spec = item["endpoint_name"], _read(item["spec"])
    health = spec.get("health_check_path", "/health")
    is_prefixed = any(word in spec.get("image", "").lower() for word in _PREFIXED)
    annotations = {
        "alb.ingress.kubernetes.io/healthcheck-path": f"/inference/{name}{health}" if is_prefixed else health,
        "alb.ingress.kubernetes.io/healthcheck-interval-seconds": "15",
    }
    backend = {"service": {"name": name, "port": {"number": 80}}}
    path = {"path": item.get("ingress_path", f"/inference/{name}"), "pathType": "Prefix", "backend": backend}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": _metadata(item, f"inference-{name}", annotations=annotations),
        "spec": {"ingressClassName": "alb", "rules": [{"http": {"paths": [path]}}]},
    }


def weighted_ingress(item: Item) -> Made:
    """With a canary; when the canary was taken away, it stayed so."""
    name, canary = item["endpoint_name"], _read(item["spec"])["canary"]
    weight = canary.get("weight", 10)
    groups = [
        {"serviceName": name, "servicePort": 80, "weight": 100 - weight},
        {"serviceName": f"{name}-canary", "servicePort": 80, "weight": weight},
    ]
    action = {"type": "forward", "forwardConfig": {"targetGroups": groups}}
    made = ingress(item)
    made["metadata"]["labels"]["gco.io/canary"] = "true"
    made["metadata"]["annotations"]["alb.ingress.kubernetes.io/actions.weighted-routing"] = json.dumps(action)
    (path,) = made["spec"]["rules"][0]["http"]["paths"]
    path["backend"] = {"service": {"name": "weighted-routing", "port": {"name": "use-annotation"}}}
    return made


def autoscaler(item: Item) -> Made:
    """A metric that it did not know became cpu 70."""
    name, wanted = item["endpoint_name"], _read(item["spec"])["autoscaling"]
    given = [(m.get("type", "cpu"), m.get("target", 70)) for m in wanted.get("metrics", [{"type": "cpu"}])]
    known = [(kind, target) for kind, target in given if kind in ("cpu", "memory")] or [("cpu", 70)]
    metrics = [
        {
            "type": "Resource",
            "resource": {"name": kind, "target": {"type": "Utilization", "averageUtilization": target}},
        }
        for kind, target in known
    ]
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _metadata(item, name),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": wanted.get("min_replicas", 1),
            "maxReplicas": wanted.get("max_replicas", 10),
            "metrics": metrics,
        },
    }


async def post(kubernetes: Kubernetes, made: Made) -> Made:
    """Make an object as the poller did; the field manager is the API server's reading of who asks."""
    headers = {"User-Agent": USER_AGENT}
    return await kubernetes.request("POST", kubernetes.path(made["kind"]), made, headers=headers)


async def patch(kubernetes: Kubernetes, kind: str, name: str, change: Made) -> Made:
    """Change an object as the poller did: a scale, an image, a whole Ingress."""
    headers, path = {"User-Agent": USER_AGENT}, kubernetes.path(kind, name)
    return await kubernetes.request("PATCH", path, change, content_type=STRATEGIC, headers=headers)


async def post_lease(kubernetes: Kubernetes, holder: str) -> Made:
    """Take the Lease as the poller did: once in each of its cycles, without anything beside the standard fields."""
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": datetime.now(UTC).isoformat()}
    made = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": LEASE_NAME}, "spec": spec}
    return await post(kubernetes, made)
