"""Brings one endpoint from what is to what is wanted: observe, decide, act, report.

The reconciler conducts: what to do is decided in ``core``, how in ``shell``.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

from gco_stream.core.backlog import Again
from gco_stream.core.conclusions import may_be_promoted, may_be_purged
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import Apply, EndpointName, Item, Kind, ObjectKey, Observed, Scope, describe
from gco_stream.core.plan import Plan, make_plan
from gco_stream.core.progress import next_look
from gco_stream.core.projection import project
from gco_stream.core.record import read_record
from gco_stream.core.status import (
    Failure,
    RegionStatus,
    State,
    held_by_another,
    previous_status,
    region_status,
    to_write,
)
from gco_stream.core.unobserved import unobserved_status
from gco_stream.core.wish import Remove, Request, Stop, read_request
from gco_stream.errors import Conflict, Denied, InvalidRecord, LostLeadership, Refused, Transient
from gco_stream.ports import Clock, Cluster, Records
from gco_stream.queue import WorkQueue

_log = logging.getLogger(__name__)

_FAILED = Again(first=0.5, longest=60.0)
_AT_ONCE = Again(first=0.02, longest=1.0)
_REASONS = ((Denied, "Forbidden"), (Conflict, "Conflict"))
_REPORTED_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What carrying out a plan led to.

    Attributes:
        plan: What was to be done.
        observed: The objects as the API server answered them.
        failure: Why the rest was not done, if repeating cannot cure it.
        trouble: Why the rest was not done, if it may be cured by itself.
    """

    plan: Plan
    observed: Observed
    failure: Failure | None = None
    trouble: Transient | Conflict | None = None


@dataclass(slots=True)
class Reconciler:
    """Works on names, one pass at a time for each.

    Attributes:
        pass_deadline: What one pass may take at the most; a pass over it is a failed one.
    """

    records: Records
    cluster: Cluster
    mirror: Mirror
    clock: Clock
    scope: Scope
    pass_deadline: timedelta
    _publishing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _failing_since: dict[EndpointName, float] = field(default_factory=dict)
    _passes: "count[int]" = field(default_factory=lambda: count(1))

    async def work(self, queue: WorkQueue) -> None:
        """Work on whatever the queue hands out, until it is closed."""
        while (name := await queue.take()) is not None:
            await queue.done(name, await self._attempt(name))

    async def _attempt(self, name: EndpointName) -> Again | None:
        """Do one pass; whatever goes wrong in it hurts this endpoint alone."""
        bound = {"endpoint": name, "pass": next(self._passes)}
        try:
            async with asyncio.timeout(self.pass_deadline.total_seconds()):
                again = await self._reconcile(name, bound)
        except LostLeadership:
            raise
        except Conflict as conflict:
            self._failing_since.setdefault(name, self.clock.monotonic())
            _log.debug("read again after a conflict", extra={**bound, "reason": str(conflict)})
            return _AT_ONCE
        except Refused as refused:
            _log.error("refused, waiting for the record to change", extra={**bound, "reason": str(refused)})
            again = None
        except (Transient, TimeoutError) as trouble:
            self._failing_since.setdefault(name, self.clock.monotonic())
            _log.warning("pass failed, will try again", extra={**bound, "reason": str(trouble) or "deadline exceeded"})
            return _FAILED.not_before(getattr(trouble, "retry_after", None))
        except Exception:  # noqa: BLE001 - a bug that one record brings out must not take the others down
            _log.exception("pass crashed, will try again", extra=bound)
            return _FAILED
        self._failing_since.pop(name, None)
        return again

    async def _reconcile(self, name: EndpointName, bound: Mapping[str, Any]) -> Again | None:
        request = read_request(name, await self.records.get(name), self.scope)
        observed = await self._observe(request, bound)
        acted = await self._act(request, observed, bound)
        status = self._judge(request, observed, acted)
        item = await self._write_status(request, status, bound)
        if acted.trouble is not None:
            raise acted.trouble
        await self._conclude(item, bound)
        again = next_look(request, acted.observed, status)
        _log.debug("pass done", extra={**bound, "again": again is not None})
        return again

    async def _act(self, request: Request, observed: Observed, bound: Mapping[str, Any]) -> Acted:
        """Plan and carry it out; those who publish do so one after the other, so that each counts the others."""
        plan = make_plan(request, observed, self.scope)
        if not plan.publishes:
            return await self._carry_out(plan, observed, bound)
        async with self._publishing:
            try:
                plan, counted = await plan_with_room(request, observed, self.cluster, self.scope)
            except Transient as trouble:
                return Acted(plan=plan, observed=observed, trouble=trouble)
            return await self._carry_out(plan, counted, bound)

    async def _observe(self, request: Request, bound: Mapping[str, Any]) -> Observed:
        """Look at the cluster; where that has failed for long, say so in the status before giving up."""
        try:
            return await self.cluster.observe(request.name, with_pods=isinstance(request.wish, Stop | Remove))
        except Transient as trouble:
            failure = self._lasting(request.name, trouble)
            if failure is not None:
                await self._write_status(request, unobserved_status(request, self.scope, failure), bound)
            raise

    async def _carry_out(self, plan: Plan, observed: Observed, bound: Mapping[str, Any]) -> Acted:
        """Do one action after the other; the first that fails ends it, because later ones rely on it."""
        done = []
        acted = Acted(plan=plan, observed=observed)
        for action in plan.actions:
            try:
                now = await self.cluster.carry_out(action)
            except Refused as refused:
                failure = Failure(reason=refused.reason, message=str(refused))
                _log.error("refused by the API server", extra={**bound, "reason": str(refused)})
                acted = replace(acted, failure=failure)
                break
            except (Transient, Conflict) as trouble:
                acted = replace(acted, trouble=trouble)
                break
            if now is not None:
                self.mirror.note(action.key, project(now))
            acted = replace(acted, observed=acted.observed.after(action.key, now))
            done.append(describe(action))
        if done:
            _log.info("plan carried out", extra={**bound, "actions": done, "reason": plan.reason})
        return acted

    def _judge(self, request: Request, before: Observed, acted: Acted) -> RegionStatus | None:
        failure = acted.failure
        if acted.trouble is not None:
            failure = self._lasting(request.name, acted.trouble)
            if failure is None:
                return None
        key = ObjectKey(Kind.DEPLOYMENT, request.name)
        is_new = before.get(key) is None and any(a.key == key for a in acted.plan.actions if isinstance(a, Apply))
        return region_status(request, acted.plan, acted.observed, self.scope, is_new=is_new, failure=failure)

    def _lasting(self, name: EndpointName, trouble: Transient | Conflict) -> Failure | None:
        """Turn trouble into a failure once it has lasted; before that the state is left as it is."""
        since = self._failing_since.get(name)
        if since is None or self.clock.monotonic() - since < _REPORTED_AFTER.total_seconds():
            return None
        reason = next((word for kind, word in _REASONS if isinstance(trouble, kind)), "ClusterUnavailable")
        return Failure(reason=reason, message=str(trouble))

    async def _conclude(self, item: Item | None, bound: Mapping[str, Any]) -> None:
        """Do what follows from all regions' statuses; only after a pass that did all it planned."""
        if item is None:
            return
        try:
            record = read_record(item)
        except InvalidRecord:
            return
        if may_be_promoted(item, record):
            await self.records.promote(item)
            _log.info("promoted to running", extra=bound)
        elif may_be_purged(record):
            await self.records.purge(item)
            _log.info("record purged", extra=bound)

    async def _write_status(
        self, request: Request, status: RegionStatus | None, bound: Mapping[str, Any]
    ) -> Item | None:
        """Write the status if it says anything new, and return the record as it then is.

        Returns:
            None where there is no record, or where it speaks of another cluster: nothing may be concluded from it.
        """
        item, previous = request.item, previous_status(request, self.scope)
        now = self.clock.now()
        written = None if status is None else to_write(status, previous, now=now)
        if item is None or status is None or written is None:
            return item
        other = held_by_another(previous, self.scope, now=now)
        if other is not None:
            _log.warning("status not written: another cluster reports for this region", extra={**bound, "other": other})
            return None
        after = await self.records.write_status(item, self.scope.region, written)
        level = logging.WARNING if status.state is State.ERROR else logging.INFO
        facts = {"state": status.state.value, "reason": status.error or status.reason}
        _log.log(level, "status written", extra={**bound, **facts})
        return after


async def plan_with_room(request: Request, observed: Observed, cluster: Cluster, scope: Scope) -> tuple[Plan, Observed]:
    """Plan for one endpoint, asking how much room the load balancer has where that matters.

    Returns:
        The plan, and what it was made from.
    """
    plan = make_plan(request, observed, scope)
    if not plan.publishes:
        return plan, observed
    counted = replace(observed, target_groups=await cluster.count_target_groups())
    return make_plan(request, counted, scope), counted
