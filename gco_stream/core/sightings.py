"""What each object and each pod of an endpoint says of itself, a line each."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from gco_stream.core.causes import current_template, first_cause
from gco_stream.core.findings import Findings
from gco_stream.core.manifests.ownership import is_marked, is_ours
from gco_stream.core.models import Kind, Manifest, ObjectKey, canary_name, is_leaving
from gco_stream.core.pods import pods_of
from gco_stream.core.rollout import read_rollout
from gco_stream.core.route import Phase, read_route
from gco_stream.core.spans import span
from gco_stream.core.times import time_of

_MOST_PODS = 12
_ORDER = (Kind.DEPLOYMENT, Kind.SERVICE, Kind.INGRESS, Kind.AUTOSCALER)


def objects_told(found: Findings) -> tuple[str, ...]:
    """Tell of each object that is there, the endpoint's own before its canary's."""
    keys = sorted(found.there, key=lambda key: (key.name == canary_name(found.name), _ORDER.index(key.kind)))
    return tuple(f"{key}: {_object(key, found)}" for key in keys)


def _object(key: ObjectKey, found: Findings) -> str:
    live = found.observed.objects[key]
    said = [_OF_KIND[key.kind](live, found), *_whose(live, found)]
    return ", ".join(filter(None, said))


def _whose(live: Manifest, found: Findings) -> Iterator[str]:
    if is_leaving(live):
        finalizers = live["metadata"].get("finalizers")
        yield "is being deleted" + (f", waits for {', '.join(finalizers)}" if finalizers else "")
    if not is_marked(live):
        yield "without the marks of the controller"
    elif not is_ours(live, found.name):
        yield "is another endpoint's"
    made = time_of(live["metadata"].get("creationTimestamp"))
    if made is not None:
        yield f"made {span(found.now - made)} ago"


def _deployment(live: Manifest, found: Findings) -> str:
    rollout, status = read_rollout(live), live.get("status") or {}
    said = [f"{rollout.ready} of {rollout.desired} ready"]
    if not rollout.is_only_new:
        old = int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))
        said.append(f"{old} of an earlier version" if old > 0 else "its controller has not caught up")
    elif not rollout.complete and not rollout.settled:
        said.append("a rollout is under way")
    if rollout.overdue is not None:
        said.append("its rollout took longer than it may")
    images = [c.get("image") for c in live["spec"].get("template", {}).get("spec", {}).get("containers") or ()]
    said.extend(f"runs {image}" for image in images[:1])
    return ", ".join(said)


def _service(live: Manifest, found: Findings) -> str:
    ports = live["spec"].get("ports") or ()
    return ", ".join(f"port {port.get('port')} leads to {port.get('targetPort')}" for port in ports)


def _ingress(live: Manifest, found: Findings) -> str:
    route = read_route(live, found.name)
    if route is None or route.phase is Phase.ALONE:
        return "all traffic goes to the endpoint"
    return f"{route.primary or 0} % of the traffic to the endpoint, {route.canary} % to its canary ({route.phase})"


def _autoscaler(live: Manifest, found: Findings) -> str:
    spec, status = live["spec"], live.get("status") or {}
    bounds = f"{spec.get('minReplicas', 1)} to {spec.get('maxReplicas')} replicas"
    wanted = status.get("desiredReplicas")
    limited: Mapping[str, Any] = next(
        (c for c in status.get("conditions") or () if c.get("type") == "ScalingActive"), {}
    )
    trouble = f", cannot scale: {limited.get('message')}" if limited.get("status") == "False" else ""
    return bounds + (f", wants {wanted} now" if wanted is not None else "") + trouble


_OF_KIND = {
    Kind.DEPLOYMENT: _deployment,
    Kind.SERVICE: _service,
    Kind.INGRESS: _ingress,
    Kind.AUTOSCALER: _autoscaler,
}


def pods_told(found: Findings) -> tuple[str, ...]:
    """Tell of each pod, those in trouble first; of a crowd, the first dozen."""
    pods = sorted(pods_of(found.name, found.observed), key=lambda pod: (_is_ready(pod), _name(pod)))
    shown = [f"{_name(pod)}: {_pod(pod, found)}" for pod in pods[:_MOST_PODS]]
    rest = pods[_MOST_PODS:]
    if rest:
        ready = sum(map(_is_ready, rest))
        shown.append(f"and {len(rest)} more, {ready} of them ready")
    return tuple(shown)


def _name(pod: Manifest) -> str:
    return str(pod["metadata"]["name"])


def _pod(pod: Manifest, found: Findings) -> str:
    node = (pod.get("spec") or {}).get("nodeName")
    said = [_state(pod, found.now), *([f"on {node}"] if node else [])]
    if not _is_current(pod, found):
        said.append("of an earlier version")
    restarts = sum(seen.get("restartCount", 0) for seen in (pod.get("status") or {}).get("containerStatuses") or ())
    if restarts:
        said.append(f"restarted {restarts} times" if restarts > 1 else "restarted once")
    return ", ".join(said)


def _state(pod: Manifest, now: datetime) -> str:
    if is_leaving(pod):
        return "is on its way out"
    since = time_of(_ready(pod).get("lastTransitionTime"))
    if _is_ready(pod):
        return "ready" + (f" for {span(now - since)}" if since is not None else "")
    cause = first_cause([pod], template=_template(pod))
    if cause is not None:
        return cause.message
    phase = (pod.get("status") or {}).get("phase") or "Pending"
    return f"not ready yet ({phase})"


def _is_current(pod: Manifest, found: Findings) -> bool:
    """Whether a pod is of the version that its Deployment brings out, or that cannot be told."""
    name = _name(pod)
    canary = found.observed.canary(found.name)
    is_canarys = name.startswith(f"{canary_name(found.name)}-") and canary is not None
    deployment = canary if is_canarys else found.deployment
    current = None if deployment is None else current_template(deployment)
    return current is None or current == _template(pod)


def _template(pod: Manifest) -> str | None:
    return (pod["metadata"].get("labels") or {}).get("pod-template-hash")


def _is_ready(pod: Manifest) -> bool:
    return _ready(pod).get("status") == "True"


def _ready(pod: Manifest) -> Mapping[str, Any]:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return next((condition for condition in conditions if condition.get("type") == "Ready"), {})
