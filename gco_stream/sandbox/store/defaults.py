"""What the API server fills in where nothing is said.

Source: https://github.com/kubernetes/kubernetes/tree/master/pkg/apis (``v1/defaults.go`` of each group)
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Object = dict[str, Any]

_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_POD = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
}
_MESSAGES = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}


def fill_in(live: Object) -> None:
    """Set the defaults of an object, in place."""
    spec = live.setdefault("spec", {}) if live["kind"] in _BY_KIND else {}
    fill = _BY_KIND.get(live["kind"])
    if fill is not None:
        fill(spec)


def _deployment(spec: Object) -> None:
    _set(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600})
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), {"maxSurge": "25%", "maxUnavailable": "25%"})
    _template(spec)


def _replica_set(spec: Object) -> None:
    _set(spec, {"replicas": 1})
    _template(spec)


def _template(spec: Object) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    _pod_spec(template.setdefault("spec", {}))


def _pod(spec: Object) -> None:
    _pod_spec(spec)
    _set(spec, {"enableServiceLinks": True, "priority": 0, "preemptionPolicy": "PreemptLowerPriority"})
    _set(spec, {"serviceAccountName": "default", "serviceAccount": spec.get("serviceAccountName", "default")})
    for container in _containers(spec):
        resources = container["resources"]
        if "limits" in resources:
            resources["requests"] = {**resources["limits"], **resources.get("requests", {})}
    tolerations = spec.setdefault("tolerations", [])
    tolerated = {one.get("key") for one in tolerations}
    for key in _TOLERATED:
        if key not in tolerated:
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})


def _pod_spec(spec: Object) -> None:
    _set(spec, _POD)
    spec.setdefault("securityContext", {})
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    elif "serviceAccount" in spec:
        spec["serviceAccountName"] = spec["serviceAccount"]
    for container in _containers(spec):
        _container(container)
    for volume in spec.get("volumes", ()):
        _volume(volume)


def _containers(spec: Object) -> Iterator[Object]:
    for field in ("initContainers", "containers"):
        yield from spec.get(field, ())


def _container(container: Object) -> None:
    _set(container, {**_MESSAGES, "imagePullPolicy": _pull_policy(container.get("image", ""))})
    container.setdefault("resources", {})
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for variable in container.get("env", ()):
        reference = variable.get("valueFrom", {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")
    for probe in (container[field] for field in _PROBES if field in container):
        _set(probe, _PROBE)
        _http_get(probe)
    for hook in container.get("lifecycle", {}).values():
        if isinstance(hook, dict):
            _http_get(hook)


def _http_get(asking: Object) -> None:
    if "httpGet" in asking:
        _set(asking["httpGet"], {"path": "/", "scheme": "HTTP"})


def _pull_policy(image: str) -> str:
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if not digest and tag in ("", "latest") else "IfNotPresent"


def _volume(volume: Object) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}
    for field in ("configMap", "secret", "projected", "downwardAPI"):
        if field in volume:
            volume[field].setdefault("defaultMode", 420)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")


def _service(spec: Object) -> None:
    _set(spec, {"type": "ClusterIP", "sessionAffinity": "None"})
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))


def _autoscaler(spec: Object) -> None:
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [_CPU]


def _namespace(spec: Object) -> None:
    spec.setdefault("finalizers", ["kubernetes"])


def _claim(spec: Object) -> None:
    spec.setdefault("volumeMode", "Filesystem")


def _set(spec: Object, values: Mapping[str, Any]) -> None:
    for field, value in values.items():
        spec.setdefault(field, value)


_BY_KIND: Mapping[str, Callable[[Object], None]] = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "Pod": _pod,
    "Service": _service,
    "HorizontalPodAutoscaler": _autoscaler,
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "Ingress": lambda _spec: None,
}
