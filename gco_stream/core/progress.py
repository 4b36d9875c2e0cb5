"""Whether an endpoint may look otherwise in a moment without anybody writing to its record."""

from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.models import Observed, is_leaving
from gco_stream.core.publication import LOAD_BALANCER_FULL
from gco_stream.core.status import RegionStatus, State
from gco_stream.core.wish import Gone, Request, Run, Unclear

_UNDER_WAY = (State.CREATING, State.UPDATING, State.STOPPING, State.DELETING)
_MAY_RECOVER = ("ProgressDeadlineExceeded", "Degraded", LOAD_BALANCER_FULL)


def is_unfinished(request: Request, observed: Observed, status: RegionStatus | None) -> bool:
    """Whether another look is due by itself.

    Args:
        observed: What was there when the pass had done what it could.
        status: What it reported, or None if it had nothing to say.
    """
    if isinstance(request.wish, Unclear | Gone):
        return False
    if any(is_leaving(live) for live in observed.objects.values() if is_ours(live, request.name)):
        return True
    if status is None:
        return False
    could_publish = isinstance(request.wish, Run) and status.state is State.RUNNING and status.replicas_ready > 0
    is_unpublished = could_publish and not status.published
    return status.state in _UNDER_WAY or status.reason in _MAY_RECOVER or is_unpublished
