"""Which of the objects under an endpoint's names are its own."""

from collections.abc import Mapping

from gco_stream.core.adoption import is_adoptable, was_made_by_us
from gco_stream.core.manifests.ownership import ENDPOINT, is_ours
from gco_stream.core.models import EndpointName, Manifest, ObjectKey, Observed, object_keys, own_keys
from gco_stream.core.route import read_route
from gco_stream.core.wish import Request


def belonging(request: Request, observed: Observed) -> Mapping[ObjectKey, Manifest]:
    """Return the objects that are the endpoint's, or were the poller's for it.

    Ours is what bears our marks, and what we have made and somebody has only taken a mark from. What is called
    ``<name>-canary`` may be an endpoint by itself: without our mark it counts only where no record bears that name.
    """
    name = request.name
    speaks_of_canary = request.spec.get("canary") is not None or _has_canary_route(observed.ingress(name), name)
    unmarked = object_keys(name) if speaks_of_canary and not request.canary_name_is_taken else own_keys(name)
    return {
        key: live
        for key, live in observed.objects.items()
        if is_ours(live, name) or (key in unmarked and _is_by_its_making(live, key, name))
    }


def _is_by_its_making(live: Manifest, key: ObjectKey, name: EndpointName) -> bool:
    named = (live["metadata"].get("labels") or {}).get(ENDPOINT, name)
    return is_adoptable(live, key, name) or (named == name and was_made_by_us(live, key.kind))


def _has_canary_route(ingress: Manifest | None, name: EndpointName) -> bool:
    route = read_route(ingress, name)
    return route is not None and route.canary is not None
