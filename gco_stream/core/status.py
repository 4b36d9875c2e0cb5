"""What the controller reports about an endpoint, and what follows from every region's report."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.models import EndpointName, Manifest, Observed, Scope, is_leaving
from gco_stream.core.plan import Plan, explain_foreign
from gco_stream.core.record import spec_hash
from gco_stream.core.rollout import Rollout, read_rollout
from gco_stream.core.wish import Gone, Remove, Request, Run, Stop, Unclear, Wish

_LONGEST_ERROR = 1000
_FRESH = timedelta(minutes=10)


class State(StrEnum):
    """The states that readers of the table know."""

    CREATING = "creating"
    UPDATING = "updating"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DELETING = "deleting"
    DELETED = "deleted"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a pass could not do what it planned: one CamelCase word, and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionStatus:
    """One region's status in a record; None is left out when it is written.

    Attributes:
        reason: One CamelCase word where the state alone says too little.
        observed_spec: Hash of the desired fields that this speaks of.
    """

    state: State
    replicas_ready: int = 0
    replicas_desired: int = 0
    error: str | None = None
    reason: str | None = None
    published: bool = False
    observed_spec: str
    cluster: str

    def as_map(self) -> dict[str, Any]:
        """Return the status as it stands in the table, without ``last_sync``."""
        said = asdict(self) | {"state": self.state.value, "error": self.error and self.error[:_LONGEST_ERROR]}
        return {field: value for field, value in said.items() if value is not None}


_OURS = tuple(field.name for field in fields(RegionStatus))


def previous_status(request: Request, scope: Scope) -> Mapping[str, Any]:
    """Return this region's status in the record, empty if there is none."""
    status = request.region_status.get(scope.region)
    return status if isinstance(status, Mapping) else {}


def to_write(status: RegionStatus, previous: Mapping[str, Any], *, now: datetime) -> dict[str, Any] | None:
    """Return the map to write, with whatever else the previous one held; None if it would say nothing new."""
    wanted = status.as_map()
    if {key: previous[key] for key in _OURS if key in previous} == wanted:
        return None
    foreign = {key: value for key, value in previous.items() if key not in _OURS}
    return {**foreign, **wanted, "last_sync": now.isoformat(timespec="microseconds")}


def held_by_another(previous: Mapping[str, Any], scope: Scope, *, now: datetime) -> str | None:
    """Return the name of another cluster that wrote this region's status a short while ago, or None."""
    cluster = previous.get("cluster")
    written = time_of(previous.get("last_sync"))
    if not isinstance(cluster, str) or cluster == scope.cluster or written is None or now - written > _FRESH:
        return None
    return cluster


def region_status(
    request: Request, plan: Plan, observed: Observed, scope: Scope, *, is_new: bool, failure: Failure | None
) -> RegionStatus | None:
    """Say how the endpoint is, from what the cluster shows after the plan was carried out.

    Args:
        observed: What is there now.
        is_new: Whether this pass made the Deployment.
        failure: What kept the plan from being carried out, or None.

    Returns:
        None where there is nothing to say: no record, or a region that has nothing to do with it.
    """
    if request.item is None:
        return None
    report = _Report(request=request, observed=observed, scope=scope)
    if failure is not None:
        return report.error(failure)
    if plan.foreign:
        return report.beside_foreign(Failure(reason="ForeignObject", message=explain_foreign(plan.foreign)))
    status = _of_wish(request.wish, report, plan, is_new=is_new)
    return status if plan.held is None or status is None else _held(status, plan)


def _held(status: RegionStatus, plan: Plan) -> RegionStatus:
    """Say that an endpoint is left as it is, and not that it is as wanted where it is not."""
    is_behind = bool(plan.held_back) and status.state is State.RUNNING
    return replace(status, state=State.UPDATING if is_behind else status.state, reason="Held")


def _of_wish(wish: Wish, report: "_Report", plan: Plan, *, is_new: bool) -> RegionStatus | None:
    match wish:
        case Unclear() if not report.request.concerns(report.scope.region):
            return None
        case Unclear(problems):
            return report.error(Failure(reason="InvalidRecord", message="; ".join(str(p) for p in problems)))
        case Run():
            return report.running(is_new=is_new, withheld=plan.withheld)
        case Stop():
            return report.stopped()
        case Remove():
            return report.removed(is_verified=not plan.actions)
        case Gone():
            return None
        case _:
            assert_never(wish)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    request: Request
    observed: Observed
    scope: Scope

    @property
    def previous(self) -> Mapping[str, Any]:
        return previous_status(self.request, self.scope)

    @property
    def rollout(self) -> Rollout | None:
        deployment = self.observed.deployment(self.request.name)
        ours = deployment is not None and is_ours(deployment, self.request.name)
        return read_rollout(deployment) if deployment is not None and ours else None

    def running(self, *, is_new: bool, withheld: str | None) -> RegionStatus:
        rollout = self.rollout
        if rollout is None:
            return self._status(State.CREATING)
        if rollout.complete:
            return self._status(State.RUNNING, withheld)
        if rollout.overdue is not None:
            return self._status(State.ERROR, reason="ProgressDeadlineExceeded", error=rollout.overdue)
        if rollout.settled and self._was_rolled_out(rollout):
            degraded = rollout.ready > 0
            return self._status(State.RUNNING, "Degraded") if degraded else self._status(State.UPDATING, "Unavailable")
        state = State.CREATING if is_new or self._was_never_rolled_out() else State.UPDATING
        return self._status(state, reason="RolloutInProgress")

    def stopped(self) -> RegionStatus:
        """Say whether no pod is left, nor one on its way: the Deployment's controller must have seen the 0, too."""
        rollout = self.rollout
        is_heard = rollout is None or rollout.complete
        remain = pods_of(self.request.name, self.observed)
        return self._status(State.STOPPED if is_heard and not remain else State.STOPPING)

    def removed(self, *, is_verified: bool) -> RegionStatus | None:
        """Say whether nothing is left; what this pass has only just deleted is looked for once more."""
        remains = any(is_ours(live, self.request.name) for live in self.observed.objects.values())
        if remains or not is_verified or pods_of(self.request.name, self.observed):
            return self._status(State.DELETING)
        return self._status(State.DELETED) if self._is_to_be_said() else None

    def beside_foreign(self, failure: Failure) -> RegionStatus | None:
        return self.error(failure) if self._is_to_be_said() else None

    def _is_to_be_said(self) -> bool:
        """Where the region is no target, it said so once; a later change of the spec is none of its business."""
        is_target = self.request.targets(self.scope.region)
        return is_target or self.previous.get("state", State.DELETED) != State.DELETED

    def error(self, failure: Failure) -> RegionStatus:
        return self._status(State.ERROR, failure.reason, failure.message)

    def _status(self, state: State, reason: str | None = None, error: str | None = None) -> RegionStatus:
        rollout = self.rollout
        return RegionStatus(
            state=state,
            replicas_ready=rollout.ready if rollout else 0,
            replicas_desired=rollout.desired if rollout else 0,
            error=error,
            reason=reason,
            published=self._is_published(),
            observed_spec=spec_hash(self.request.item or {}),
            cluster=self.scope.cluster,
        )

    def _is_published(self) -> bool:
        ingress = self.observed.ingress(self.request.name)
        return ingress is not None and is_ours(ingress, self.request.name) and not is_leaving(ingress)

    def _was_rolled_out(self, rollout: Rollout) -> bool:
        known = self.previous.get("state") == State.RUNNING or self.previous.get("reason") == "Unavailable"
        same = self.previous.get("observed_spec") == spec_hash(self.request.item or {})
        return known and same and self.previous.get("replicas_desired") == rollout.desired

    def _was_never_rolled_out(self) -> bool:
        """Whether its first rollout is still under way; one replica of several may be published already."""
        known = self.previous.get("state")
        is_untold = known in (None, State.DELETING, State.DELETED, State.ERROR) and not self._is_published()
        return known == State.CREATING or is_untold


def pods_of(name: EndpointName, observed: Observed) -> tuple[Manifest, ...]:
    """Return the pods of the endpoint's Deployment among those observed, also after the Deployment is gone.

    A ReplicaSet is named after its Deployment and the template's hash, which its pods carry as a label. Pods of a
    Deployment that is not ours are not the endpoint's.
    """
    deployment = observed.deployment(name)
    if deployment is not None and not is_ours(deployment, name):
        return ()
    return tuple(pod for pod in observed.pods or () if _is_of_deployment(pod, name) and not _is_over(pod))


def _is_over(pod: Manifest) -> bool:
    """Whether a pod has ended for good and holds nothing: an evicted one can stand around for days."""
    return (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")


def _is_of_deployment(pod: Manifest, name: EndpointName) -> bool:
    metadata = pod["metadata"]
    template = (metadata.get("labels") or {}).get("pod-template-hash")
    owners = metadata.get("ownerReferences") or ()
    return any(owner["kind"] == "ReplicaSet" and owner["name"] == f"{name}-{template}" for owner in owners)


def time_of(value: object) -> datetime | None:
    """Read a time as it stands in a record; None if it is none, or without a zone."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None
