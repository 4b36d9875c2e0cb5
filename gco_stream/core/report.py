"""How an endpoint is, told from what the cluster shows after a pass."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, assert_never

from gco_stream.core.belonging import belonging
from gco_stream.core.causes import Cause, current_template, first_cause, refused_pods
from gco_stream.core.manifests.ownership import FOUND_TEMPLATE
from gco_stream.core.models import EndpointName, Manifest, Observed, Scope, is_leaving
from gco_stream.core.pending import ADOPTED_AS_FOUND
from gco_stream.core.plan import Plan, explain_foreign
from gco_stream.core.pods import own_pods_of, pods_of
from gco_stream.core.publication import WITHDRAWN
from gco_stream.core.record import spec_hash
from gco_stream.core.rollout import Rollout, read_rollout
from gco_stream.core.route import Route, read_route
from gco_stream.core.status import Failure, RegionStatus, State
from gco_stream.core.times import written
from gco_stream.core.watchdog import Clocks, read_clocks, unready_since
from gco_stream.core.wish import Blocked, Gone, Remove, Request, Run, Stop, Unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a pass came to.

    Attributes:
        plan: What was to be done.
        observed: What is there now; its pods, where they are known, say why a rollout does not end.
        is_new: Whether this pass made the Deployment.
        failure: What kept the plan from being carried out, or None.
    """

    plan: Plan
    observed: Observed
    is_new: bool = False
    failure: Failure | None = None


def region_status(request: Request, outcome: Outcome, scope: Scope, *, now: datetime) -> RegionStatus | None:
    """Say how the endpoint is, from what the cluster shows after the plan was carried out.

    Returns:
        None where there is nothing to say: no record, or a region that has nothing to do with it.
    """
    if request.item is None:
        return None
    plan = outcome.plan
    report = _Report(request=request, outcome=outcome, scope=scope, now=now)
    if outcome.failure is not None:
        return report.error(outcome.failure)
    if plan.foreign:
        return report.beside_foreign(Failure(reason="ForeignObject", message=explain_foreign(plan.foreign)))
    status = _of_wish(request, report)
    return status if plan.held is None or status is None else _held(status, plan)


def _held(status: RegionStatus, plan: Plan) -> RegionStatus:
    """Say that an endpoint is left as it is, and not that it is as wanted where it is not."""
    is_behind = bool(plan.held_back) and status.state is State.RUNNING
    return replace(status, state=State.UPDATING if is_behind else status.state, reason="Held")


def _of_wish(request: Request, report: "_Report") -> RegionStatus | None:
    match request.wish:
        case Unclear(problems) if request.concerns(report.scope.region):
            return report.error(Failure(reason="InvalidRecord", message="; ".join(str(p) for p in problems)))
        case Blocked(clash):
            return report.error(Failure(reason="Clash", message=clash.message))
        case Run(clash=clash):
            status = report.running()
            return status if clash is None else replace(status, state=State.ERROR, reason="Clash", error=clash.message)
        case Stop():
            return report.stopped()
        case Remove():
            return report.removed()
        case Gone() | Unclear():
            return None
        case _:
            assert_never(request.wish)


def cause_among(name: EndpointName, observed: Observed) -> Cause | None:
    """Find why the pods of an endpoint's own Deployment are not ready; None where nothing is known to be wrong."""
    deployment = observed.deployment(name)
    if deployment is None:
        return None
    pods = own_pods_of(name, observed)
    return refused_pods(deployment) or first_cause(pods, template=current_template(deployment))


@dataclass(frozen=True, kw_only=True)
class _Report:
    request: Request
    outcome: Outcome
    scope: Scope
    now: datetime

    @property
    def observed(self) -> Observed:
        return self.outcome.observed

    @cached_property
    def own(self) -> Observed:
        """What is there of the endpoint's own."""
        return replace(self.observed, objects=belonging(self.request, self.observed))

    @property
    def previous(self) -> Mapping[str, Any]:
        return self.request.status(self.scope.region)

    @property
    def rollout(self) -> Rollout | None:
        return self._rollout_of(self.own.deployment(self.request.name))

    def _rollout_of(self, deployment: Manifest | None) -> Rollout | None:
        """Read a Deployment; one that is being deleted has an end ahead, whatever its counters say."""
        if deployment is None:
            return None
        rollout = read_rollout(deployment)
        return replace(rollout, complete=False, settled=False) if is_leaving(deployment) else rollout

    def running(self) -> RegionStatus:
        """Say how a rollout is."""
        rollout, publication = self.rollout, self.outcome.plan.publication
        less = None if publication is None else publication.reason
        if rollout is None:
            return self._status(State.CREATING)
        if rollout.complete:
            return self._status(State.RUNNING, less or self._as_found())
        cause = cause_among(self.request.name, self.observed)
        if rollout.overdue is not None:
            reason = "ProgressDeadlineExceeded" if cause is None else cause.reason
            error = rollout.overdue if cause is None else f"{rollout.overdue} {cause.message}"
            return self._status(State.ERROR, reason=reason, error=error)
        withdrawn = less if less == WITHDRAWN else None
        if rollout.settled and self._was_rolled_out(rollout):
            if rollout.ready > 0:
                return self._status(State.RUNNING, "Degraded")
            return self._status(State.UPDATING, withdrawn or "Unavailable")
        state = State.CREATING if self.outcome.is_new or self._was_never_rolled_out() else State.UPDATING
        return self._status(state, withdrawn or ("RolloutInProgress" if cause is None else cause.reason))

    def _as_found(self) -> str | None:
        """Say that pods run as the poller left them, though the record asks for more than that."""
        deployment = self.observed.deployment(self.request.name)
        labels = (deployment or {}).get("metadata", {}).get("labels") or {}
        return ADOPTED_AS_FOUND if FOUND_TEMPLATE in labels else None

    def stopped(self) -> RegionStatus:
        """Say whether no pod is left, nor one on its way: the Deployments' controller must have seen the 0, too."""
        rollouts = (self.rollout, self._rollout_of(self.own.canary(self.request.name)))
        is_heard = all(rollout is None or (rollout.complete and rollout.desired == 0) for rollout in rollouts)
        remain = pods_of(self.request.name, self.observed)
        return self._status(State.STOPPED if is_heard and not remain else State.STOPPING)

    def removed(self) -> RegionStatus | None:
        """Say whether nothing is left; what this pass has only just deleted is looked for once more."""
        if self.own.objects or self.outcome.plan.actions or pods_of(self.request.name, self.observed):
            return self._status(State.DELETING)
        return self._status(State.DELETED) if self._is_to_be_said() else None

    def beside_foreign(self, failure: Failure) -> RegionStatus | None:
        """Say that objects of others are in the way."""
        return self.error(failure) if self._is_to_be_said() else None

    def _is_to_be_said(self) -> bool:
        """Where the region is no target, it said so once; a later change of the spec is none of its business."""
        is_target = self.request.targets(self.scope.region)
        return is_target or self.previous.get("state", State.DELETED) != State.DELETED

    def error(self, failure: Failure) -> RegionStatus:
        """Say what is wrong, with the counts as they are."""
        return self._status(State.ERROR, failure.reason, failure.message)

    def _status(self, state: State, reason: str | None = None, error: str | None = None) -> RegionStatus:
        rollout, clocks = self.rollout, self._clocks()
        return RegionStatus(
            state=state,
            replicas_ready=rollout.ready if rollout else 0,
            replicas_desired=rollout.desired if rollout else 0,
            error=error,
            reason=reason,
            published=self._route() is not None,
            observed_spec=spec_hash(self.request.item or {}),
            cluster=self.scope.cluster,
            unready_since=written(clocks.primary),
            canary=self._canary(clocks),
        )

    def _canary(self, clocks: Clocks) -> Mapping[str, Any] | None:
        rollout = self._rollout_of(self.own.canary(self.request.name))
        if rollout is None:
            return None
        route = self._route()
        weight = 0 if route is None or route.canary is None else route.canary
        since = {} if clocks.canary is None else {"unready_since": written(clocks.canary)}
        return {"replicas_ready": rollout.ready, "replicas_desired": rollout.desired, "weight": weight, **since}

    def _clocks(self) -> Clocks:
        """Let the watchdog's clocks go on, from what is there now."""
        before, route = read_clocks(self.previous, now=self.now), self._route()
        canary = self._rollout_of(self.own.canary(self.request.name))
        return Clocks(
            primary=self._clock(before.primary, self.rollout, has_share=route is not None),
            canary=self._clock(before.canary, canary, has_share=route is not None and bool(route.canary)),
        )

    def _clock(self, before: datetime | None, rollout: Rollout | None, *, has_share: bool) -> datetime | None:
        is_wanted = not isinstance(self.request.wish, Stop | Remove) and (rollout is None or rollout.desired > 0)
        ready = 0 if rollout is None else rollout.ready
        return unready_since(before, ready=ready, is_wanted=is_wanted, has_share=has_share, now=self.now)

    def _route(self) -> Route | None:
        ingress = self.own.ingress(self.request.name)
        return None if ingress is None or is_leaving(ingress) else read_route(ingress, self.request.name)

    def _was_rolled_out(self, rollout: Rollout) -> bool:
        is_known_lost = self.previous.get("reason") in ("Unavailable", WITHDRAWN)
        state = self.previous.get("state")
        known = state == State.RUNNING or (state == State.UPDATING and is_known_lost)
        same = self.previous.get("observed_spec") == spec_hash(self.request.item or {})
        return known and same and self.previous.get("replicas_desired") == rollout.desired

    def _was_never_rolled_out(self) -> bool:
        """Whether its first rollout is still under way; one replica of several may be published already."""
        known = self.previous.get("state")
        is_untold = known in (None, State.DELETING, State.DELETED, State.ERROR) and self._route() is None
        return known == State.CREATING or is_untold
