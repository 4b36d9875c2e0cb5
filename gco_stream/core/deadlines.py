"""What will happen to an endpoint by the clock alone, and when."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from gco_stream.core.findings import Findings
from gco_stream.core.models import Kind, ObjectKey, canary_name
from gco_stream.core.publication import WITHDRAWN
from gco_stream.core.rollout import read_rollout
from gco_stream.core.route import Phase, Route
from gco_stream.core.spans import when
from gco_stream.core.times import time_of
from gco_stream.core.watchdog import read_clocks
from gco_stream.core.wish import Run

_NEXT = {
    Phase.WARMING: "the canary's pods have had time to be registered, and get their share",
    Phase.DRAINING: "the canary has had time to finish its last requests, and goes",
    Phase.CARRIED: "the endpoint's new pods have had time to be registered, and get the traffic back",
}


def deadlines_told(found: Findings) -> tuple[str, ...]:
    """Tell of each clock that is going, in the order in which they were asked about: traffic first."""
    return (*_watchdog(found), *_publication(found), *_progress(found))


def _watchdog(found: Findings) -> Iterator[str]:
    if not isinstance(found.request.wish, Run):
        return
    clocks = read_clocks(found.request.status(found.scope.region), now=found.now)
    is_published = found.observed.ingress(found.name) is not None
    for whose, since in ((found.name, clocks.primary), (canary_name(found.name), clocks.canary)):
        if since is None:
            continue
        ends = when(since + found.scope.unhealthy_after, found.now)
        then = f"taken off the load balancer at {ends}" if is_published else "off the load balancer until one is ready"
        yield f"watchdog: {whose} has had no ready replica since {when(since, found.now)}; {then}"


def _publication(found: Findings) -> Iterator[str]:
    publication = found.plan.publication
    if publication is None or publication.due is None or publication.reason == WITHDRAWN:
        return
    phase = (publication.route or Route()).phase
    if phase in _NEXT:
        yield f"traffic: at {when(publication.due, found.now)} {_NEXT[phase]}"


def _progress(found: Findings) -> Iterator[str]:
    """Tell until when a rollout may take; its clock starts anew with each step forward.

    Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds
    """
    for name in (found.name, canary_name(found.name)):
        live = found.observed.get(ObjectKey(Kind.DEPLOYMENT, name))
        if live is None:
            continue
        rollout = read_rollout(live)
        conditions = (live.get("status") or {}).get("conditions") or ()
        progressing: Mapping[str, Any] = next((one for one in conditions if one.get("type") == "Progressing"), {})
        since, seconds = time_of(progressing.get("lastUpdateTime")), live["spec"].get("progressDeadlineSeconds")
        if rollout.complete or rollout.settled or rollout.overdue or since is None or not isinstance(seconds, int):
            continue
        ends = when(since + timedelta(seconds=seconds), found.now)
        yield f"rollout: {name} counts as failed at {ends}, unless another replica becomes ready before"
