"""What to do about one endpoint now: the difference between its record and the cluster, as ordered actions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from gco_stream.core.compare import differences
from gco_stream.core.manifests import render
from gco_stream.core.manifests.ownership import FIELD_MANAGER, MANAGED_BY, is_ours
from gco_stream.core.merging import fields_of, owned_part
from gco_stream.core.models import (
    Action,
    Apply,
    Delete,
    Kind,
    Manifest,
    ObjectKey,
    Observed,
    Scope,
    describe,
    is_leaving,
    object_keys,
)
from gco_stream.core.record import Endpoint
from gco_stream.core.rollout import read_rollout
from gco_stream.core.wish import Gone, Remove, Request, Run, Stop, Unclear

_LONGEST_REASON = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one pass does.

    Attributes:
        actions: In the order in which they are safe.
        foreign: Objects with the endpoint's names that are not ours; while there are any, nothing is done.
        waits_for: Objects that must be gone before they can be made anew, so that another look is due.
    """

    actions: tuple[Action, ...] = ()
    foreign: tuple[ObjectKey, ...] = ()
    waits_for: tuple[ObjectKey, ...] = ()

    @property
    def reason(self) -> str:
        """Say for people what is done and why; empty if nothing is."""
        if self.foreign:
            return "foreign objects: " + ", ".join(str(key) for key in self.foreign)
        return "; ".join(f"{describe(action)}: {action.why}" for action in self.actions)


def make_plan(request: Request, observed: Observed, scope: Scope) -> Plan:
    """Compare what is wished with what is there.

    The plan for a converged endpoint is empty. Objects that are being deleted are left to go: the pass that finds
    them gone makes them anew.
    """
    match request.wish:
        case Run(endpoint):
            return _run(endpoint, observed, scope)
        case Stop():
            return _stop(request, observed)
        case Remove():
            return _remove(request, observed)
        case Unclear() | Gone():
            return Plan()
        case _:
            assert_never(request.wish)


def _run(endpoint: Endpoint, observed: Observed, scope: Scope) -> Plan:
    foreign = tuple(key for key, live in observed.objects.items() if not is_ours(live, endpoint.name))
    if foreign:
        return Plan(foreign=foreign)
    replicas = wanted_replicas(endpoint, observed.deployment(endpoint.name))
    manifests = render(endpoint, scope, replicas=replicas)
    published = is_published(endpoint, observed, replicas=replicas)
    makes = [_apply(key, manifests[key], observed) for key in manifests if published or key.kind is not Kind.INGRESS]
    takes = [] if published else _deletions(_ingress_of(endpoint, observed), why="no replica to send requests to")
    leaving = tuple(key for key, live in observed.objects.items() if is_leaving(live))
    return Plan(actions=(*takes, *(action for action in makes if action is not None)), waits_for=leaving)


def wanted_replicas(endpoint: Endpoint, live: Manifest | None) -> int:
    """Choose the replica count: the record's, or under autoscaling what the autoscaler made of it.

    An autoscaler does nothing at 0, so an endpoint that starts gets its lower bound first.
    Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
    """
    spec = endpoint.spec
    if spec.autoscaling is None or not spec.autoscaling.enabled:
        return spec.replicas
    running: int = (live or {}).get("spec", {}).get("replicas", 0)
    return running or max(1, spec.autoscaling.min_replicas, spec.replicas)


def is_published(endpoint: Endpoint, observed: Observed, *, replicas: int) -> bool:
    """Whether the load balancer should send requests: from the first ready replica on, until there should be none.

    A target group without a healthy target makes Global Accelerator give up the whole region's load balancer, and an
    Ingress without its Service freezes every other one.
    """
    deployment = observed.deployment(endpoint.name)
    if replicas == 0 or deployment is None:
        return False
    service = observed.get(ObjectKey(Kind.SERVICE, endpoint.name))
    may_appear = read_rollout(deployment).ready > 0 and not (service and is_leaving(service))
    return bool(_ingress_of(endpoint, observed)) or may_appear


def _ingress_of(endpoint: Endpoint, observed: Observed) -> Mapping[ObjectKey, Manifest]:
    return {key: live for key, live in observed.objects.items() if key.kind is Kind.INGRESS}


def _apply(key: ObjectKey, manifest: Manifest, observed: Observed) -> Apply | None:
    live = observed.get(key)
    if live is None:
        return Apply(key=key, manifest=manifest, uid=None, why="missing")
    if is_leaving(live):
        return None
    different = [str(difference) for difference in differences(manifest, live)]
    if not different:
        return None
    more = [f"{len(different) - _LONGEST_REASON} more"] if len(different) > _LONGEST_REASON else []
    why = ", ".join([*different[:_LONGEST_REASON], *more])
    return Apply(key=key, manifest=manifest, uid=live["metadata"]["uid"], why=why)


def _stop(request: Request, observed: Observed) -> Plan:
    """Take the Ingress away, then the pods; the rest of the Deployment stays as it was applied last.

    Nothing of the ``spec`` is read, since stopping must work with a broken one, too.
    """
    deployment = observed.deployment(request.name)
    ours = {key: live for key, live in observed.objects.items() if is_ours(live, request.name)}
    takes = _deletions({k: v for k, v in ours.items() if k.kind is Kind.INGRESS}, why="stopped")
    key = ObjectKey(Kind.DEPLOYMENT, request.name)
    if deployment is None or key not in ours or is_leaving(deployment) or deployment["spec"].get("replicas", 1) == 0:
        return Plan(actions=takes)
    scale = Apply(key=key, manifest=_scaled_to_zero(deployment), uid=deployment["metadata"]["uid"], why="stopped")
    return Plan(actions=(*takes, scale))


def _scaled_to_zero(deployment: Manifest) -> Manifest:
    fields = fields_of(deployment, FIELD_MANAGER)
    applied = owned_part(fields, deployment) if fields else {}
    identity = {"name": deployment["metadata"]["name"], "namespace": deployment["metadata"]["namespace"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**identity, **applied.get("metadata", {})},
        "spec": {**applied.get("spec", {}), "replicas": 0},
    }


def _remove(request: Request, observed: Observed) -> Plan:
    order = {key: position for position, key in enumerate(object_keys(request.name))}
    ours = {key: live for key, live in observed.objects.items() if is_ours(live, request.name)}
    why = "deleted" if _is_deleted(request) else "the region is no longer a target"
    return Plan(actions=_deletions(dict(sorted(ours.items(), key=lambda pair: order[pair[0]])), why=why))


def _is_deleted(request: Request) -> bool:
    return request.record is not None and request.record.desired_state == "deleted"


def _deletions(objects: Mapping[ObjectKey, Manifest], *, why: str) -> tuple[Delete, ...]:
    there = ((key, live) for key, live in objects.items() if not is_leaving(live))
    return tuple(Delete(key=key, uid=live["metadata"]["uid"], why=why) for key, live in there)


def explain_foreign(keys: tuple[ObjectKey, ...]) -> str:
    """Say in one sentence why objects with our names keep an endpoint from running, and what to do."""
    names = ", ".join(str(key) for key in keys)
    return (
        f"{names} exists already without the label {MANAGED_BY}={FIELD_MANAGER}: remove or rename it, it is not touched"
    )
