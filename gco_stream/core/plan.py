"""What to do about one endpoint now: the difference between its record and the cluster, as ordered actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from gco_stream.core.compare import Difference, differences
from gco_stream.core.folding import fold
from gco_stream.core.manifests import render
from gco_stream.core.manifests.ownership import FIELD_MANAGER, MANAGED_BY, held_by, is_ours
from gco_stream.core.manifests.pod import SYNC_IMAGE_PATH, SYNC_IMAGE_STEPS
from gco_stream.core.merging import applied_by, fields_of, owned_part
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
from gco_stream.core.publication import decide_publication
from gco_stream.core.record import Endpoint
from gco_stream.core.wish import Gone, Remove, Request, Run, Stop, Unclear

_LONGEST_REASON = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one pass does.

    Attributes:
        actions: In the order in which they are safe.
        foreign: Objects with the endpoint's names that are not ours and never touched; beside them nothing is made.
        held: Why somebody asked to leave the endpoint as it is, or None.
        held_back: What would be done otherwise.
        withheld: Why an endpoint that could take requests is not published, as one CamelCase word.
    """

    actions: tuple[Action, ...] = ()
    foreign: tuple[ObjectKey, ...] = ()
    withheld: str | None = None
    held: str | None = None
    held_back: tuple[Action, ...] = ()

    @property
    def publishes(self) -> bool:
        """Whether an Ingress is made that was not there."""
        return any(isinstance(a, Apply) and a.key.kind is Kind.INGRESS and a.uid is None for a in self.actions)

    @property
    def reason(self) -> str:
        """Say for people what is done and why; empty if nothing is."""
        if self.held is not None:
            return f"held: {self.held}"
        if self.foreign and not self.actions:
            return "foreign objects: " + ", ".join(str(key) for key in self.foreign)
        return "; ".join(f"{describe(action)}: {action.why}" for action in self.actions)


def make_plan(request: Request, observed: Observed, scope: Scope) -> Plan:
    """Compare what is wished with what is there.

    The plan for a converged endpoint is empty, and so is that of one that somebody asked to leave as it is. Objects
    that are being deleted are left to go: the pass that finds them gone makes them anew.
    """
    plan = _unheld_plan(request, observed, scope)
    held = held_by(observed.deployment(request.name))
    return plan if held is None else replace(plan, actions=(), held=held, held_back=plan.actions)


def _unheld_plan(request: Request, observed: Observed, scope: Scope) -> Plan:
    match request.wish:
        case Run(endpoint):
            return _run(request, endpoint, observed, scope)
        case Stop():
            return _stop(request, observed)
        case Remove():
            return _remove(request, observed)
        case Unclear() | Gone():
            return Plan()
        case _:
            assert_never(request.wish)


def _ours(request: Request, observed: Observed) -> Mapping[ObjectKey, Manifest]:
    return {key: live for key, live in observed.objects.items() if is_ours(live, request.name)}


def _foreign(request: Request, observed: Observed) -> tuple[ObjectKey, ...]:
    return tuple(key for key, live in observed.objects.items() if not is_ours(live, request.name))


def _run(request: Request, endpoint: Endpoint, observed: Observed, scope: Scope) -> Plan:
    foreign = _foreign(request, observed)
    if foreign:
        return Plan(foreign=foreign)
    replicas = wanted_replicas(endpoint, observed.deployment(endpoint.name))
    manifests = render(endpoint, scope, replicas=replicas)
    publication = decide_publication(endpoint.name, observed, scope, replicas=replicas)
    ingress = ObjectKey(Kind.INGRESS, f"inference-{endpoint.name}")
    makes = [_apply(key, manifests[key], observed) for key in manifests if publication.is_on or key != ingress]
    takes = () if publication.is_on else _deletions(observed.only(ingress), why=publication.why)
    return Plan(
        actions=(*takes, *(action for action in makes if action is not None)),
        withheld=publication.withheld,
    )


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


def _apply(key: ObjectKey, manifest: Manifest, observed: Observed) -> Apply | None:
    live = observed.get(key)
    if live is None:
        return Apply(key=key, manifest=manifest, uid=None, why="missing")
    if is_leaving(live):
        return None
    found = differences(manifest, live)
    if not found or _is_only_an_older_sync_image(found, live):
        return None
    different = [str(difference) for difference in found]
    more = [f"{len(different) - _LONGEST_REASON} more"] if len(different) > _LONGEST_REASON else []
    why = ", ".join([*different[:_LONGEST_REASON], *more])
    return Apply(key=key, manifest=manifest, uid=live["metadata"]["uid"], why=why, fold=fold(manifest, live))


def _is_only_an_older_sync_image(found: Sequence[Difference], live: Manifest) -> bool:
    """Whether all that differs is the model-sync image that we gave the pods ourselves, before the setting changed.

    A controller's settings restart nobody's pods: the new image comes with the next change of the template.
    """
    is_all = all(difference.path == SYNC_IMAGE_PATH for difference in found)
    return is_all and applied_by(fields_of(live, FIELD_MANAGER), SYNC_IMAGE_STEPS)


def _stop(request: Request, observed: Observed) -> Plan:
    """Take the Ingress away, then the pods; the rest of the Deployment stays as it was applied last.

    Nothing of the ``spec`` is read, since stopping must work with a broken one, too.
    """
    deployment = observed.deployment(request.name)
    ours = _ours(request, observed)
    takes = _deletions({k: v for k, v in ours.items() if k.kind is Kind.INGRESS}, why="stopped")
    foreign = _foreign(request, observed)
    key = ObjectKey(Kind.DEPLOYMENT, request.name)
    if deployment is None or key not in ours or is_leaving(deployment) or deployment["spec"].get("replicas", 1) == 0:
        return Plan(actions=takes, foreign=foreign)
    scale = Apply(key=key, manifest=_scaled_to_zero(deployment), uid=deployment["metadata"]["uid"], why="stopped")
    return Plan(actions=(*takes, scale), foreign=foreign)


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
    ours = _ours(request, observed)
    why = "deleted" if _is_deleted(request) else "the region is no longer a target"
    actions = _deletions(dict(sorted(ours.items(), key=lambda pair: order[pair[0]])), why=why)
    return Plan(actions=actions, foreign=_foreign(request, observed))


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
