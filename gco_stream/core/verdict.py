"""The first thing that a colleague would say of an endpoint: how it is, and why, in two or three sentences."""

from collections.abc import Iterator

from gco_stream.core.authorship import drifts_in
from gco_stream.core.brake import CONFIRMS
from gco_stream.core.findings import Findings
from gco_stream.core.gone import left_behind
from gco_stream.core.manifests.ownership import HOLD, is_marked
from gco_stream.core.models import Action, canary_name
from gco_stream.core.pending import ADOPTED_AS_FOUND
from gco_stream.core.plan import explain_foreign
from gco_stream.core.pods import pods_of
from gco_stream.core.publication import CANARY_UNAVAILABLE, LOAD_BALANCER_FULL, WITHDRAWN
from gco_stream.core.record import spec_hash
from gco_stream.core.route import read_route
from gco_stream.core.spans import span, when
from gco_stream.core.status import RegionStatus, State
from gco_stream.core.watchdog import read_clocks
from gco_stream.core.wish import Blocked, Gone, Remove, Run, Stop, Unclear

_BRAKED = "DeletionsBraked"


def verdict(found: Findings) -> str:
    """Say how an endpoint is in this region, and why."""
    return " ".join(_sentences(found))


def _sentences(found: Findings) -> Iterator[str]:
    if found.plan.held is not None:
        yield f"{found.name} is held: {found.plan.held or 'no reason is given'}."
        waits = len(found.plan.held_back)
        yield f"Nothing of it is changed until the annotation {HOLD} is taken away; {_count(waits, 'change')} would be."
    elif found.plan.foreign and isinstance(found.request.wish, Run):
        yield f"{found.name} cannot be run here: {explain_foreign(found.plan.foreign)}."
    else:
        yield from _of_wish(found)
    yield from _last_failure(found)
    if not found.is_led and (found.plan.actions or found.plan.held_back):
        yield "No controller is at work in this cluster, so nothing will happen."


def _of_wish(found: Findings) -> Iterator[str]:
    match found.request.wish:
        case Unclear(problems):
            told = "; ".join(str(problem) for problem in problems)
            yield f"The record of {found.name} cannot be carried out: {told}."
            yield "What runs of it stays as it is until the record changes."
        case Blocked(clash):
            yield f"{found.name} has to wait for {clash.rival}: {clash.message}."
        case Gone():
            yield from _gone(found)
        case Remove():
            yield from _leaving(found)
        case Stop():
            yield from _stopped(found)
        case Run(clash=clash):
            yield from _running(found)
            if clash is not None:
                yield f"Its canary has to wait for {clash.rival}: {clash.message}."


def _gone(found: Findings) -> Iterator[str]:
    left = ", ".join(str(key) for key in left_behind(found.name, found.observed))
    if not left:
        yield f"There is no record of {found.name}, and nothing of it here."
        return
    yield f"There is no record of {found.name} any more, and yet there is something of it here: {left}."
    is_braked = any(event.reason == _BRAKED and found.name in event.note for event in found.events or ())
    if is_braked:
        yield f"Too many records went at once, so it stays until somebody says `{CONFIRMS}`."
    else:
        yield f"It goes within seconds; where many records went at once, only after `{CONFIRMS}`."


def _leaving(found: Findings) -> Iterator[str]:
    record, region = found.request.record, found.scope.region
    is_here = bool(found.status is not None and found.status.state is State.DELETING)
    if record is None or record.desired_state == "deleted":
        yield f"{found.name} is deleted" + ("." if not is_here else "; what is left of it here is going.")
        others = sorted(
            other
            for other, status in found.request.region_status.items()
            if other != region and not _is_deleted(status)
        )
        if others:
            yield f"Its record goes when every region has said so; {', '.join(others)} has not yet."
        return
    targets = ", ".join(sorted(record.target_regions))
    yield f"{found.name} does not belong in {region}: its target regions are {targets}."
    yield "What is left of it here is going." if is_here else "Nothing of it is here."


def _is_deleted(status: object) -> bool:
    return isinstance(status, dict) and status.get("state") == State.DELETED


def _stopped(found: Findings) -> Iterator[str]:
    remain = len(pods_of(found.name, found.observed))
    if remain:
        yield f"{found.name} is being stopped; {_count(remain, 'pod')} of it {'is' if remain == 1 else 'are'} left."
    elif found.status is not None and found.status.state is State.STOPPED:
        yield f"{found.name} is stopped, as asked: it has no pods and no traffic."
    else:
        yield f"{found.name} is being stopped."


def _running(found: Findings) -> Iterator[str]:
    status = found.status
    if found.deployment is None or status is None:
        yield f"{found.name} has not been made here yet."
        return
    yield f"{found.name} {_how(found, status)}"
    for one in drifts_in(found):
        yield f"Somebody else changed it: {one.shown} of {one.key}, last written by {one.manager}."
    if any(not is_marked(found.observed.objects[action.key]) for action in _on_what_is_there(found)):
        yield "What the poller left of it is about to be taken over, without a pod moving."
    yield from _more(found, status)
    if found.cause is not None and status.state is not State.ERROR:
        yield f"The reason: {found.cause.message}."
    elif status.error is not None:
        yield f"{status.error.rstrip('.')}."


def _on_what_is_there(found: Findings) -> tuple[Action, ...]:
    return tuple(action for action in found.plan.actions if action.key in found.observed.objects)


_HOW = {
    (State.RUNNING, None): "runs as asked",
    (State.RUNNING, "Degraded"): "has lost replicas since it was rolled out",
    (State.UPDATING, "Unavailable"): "ran and has lost every replica",
    (State.UPDATING, WITHDRAWN): "ran and has lost every replica",
}
_HOW_IN_GENERAL = {
    State.RUNNING: "runs",
    State.ERROR: "could not be rolled out",
    State.CREATING: "is being rolled out for the first time",
    State.UPDATING: "is being updated",
}


def _how(found: Findings, status: RegionStatus) -> str:
    counts = f"{status.replicas_ready} of {status.replicas_desired} replicas ready"
    if found.plan.actions and found.is_led and _is_behind(found):
        return f"does not run as its record asks yet, {counts}{_traffic(found)}."
    if status.state is State.RUNNING and status.reason is None and status.replicas_desired == 0:
        return "runs as asked: no replica is wanted, so it has no pods and no traffic."
    how = _HOW.get((status.state, status.reason)) or _HOW_IN_GENERAL.get(status.state, f"is {status.state}")
    return f"{how}, {counts}{_traffic(found)}."


def _is_behind(found: Findings) -> bool:
    """Whether the controller has not yet spoken of the record as it is now."""
    told = found.request.status(found.scope.region).get("observed_spec")
    return told != spec_hash(found.request.item or {})


def _traffic(found: Findings) -> str:
    route = read_route(found.observed.ingress(found.name), found.name)
    path = (found.request.item or {}).get("ingress_path") or f"/inference/{found.name}"
    if route is None:
        return ", and it has no traffic"
    if route.canary:
        whose = "all" if not route.primary else f"{route.canary} %"
        return f", published at {path}, with {whose} of its traffic at {canary_name(found.name)}"
    return f", published at {path}"


def _more(found: Findings, status: RegionStatus) -> Iterator[str]:
    """Say what the one word of the status means."""
    since = read_clocks(found.request.status(found.scope.region), now=found.now).primary
    threshold = span(found.scope.unhealthy_after)
    match status.reason:
        case _ if status.reason == WITHDRAWN:
            began = f" since {when(since, found.now)}" if since else ""
            yield f"No replica has been ready{began}; it was taken off the load balancer after {threshold},"
            yield "and is back with the first that is ready."
        case "LoadBalancerFull":
            yield f"There is no room on the load balancer ({LOAD_BALANCER_FULL}, see ALB_TARGET_GROUPS)."
        case "CanaryUnavailable":
            yield f"Its canary has no share of the traffic, since it has no ready replica ({CANARY_UNAVAILABLE})."
        case "AdoptedAsFound":
            yield f"Its pods are as they were found ({ADOPTED_AS_FOUND}): the next edit of the record replaces them."


def _last_failure(found: Findings) -> Iterator[str]:
    """Say why the last try to do what is still to be done has failed."""
    status = found.request.status(found.scope.region)
    is_of_this = status.get("observed_spec") == spec_hash(found.request.item or {})
    told = status.get("error")
    is_retold = found.status is not None and found.status.error is not None
    if found.plan.actions and status.get("state") == State.ERROR and is_of_this and told and not is_retold:
        yield f"The last try failed: {str(told).rstrip('.')}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
