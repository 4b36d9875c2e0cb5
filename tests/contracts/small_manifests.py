"""The smallest manifests that an API server takes."""

from typing import Any


def a_service(name: str = "llama", **spec: Any) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": 8000, "protocol": "TCP"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"selector": {"app": name}, "ports": ports, **spec},
    }


def an_ingress(name: str = "llama", **metadata: Any) -> dict[str, Any]:
    backend = {"service": {"name": name, "port": {"number": 80}}}
    paths = [{"path": f"/{name}", "pathType": "Prefix", "backend": backend}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, **metadata},
        "spec": {"ingressClassName": "alb", "rules": [{"http": {"paths": paths}}]},
    }


def a_deployment(name: str = "llama", **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"containers": [{"name": "inference", "image": "acme/server:v1"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template, **spec},
    }


def an_event(name: str, namespace: str, *, about: str, controller: str) -> dict[str, Any]:
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": name},
        "eventTime": "2026-03-01T12:00:00.000000Z",
        "reportingController": controller,
        "reportingInstance": "test",
        "action": "Try",
        "reason": "Tried",
        "type": "Normal",
        "note": about,
        "regarding": {"apiVersion": "apps/v1", "kind": "Deployment", "name": about, "namespace": namespace},
    }


def a_lease(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "leader"}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
