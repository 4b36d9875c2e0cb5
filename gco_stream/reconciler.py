"""Brings one endpoint from what is to what is wanted: observe, decide, act, report.

The reconciler conducts: what to do is decided in ``core``, how in ``shell``.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from gco_stream.actor import Acted, Actor, account_of
from gco_stream.core.backlog import Again
from gco_stream.core.brake import Brake, Waiting
from gco_stream.core.claims import Claims
from gco_stream.core.conclusions import may_be_promoted, may_be_purged
from gco_stream.core.drift import Corrections
from gco_stream.core.events import Account
from gco_stream.core.gone import judge_gone, left_behind
from gco_stream.core.looking import keys_to_read
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import EndpointName, Item, Kind, ObjectKey, Observed, Scope
from gco_stream.core.progress import AT_ONCE, next_look
from gco_stream.core.record import read_record
from gco_stream.core.report import Outcome, region_status
from gco_stream.core.rollout import read_rollout
from gco_stream.core.status import Failure, RegionStatus, State, held_by_another, to_write
from gco_stream.core.unobserved import unobserved_status
from gco_stream.core.wish import Gone, Remove, Request, Run, Stop, read_request
from gco_stream.errors import Conflict, Denied, InvalidRecord, LostLeadership, Refused, Transient
from gco_stream.meters import Ending, Meters
from gco_stream.ports import Clock, Cluster, Records
from gco_stream.queue import WorkQueue

_log = logging.getLogger(__name__)

_FAILED = Again(first=0.5, longest=60.0, is_failure=True)
_CRASHED = replace(_FAILED, is_failure=False)
_REASONS = ((Denied, "Forbidden"), (Conflict, "Conflict"))
_REPORTED_AFTER = timedelta(seconds=60)


def _nobody(_news: object) -> None:
    return


@dataclass(slots=True)
class Reconciler:
    """Works on names, one pass at a time for each.

    Attributes:
        pass_deadline: What one pass may take at the most; a pass over it is a failed one.
        hears: Is told what each pass has come to.
        hears_of_brake: Is told what waits behind the brake.
    """

    records: Records
    cluster: Cluster
    mirror: Mirror
    clock: Clock
    scope: Scope
    pass_deadline: timedelta
    claims: Claims
    brake: Brake = field(default_factory=Brake)
    corrections: Corrections = field(default_factory=Corrections)
    hears: Callable[[Account], None] = _nobody
    hears_of_brake: Callable[[Waiting], None] = _nobody
    meters: Meters = field(default_factory=Meters)
    _failing_since: dict[EndpointName, float] = field(default_factory=dict)
    _passes: "count[int]" = field(default_factory=lambda: count(1))
    _actor: Actor = field(init=False)

    def __post_init__(self) -> None:
        self._actor = Actor(self.cluster, self.mirror, self.clock, self.scope, self.corrections)

    async def work(self, queue: WorkQueue) -> None:
        """Work on whatever the queue hands out, until it is closed."""
        while (name := await queue.take()) is not None:
            await queue.done(name, await self._attempt(name, queue))

    async def _attempt(self, name: EndpointName, queue: WorkQueue) -> Again | None:
        """Do one pass; whatever goes wrong in it hurts this endpoint alone."""
        bound = {"endpoint": name, "pass": next(self._passes)}
        try:
            async with asyncio.timeout(self.pass_deadline.total_seconds()):
                again = await self._reconcile(name, queue, bound)
            ending = Ending.SUCCESS if again is None else Ending.AGAIN_LATER
        except LostLeadership:
            raise
        except Conflict as conflict:
            self._failing_since.setdefault(name, self.clock.monotonic())
            _log.debug("read again after a conflict", extra={**bound, "reason": str(conflict)})
            self.meters.pass_ended(Ending.AGAIN_AT_ONCE)
            return AT_ONCE
        except Refused as refused:
            _log.error("refused, waiting for the record to change", extra={**bound, "reason": str(refused)})
            again, ending = None, Ending.REFUSED
        except (Transient, TimeoutError) as trouble:
            self._failing_since.setdefault(name, self.clock.monotonic())
            _log.warning("pass failed, will try again", extra={**bound, "reason": str(trouble) or "deadline exceeded"})
            self.meters.pass_ended(Ending.TIMED_OUT if isinstance(trouble, TimeoutError) else Ending.FAILED)
            return _FAILED.not_before(getattr(trouble, "retry_after", None))
        except Exception:  # noqa: BLE001 - a bug that one record brings out must not take the others down
            _log.exception("pass crashed, will try again", extra=bound)
            self.meters.pass_ended(Ending.CRASHED)
            return _CRASHED
        self.meters.pass_ended(ending)
        self._failing_since.pop(name, None)
        return again

    async def _reconcile(self, name: EndpointName, queue: WorkQueue, bound: Mapping[str, Any]) -> Again | None:
        item = await self.records.get(name)
        await self._claim(name, item, queue)
        request = read_request(name, item, self.scope, self.claims)
        observed = await self._observe(request, bound)
        request = self._ask_brake(request, observed)
        acted = await self._actor.act(request, observed, bound)
        now = self.clock.now()
        status = await self._judge(request, acted, now)
        after = await self._write_status(request, status, bound)
        if after is not None or item is None:
            self.hears(account_of(request, acted, status))
        if acted.trouble is not None:
            raise acted.trouble
        await self._claim(name, after or item, queue)
        await self._conclude(after, bound)
        # What was refused is not done by trying again at once.
        plan = acted.plan if acted.failure is None else replace(acted.plan, is_unfinished=False)
        again = next_look(request, acted.observed, status, plan, now=now)
        _log.debug("pass done", extra={**bound, "again": again is not None})
        return again

    async def _claim(self, name: EndpointName, item: Item | None, queue: WorkQueue) -> None:
        """Take in what a record lays claim to, and wake those whom that concerns."""
        seen = self.mirror.observed(name)
        if item is None and left_behind(name, seen):
            return
        for other in sorted(self.claims.forget(name) if item is None else self.claims.note(item, seen)):
            await queue.add(other)

    def _ask_brake(self, request: Request, observed: Observed) -> Request:
        """Put into a request whether what is left of an endpoint without a record may go, and say what has to wait."""
        if not isinstance(request.wish, Gone):
            self.brake.forget(request.name)
            return request
        judged = judge_gone(request, observed, self.brake, self.mirror.standing, now=self.clock.monotonic())
        if (waiting := self.brake.news()) is not None:
            _log.warning("deletions wait for a confirmation", extra=waiting.facts())
            self.hears_of_brake(waiting)
        return judged

    async def _observe(self, request: Request, bound: Mapping[str, Any]) -> Observed:
        """Look at the cluster; where that has failed for long, say so in the status before giving up."""
        # What has failed may have met something that the watch has yet to show.
        keys = None if request.name in self._failing_since else keys_to_read(request, self.mirror)
        try:
            return await self.cluster.observe(
                request.name, with_pods=isinstance(request.wish, Stop | Remove), keys=keys
            )
        except Transient as trouble:
            failure = self._lasting(request.name, trouble)
            if failure is not None:
                await self._write_status(request, unobserved_status(request, self.scope, failure), bound)
            raise

    async def _judge(self, request: Request, acted: Acted, now: datetime) -> RegionStatus | None:
        failure = acted.failure
        if acted.trouble is not None:
            failure = self._lasting(request.name, acted.trouble)
            if failure is None:
                return None
        key = ObjectKey(Kind.DEPLOYMENT, request.name)
        is_changed = any(action.key == key for action in acted.plan.actions)
        is_new = is_changed and acted.before.get(key) is None
        seen = acted.observed if is_changed else await self._with_pods(request, acted.observed)
        outcome = Outcome(plan=acted.plan, observed=seen, is_new=is_new, failure=failure)
        return region_status(request, outcome, self.scope, now=now)

    async def _with_pods(self, request: Request, observed: Observed) -> Observed:
        """Look at the pods of a rollout that is under way; where that fails, nothing is known of them."""
        deployment = observed.deployment(request.name)
        if not isinstance(request.wish, Run) or deployment is None or read_rollout(deployment).complete:
            return observed
        try:
            return replace(observed, pods=await self.cluster.pods(request.name))
        except Transient:
            return observed

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
        item, previous = request.item, request.status(self.scope.region)
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
