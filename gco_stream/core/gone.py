"""What becomes of an endpoint whose record a consistent read has not found."""

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from gco_stream.core.brake import Brake, Braked, Gathering, Known, Released
from gco_stream.core.manifests.ownership import held_by, is_ours
from gco_stream.core.models import EndpointName, Manifest, ObjectKey, Observed, is_leaving, object_keys
from gco_stream.core.wish import Gone, Request


def is_left_behind(key: ObjectKey, live: Manifest, name: EndpointName) -> bool:
    """Whether an object would go with the endpoint: one that bears our marks, and is not leaving already.

    Nothing is taken over on the way: what the poller left needs a record to be ours.
    """
    return key in object_keys(name) and is_ours(live, name) and not is_leaving(live)


def left_behind(name: EndpointName, observed: Observed) -> Mapping[ObjectKey, Manifest]:
    """Return the objects that would go."""
    return {key: live for key, live in observed.objects.items() if is_left_behind(key, live, name)}


def judge_gone(request: Request, observed: Observed, brake: Brake, known: Known, *, now: float) -> Request:
    """Put into a request without a record what the brake says; one that somebody holds is left as it is.

    Args:
        known: Says which endpoints have objects here.
        now: Seconds of the clock that the brake goes by.
    """
    if not left_behind(request.name, observed):
        brake.forget(request.name)
        return request
    if held_by(observed.deployment(request.name)) is not None:
        return request
    verdict = brake.ask(request.name, known, now=now)
    match verdict:
        case Released():
            return replace(request, wish=Gone(may_go=True))
        case Gathering(seconds):
            return replace(request, wish=Gone(again_in=seconds))
        case Braked():
            return request
        case _:
            assert_never(verdict)
