"""Carries plans out, one action after the other; whoever publishes counts all who are published, or about to be."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from gco_stream.core.drift import Corrections, Drift
from gco_stream.core.events import Account
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import Action, EndpointName, Observed, Scope, describe
from gco_stream.core.plan import Plan, make_plan
from gco_stream.core.projection import project
from gco_stream.core.room import NOTHING, Room, TargetGroups, taken_by_others
from gco_stream.core.status import Failure, RegionStatus
from gco_stream.core.wish import Request
from gco_stream.errors import Conflict, Refused, Transient
from gco_stream.ports import Clock, Cluster

_log = logging.getLogger(__name__)

# What refuses is not always the intent itself: a policy of the cluster may be mended without a word to us.
_TAKEN_FOR_GRANTED_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What carrying out a plan led to.

    Attributes:
        plan: What was to be done.
        before: What the plan was made from.
        observed: The objects as the API server answered them.
        drifts: What somebody else had changed and was put right.
        failure: Why the rest was not done, if repeating cannot cure it.
        trouble: Why the rest was not done, if it may be cured by itself.
    """

    plan: Plan
    before: Observed
    observed: Observed
    drifts: tuple[Drift, ...] = ()
    failure: Failure | None = None
    trouble: Transient | Conflict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """What the API server refused, for which version of the record, and until when that is taken for granted."""

    action: Action
    version: object
    failure: Failure
    until: float


@dataclass(slots=True)
class Actor:
    """Plans for one endpoint at a time, and does what was planned."""

    cluster: Cluster
    mirror: Mirror
    clock: Clock
    scope: Scope
    corrections: Corrections = field(default_factory=Corrections)
    _room: Room = field(default_factory=Room)
    _refused: dict[EndpointName, "_Refusal"] = field(default_factory=dict)

    async def act(self, request: Request, observed: Observed, bound: Mapping[str, Any]) -> Acted:
        """Plan and carry it out; what publishes is decided by a count, and counts itself from that moment on."""
        plan = make_plan(request, observed, self.scope, now=self.clock.now())
        if not plan.publishes:
            return await self._carry_out(request, plan, observed, bound)
        with ExitStack() as kept:
            try:
                with self._room.counting() as taken:
                    plan, observed = await plan_with_room(
                        request, observed, self.cluster, self.scope, self.clock, taken=taken
                    )
                    # Nobody else may decide between this decision and what it takes.
                    kept.enter_context(self._room.taking(request.name, plan.target_groups))
            except Transient as trouble:
                return Acted(plan=plan, before=observed, observed=observed, trouble=trouble)
            return await self._carry_out(request, plan, observed, bound)

    async def _carry_out(self, request: Request, plan: Plan, observed: Observed, bound: Mapping[str, Any]) -> Acted:
        """Do one action after the other; the first that fails ends it, because later ones rely on it."""
        done = []
        acted = Acted(plan=plan, before=observed, observed=observed)
        for action in plan.actions:
            drifts = self.corrections.found(request, self.scope.region, action, acted.observed.get(action.key))
            try:
                now = await self._do(request, action, bound)
            except Refused as refused:
                acted = replace(acted, failure=Failure(reason=refused.reason, message=str(refused)))
                break
            except (Transient, Conflict) as trouble:
                acted = replace(acted, trouble=trouble)
                break
            acted = replace(acted, observed=acted.observed.after(action.key, now), drifts=(*acted.drifts, *drifts))
            self.corrections.note(action, now, drifts)
            for drift in drifts:
                facts = {"object": str(drift.key), "manager": drift.manager, "fields": drift.paths}
                _log.info("drift corrected", extra={**bound, **facts, "reason": str(drift)})
            done.append(describe(action))
        if acted.failure is None:
            self._refused.pop(request.name, None)
        if done:
            _log.info("plan carried out", extra={**bound, "actions": done, "reason": plan.reason})
        return acted

    async def _do(self, request: Request, action: Action, bound: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Do one thing; what was refused is not sent again until the record changes, or some time has passed.

        Raises:
            Refused: The API server will never accept it.
        """
        refused, version = self._refused.get(request.name), (request.item or {}).get("updated_at")
        is_known = refused is not None and (refused.action, refused.version) == (action, version)
        if refused is not None and is_known and self.clock.monotonic() < refused.until:
            raise Refused(refused.failure.message, reason=refused.failure.reason)
        try:
            now = await self.cluster.carry_out(action)
        except Refused as error:
            failure = Failure(reason=error.reason, message=str(error))
            until = self.clock.monotonic() + _TAKEN_FOR_GRANTED_SECONDS
            self._refused[request.name] = _Refusal(action=action, version=version, failure=failure, until=until)
            _log.error("refused by the API server", extra={**bound, "reason": str(error)})
            raise
        if now is not None:
            self.mirror.note(action.key, project(now))
        return now


def account_of(request: Request, acted: Acted, status: RegionStatus | None) -> Account:
    """Make of a pass what is told of it."""
    return Account(
        request=request,
        plan=acted.plan,
        before=acted.before,
        observed=acted.observed,
        status=status,
        drifts=acted.drifts,
    )


async def plan_with_room(
    request: Request, observed: Observed, cluster: Cluster, scope: Scope, clock: Clock, *, taken: TargetGroups = NOTHING
) -> tuple[Plan, Observed]:
    """Plan for one endpoint, asking how much room the load balancer has where that matters.

    Args:
        taken: What others are about to take, as it is when the answer has come.

    Returns:
        The plan, and what it was made from.
    """
    plan = make_plan(request, observed, scope, now=clock.now())
    if not plan.publishes:
        return plan, observed
    others = taken_by_others(request.name, await cluster.count_target_groups(), taken)
    counted = replace(observed, target_groups=others)
    return make_plan(request, counted, scope, now=clock.now()), counted
