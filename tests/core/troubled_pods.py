"""Pods in trouble, as the real scheduler (1.36) and, for containers, the kubelet describe them."""

from typing import Any

from gco_stream.core.causes import Cause, first_cause

IMAGE = "registry.example/acme/llama-server:v1"
SERVER = {
    "name": "inference",
    "image": IMAGE,
    "resources": {"limits": {"memory": "16Gi"}},
    "readinessProbe": {"httpGet": {"path": "/health", "port": 8000, "scheme": "HTTP"}},
    "startupProbe": {"httpGet": {"path": "/health", "port": 8000, "scheme": "HTTP"}},
}
PREEMPTION = "no new claims to deallocate, preemption: 0/13 nodes are available: 13 Preemption is not helpful."
RUNNING = {"running": {"startedAt": "2026-03-01T12:00:02Z"}}


def a_pod(
    server: dict[str, Any] | None = None,
    *,
    sync: dict[str, Any] | None = None,
    conditions: tuple[dict[str, Any], ...] = (),
    template: str = "5d8f",
    made: int = 0,
    phase: str = "Running",
    wanted: dict[str, Any] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    """A pod with the status of its server's container, and of its init container where there is one."""
    labels = {"app": "llama", "pod-template-hash": template}
    created = f"2026-03-01T12:00:{made:02}Z"
    status: dict[str, Any] = {"phase": phase, "conditions": list(conditions)}
    spec: dict[str, Any] = {"containers": [SERVER | (wanted or {})]}
    if server is not None:
        status["containerStatuses"] = [
            {"name": "inference", "image": IMAGE, "ready": False, "restartCount": 0} | server
        ]
    if sync is not None:
        spec["initContainers"] = [{"name": "model-sync", "image": "amazon/aws-cli:2.37.4"}]
        status["initContainerStatuses"] = [{"name": "model-sync", "ready": False, "restartCount": 0} | sync]
    return {
        "metadata": {"name": "llama-x", "labels": labels, "creationTimestamp": created, **metadata},
        "spec": spec,
        "status": status,
    }


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}, **more}


def an_ending(code: int = 1, reason: str = "Error", **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, **more}}


def unscheduled(message: str, reason: str = "Unschedulable", **fields: Any) -> dict[str, Any]:
    condition = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return a_pod(conditions=(condition,), phase="Pending", **fields)


NO_GPU = f"0/13 nodes are available: 11 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint(s). {PREEMPTION}"
NO_IMAGE = a_pod(waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"'))
READY = {"state": RUNNING, "ready": True, "started": True}


def cause_of(*pods: dict[str, Any], template: str | None = None) -> Cause:
    cause = first_cause(pods, template=template)
    assert cause is not None
    return cause
