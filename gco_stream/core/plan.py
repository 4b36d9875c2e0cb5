"""What to do about one endpoint now: the difference between its record and the cluster, as ordered actions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from gco_stream.core.belonging import belonging
from gco_stream.core.gone import left_behind
from gco_stream.core.intents import to_delete
from gco_stream.core.manifests.ownership import FIELD_MANAGER, MANAGED_BY, held_by
from gco_stream.core.models import (
    Action,
    EndpointName,
    Kind,
    Manifest,
    ObjectKey,
    Observed,
    Scope,
    describe,
    object_keys,
    own_keys,
)
from gco_stream.core.publication import Publication
from gco_stream.core.record import Endpoint
from gco_stream.core.route import read_route
from gco_stream.core.running import run_course
from gco_stream.core.safeguard import safeguard
from gco_stream.core.stopping import scale_to_zero
from gco_stream.core.watchdog import read_clocks
from gco_stream.core.wish import Blocked, Gone, Remove, Request, Run, Stop, Unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one pass does.

    Attributes:
        actions: In the order in which they are safe.
        publication: What was decided about the Ingress of an endpoint that should run, else None.
        is_unfinished: Whether another look is due as soon as these are done.
        foreign: Objects with the endpoint's names that are not ours and never touched; beside them nothing is made.
        held: Why somebody asked to leave the endpoint as it is, or None.
        held_back: What would be done otherwise.
        publishes: Whether it takes target groups on the load balancer that the endpoint does not have yet.
    """

    actions: tuple[Action, ...] = ()
    publication: Publication | None = None
    is_unfinished: bool = False
    foreign: tuple[ObjectKey, ...] = ()
    held: str | None = None
    held_back: tuple[Action, ...] = ()
    publishes: bool = False

    @property
    def target_groups(self) -> int:
        """How many target groups the endpoint is to have on the load balancer."""
        route = None if self.publication is None else self.publication.route
        return 0 if route is None else route.target_groups

    @property
    def reason(self) -> str:
        """Say for people what is done and why; empty if nothing is."""
        if self.held is not None:
            return f"held: {self.held}"
        if self.foreign and not self.actions:
            return "foreign objects: " + ", ".join(str(key) for key in self.foreign)
        return "; ".join(f"{describe(action)}: {action.why}" for action in self.actions)


def make_plan(request: Request, observed: Observed, scope: Scope, *, now: datetime) -> Plan:
    """Compare what is wished with what is there.

    The plan for a converged endpoint is empty, and so is that of one that somebody asked to leave as it is. Objects
    that are being deleted are left to go: the pass that finds them gone makes them anew.
    """
    plan = _unheld_plan(request, observed, scope, now)
    held = held_by(observed.deployment(request.name))
    if held is None:
        return plan
    return replace(plan, actions=(), held=held, held_back=plan.actions, publishes=False, is_unfinished=False)


def _unheld_plan(request: Request, observed: Observed, scope: Scope, now: datetime) -> Plan:
    match request.wish:
        case Run(endpoint=endpoint):
            return _run(request, endpoint, observed, scope, now)
        case Stop():
            return _stop(request, observed)
        case Remove():
            return _remove(request, observed)
        case Gone(may_go=True):
            left = left_behind(request.name, observed)
            return Plan(actions=to_delete(object_keys(request.name), left, why="the record is gone"))
        case Unclear() | Blocked():
            return _guarded(request, observed, scope, now)
        case Gone():
            return Plan()
        case _:
            assert_never(request.wish)


def _run(request: Request, endpoint: Endpoint, observed: Observed, scope: Scope, now: datetime) -> Plan:
    own = belonging(request, observed)
    wanted = own_keys(request.name) if endpoint.spec.canary is None else object_keys(request.name)
    foreign = tuple(key for key in wanted if key in observed.objects and key not in own)
    if foreign:
        return replace(_guarded(request, observed, scope, now), foreign=foreign)
    clocks = read_clocks(request.status(scope.region), now=now)
    course = run_course(endpoint, replace(observed, objects=own), scope, clocks=clocks, now=now)
    return Plan(
        actions=course.actions,
        publication=course.publication,
        is_unfinished=course.is_unfinished,
        publishes=_takes_more(course.publication, observed.ingress(request.name), request.name),
    )


def _guarded(request: Request, observed: Observed, scope: Scope, now: datetime) -> Plan:
    """Leave everything as it is, but send nobody where nobody answers."""
    own = replace(observed, objects=belonging(request, observed))
    guard = safeguard(request, own, scope, now=now)
    publishes = guard.publication is not None and _takes_more(
        guard.publication, own.ingress(request.name), request.name
    )
    return Plan(actions=guard.actions, publication=guard.publication, publishes=publishes)


def _takes_more(publication: Publication, ingress: Manifest | None, name: EndpointName) -> bool:
    live = read_route(ingress, name)
    there = 0 if live is None else live.target_groups
    return publication.route is not None and publication.route.target_groups > there


def _stop(request: Request, observed: Observed) -> Plan:
    """Take the Ingress away, then the pods; the rest stays as it was applied last.

    Nothing of the ``spec`` is needed, since stopping must work with a broken one, too.
    """
    own = belonging(request, observed)
    ingresses = [key for key in own if key.kind is Kind.INGRESS]
    deployments = [key for key in object_keys(request.name) if key.kind is Kind.DEPLOYMENT and key in own]
    scaled = [scale_to_zero(key, own[key], request.name) for key in deployments]
    takes = to_delete(ingresses, own, why="stopped")
    return Plan(
        actions=(*takes, *(action for action in scaled if action is not None)),
        foreign=_foreign(request, observed, own),
    )


def _remove(request: Request, observed: Observed) -> Plan:
    own = belonging(request, observed)
    why = "deleted" if _is_deleted(request) else "the region is no longer a target"
    actions = to_delete(object_keys(request.name), own, why=why)
    return Plan(actions=actions, foreign=_foreign(request, observed, own))


def _foreign(request: Request, observed: Observed, own: Mapping[ObjectKey, Manifest]) -> tuple[ObjectKey, ...]:
    return tuple(key for key in own_keys(request.name) if key in observed.objects and key not in own)


def _is_deleted(request: Request) -> bool:
    return request.record is not None and request.record.desired_state == "deleted"


def explain_foreign(keys: tuple[ObjectKey, ...]) -> str:
    """Say in one sentence why objects with our names keep an endpoint from running, and what to do."""
    names = ", ".join(str(key) for key in keys)
    is_scaled = any(key.kind is Kind.AUTOSCALER for key in keys)
    instead = ", and let spec.autoscaling of the record say what it says" if is_scaled else ""
    return (
        f"{names} exists already without the label {MANAGED_BY}={FIELD_MANAGER}: "
        f"remove or rename it, it is not touched{instead}"
    )
