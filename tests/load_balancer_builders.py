"""Ingresses, Services and actions for the tests of what a load balancer makes of them."""

import json
from typing import Any

ALB = "alb.ingress.kubernetes.io/"
ACTION = f"{ALB}actions.weighted"
HERE = "gco-inference"
BY_ACTION = {"name": "weighted", "port": {"name": "use-annotation"}}
NUMBER_80 = {"number": 80}


def a_service(name: str = "llama", *, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {"namespace": HERE, "name": name, "annotations": annotations or {}}
    return {"metadata": metadata, "spec": {"type": "ClusterIP", "ports": [{"port": 80, "name": "http"}], **spec}}


def an_ingress(
    name: str = "llama", *, path: str | None = None, kind: str = "Prefix", backend: Any = None, **metadata: Any
) -> dict[str, Any]:
    """An Ingress as the controller makes it; annotations replace all of its own but those of the health check."""
    service = backend or {"name": name, "port": NUMBER_80}
    paths = [{"path": path or f"/inference/{name}", "pathType": kind, "backend": {"service": service}}]
    health = {f"{ALB}healthcheck-interval-seconds": "15", f"{ALB}healthcheck-path": "/health"}
    annotations = health | metadata.pop("annotations", {})
    marks = {"namespace": HERE, "name": f"inference-{name}", "annotations": annotations, **metadata}
    return {"metadata": marks, "spec": {"ingressClassName": "alb", "rules": [{"http": {"paths": paths}}]}}


def weighted(text: str) -> dict[str, Any]:
    """An Ingress whose requests go where an action says."""
    return an_ingress(backend=BY_ACTION, annotations={ACTION: text})


def a_target(service: str, weight: object = ..., **more: Any) -> dict[str, Any]:
    given = {} if weight is ... else {"weight": weight}
    return {"serviceName": service, "servicePort": 80, **given, **more}


def an_action(*targets: Any, **more: Any) -> str:
    return json.dumps({"type": "forward", "forwardConfig": {"targetGroups": targets}, **more})


def split(primary: object, canary: object) -> str:
    return an_action(a_target("llama", primary), a_target("llama-canary", canary))
