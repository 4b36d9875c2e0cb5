"""What the watchdog does for an endpoint whose record cannot be carried out at the moment.

Everything of it stays as it is, but for one thing: nobody is sent where nobody answers. A target group without a
healthy target makes Global Accelerator give up the load balancer of the whole region, and one mistake in one record
must not do that to the others. Who was withdrawn so is published again with the first ready replica.
"""

from dataclasses import dataclass
from datetime import datetime

from gco_stream.core.intents import to_apply, to_delete
from gco_stream.core.kept_template import serving_of
from gco_stream.core.manifests.ingress import ingress
from gco_stream.core.models import Action, Kind, Manifest, ObjectKey, Observed, Scope, is_leaving
from gco_stream.core.publication import WITHDRAWN, Publication
from gco_stream.core.record import Endpoint, read_endpoint
from gco_stream.core.rollout import read_rollout
from gco_stream.core.route import Route, read_route
from gco_stream.core.watchdog import read_clocks
from gco_stream.core.wish import Request, Unclear
from gco_stream.errors import InvalidRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguard:
    """What is done about the Ingress alone, and what was decided about it; None: there is nothing to decide."""

    actions: tuple[Action, ...] = ()
    publication: Publication | None = None


def safeguard(request: Request, observed: Observed, scope: Scope, *, now: datetime) -> Safeguard:
    """Withdraw an endpoint that has had no ready replica for too long, or publish it again.

    Args:
        observed: What is there and belongs to the endpoint.
    """
    deployment, live = observed.deployment(request.name), observed.ingress(request.name)
    if deployment is None or is_leaving(deployment) or (live is not None and is_leaving(live)):
        return Safeguard()
    since = read_clocks(request.status(scope.region), now=now).primary
    ready = read_rollout(deployment).ready
    route = read_route(live, request.name)
    if route is None:
        is_back = ready > 0 and since is not None and isinstance(request.wish, Unclear)
        return _publish_again(request, deployment, observed, scope) if is_back else Safeguard()
    if ready > 0 or deployment["spec"].get("replicas", 1) == 0 or _is_carried(request, route, observed):
        return Safeguard()
    due = (since or now) + scope.unhealthy_after
    if due > now:
        return Safeguard(publication=Publication(route=route, due=due))
    why = f"no ready replica for {scope.unhealthy_after.total_seconds():g} s"
    key = ObjectKey(Kind.INGRESS, f"inference-{request.name}")
    return Safeguard(
        actions=to_delete((key,), observed.objects, why=why),
        publication=Publication(route=None, why=why, reason=WITHDRAWN),
    )


def _is_carried(request: Request, route: Route, observed: Observed) -> bool:
    canary = observed.canary(request.name)
    carries = bool(route.canary) and not route.primary
    return carries and canary is not None and read_rollout(canary).ready > 0


def _publish_again(request: Request, deployment: Manifest, observed: Observed, scope: Scope) -> Safeguard:
    """Publish as it was, as far as the record says where; its pods say where they answer."""
    service, serving = observed.get(ObjectKey(Kind.SERVICE, request.name)), serving_of(deployment)
    endpoint = _place_of(request, scope)
    has_room = observed.target_groups is None or observed.target_groups < scope.target_groups
    if endpoint is None or serving is None or service is None or is_leaving(service) or not has_room:
        return Safeguard()
    key = ObjectKey(Kind.INGRESS, f"inference-{request.name}")
    action = to_apply(key, ingress(endpoint, scope, health_path=serving.health_path), observed)
    actions = () if action is None else (action,)
    return Safeguard(actions=actions, publication=Publication(route=Route()))


def _place_of(request: Request, scope: Scope) -> Endpoint | None:
    """Read where an endpoint is published, whatever is wrong with the rest of its record."""
    item = {key: value for key, value in (request.item or {}).items() if key != "labels"}
    try:
        return read_endpoint({**item, "spec": {"image": "any"}}, scope)
    except InvalidRecord:
        return None
