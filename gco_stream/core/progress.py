"""Whether an endpoint may look otherwise in a moment without anybody writing to its record."""

from datetime import datetime

from gco_stream.core.backlog import Again
from gco_stream.core.manifests.ownership import is_marked, is_ours
from gco_stream.core.models import Observed, is_leaving
from gco_stream.core.plan import Plan
from gco_stream.core.publication import LOAD_BALANCER_FULL
from gco_stream.core.rollout import read_rollout
from gco_stream.core.status import RegionStatus, State
from gco_stream.core.wish import Blocked, Gone, Request, Run, Unclear

# The next step of what has just been done.
AT_ONCE = Again(first=0.02, longest=1.0)
# Pods are not watched, so whether they are gone has to be asked.
SOON = Again(first=0.1, longest=5.0)
# Everything else is watched; this is for the case that the watch is blind at the moment.
EVENTUALLY = Again(first=5.0, longest=60.0)

# An object under its name is watched as that of the endpoint that has it yet.
HANDED_ON = Again(first=0.1, longest=60.0)

_WAIT_FOR_PODS = (State.STOPPING, State.DELETING)
_UNDER_WAY = (State.CREATING, State.UPDATING)
_MAY_RECOVER = ("Degraded", LOAD_BALANCER_FULL)


def next_look(
    request: Request, observed: Observed, status: RegionStatus | None, plan: Plan, *, now: datetime
) -> Again | None:
    """Say when another look is due by itself; None where nothing will change unless somebody changes it.

    Args:
        observed: What was there when the pass had done what it could.
        status: What it reported, or None if it had nothing to say.
        plan: What it did.
    """
    if plan.is_unfinished:
        return AT_ONCE
    again = HANDED_ON if _is_anothers(plan, observed) else _by_state(request, observed, status)
    if plan.publication is None or plan.publication.due is None or plan.held is not None:
        return again
    seconds = max(0.0, (plan.publication.due - now).total_seconds())
    return Again.at(seconds) if again is None else again.not_after(seconds)


def _by_state(request: Request, observed: Observed, status: RegionStatus | None) -> Again | None:
    if isinstance(request.wish, Gone):
        return None if request.wish.again_in is None else Again.at(request.wish.again_in)
    if isinstance(request.wish, Unclear | Blocked):
        return None
    if status is not None and status.reason == "Held":
        return None if status.state in (State.RUNNING, State.STOPPED) else EVENTUALLY
    is_going = any(is_leaving(live) for live in observed.objects.values() if is_ours(live, request.name))
    if is_going or _is_unpublished(request, status) or (status is not None and status.state in _WAIT_FOR_PODS):
        return SOON
    if status is None:
        return None
    may_change = status.state in _UNDER_WAY or status.reason in _MAY_RECOVER or _is_overdue(request, observed)
    return EVENTUALLY if may_change else None


def _is_anothers(plan: Plan, observed: Observed) -> bool:
    """Whether another endpoint's object is in the way, as that of one or of a canary that has just ended."""
    in_the_way = (observed.objects.get(key) for key in plan.foreign)
    return any(is_marked(live) for live in in_the_way if live is not None)


def _is_overdue(request: Request, observed: Observed) -> bool:
    deployment = observed.deployment(request.name)
    is_run = isinstance(request.wish, Run) and deployment is not None and is_ours(deployment, request.name)
    return is_run and deployment is not None and read_rollout(deployment).overdue is not None


def _is_unpublished(request: Request, status: RegionStatus | None) -> bool:
    """Whether a replica became ready while the pass was under way, so that it was not published yet."""
    if status is None or status.state is not State.RUNNING or status.reason == LOAD_BALANCER_FULL:
        return False
    return isinstance(request.wish, Run) and status.replicas_ready > 0 and not status.published
