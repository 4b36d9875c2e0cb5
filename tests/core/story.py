"""One endpoint's story without a loop: writes, passes, and time, each pass held to what must always be true."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gco_stream.core.conclusions import may_be_promoted
from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.models import Action, Delete, Item, Kind, Manifest, ObjectKey, Scope, canary_name, is_leaving
from gco_stream.core.plan import Plan, make_plan
from gco_stream.core.record import Endpoint
from gco_stream.core.report import Outcome, region_status
from gco_stream.core.route import Phase, Route, read_route
from gco_stream.core.status import to_write
from gco_stream.core.wish import Request, Run
from tests.builders import DEPLOYMENT, INGRESS, NAME, NOW, REGION, SCOPE, SERVICE, a_request, an_item, as_stored
from tests.busy_cluster import BusyCluster
from tests.load_balancer import traffic_is_lost
from tests.wishes import Wish

CANARY = canary_name(NAME)
_MOST_PASSES = 60
_CANARY_ALONE = (Phase.CARRIED, Phase.STANDING_IN)


@dataclass
class Story:
    """An endpoint, its record, its cluster, and the time.

    Attributes:
        last: The last pass's plan.
        phases: Everything that the Ingress has ever been.
    """

    item: dict[str, Any] = field(default_factory=an_item)
    cluster: BusyCluster = field(default_factory=BusyCluster)
    now: datetime = NOW
    last: Plan = field(default_factory=Plan)
    scope: Scope = SCOPE
    phases: set[Phase] = field(default_factory=lambda: {Phase.UNPUBLISHED})
    _bare_since: datetime | None = None

    @property
    def status(self) -> Any:
        return self.item["region_status"].get(REGION, {})

    def request(self) -> Request:
        return a_request(self.item)

    def endpoint(self) -> Endpoint | None:
        wish = self.request().wish
        return wish.endpoint if isinstance(wish, Run) else None

    def write(self, wish: Wish) -> None:
        self.item = wish.of(self.item)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def look(self) -> Plan:
        """Do one pass."""
        request, before = self.request(), self.cluster.observe(NAME)
        self.last = make_plan(request, before, self.scope, now=self.now)
        for action in self.last.actions:
            self._carry_out(action)
        self._report(request, is_new=DEPLOYMENT in self.cluster.objects and DEPLOYMENT not in before.objects)
        self._check_traffic()
        return self.last

    def _carry_out(self, action: Action) -> None:
        if isinstance(action, Delete) and action.key in (SERVICE, DEPLOYMENT):
            assert self.route() is None, "something behind an Ingress went before it"
        phase, moved, was_lost = self.phase(), len(self.cluster.replica_writes), self._is_traffic_lost()
        self.cluster.carry_out(action)
        self.phases.add(self.phase())
        assert was_lost or not self._is_traffic_lost(), f"lost by {action}"
        if phase is Phase.UNPUBLISHED and self.route() is not None:
            assert self.ready(NAME) or self.is_succeeded_by_canary(), "published without a ready replica"
        if self.phase() in _CANARY_ALONE and phase not in _CANARY_ALONE:
            assert self.is_succeeded_by_canary(), "a canary serves alone"
        endpoint = self.endpoint()
        if endpoint is not None and endpoint.spec.autoscaled:
            moves = [move for move in self.cluster.replica_writes[moved:] if move[0] == NAME]
            assert moves == [], "the autoscaler's count was moved"

    def _check_traffic(self) -> None:
        """Hold what is published to having a server, or to having been without one for not too long."""
        if self.route() is None or self.endpoint() is None:
            self._bare_since = None
            return
        assert not self._is_traffic_lost()
        self._bare_since = None if self.ready(NAME) else self._bare_since or self.now
        is_carried = self.phase() in _CANARY_ALONE
        assert is_carried or self._bare_since is None or self.now - self._bare_since < SCOPE.unhealthy_after

    def _is_traffic_lost(self) -> bool:
        """Whether a promoted canary is left and one of the two could answer, but gets no requests."""
        if not self.is_succeeded_by_canary() or self.route() is None:
            return False
        ready = {app: self.ready(app) for app in (NAME, CANARY)}
        return traffic_is_lost(self.cluster.objects[INGRESS], ready) is not None

    def _report(self, request: Request, *, is_new: bool) -> None:
        outcome = Outcome(plan=self.last, observed=self.cluster.observe(NAME), is_new=is_new)
        status = region_status(request, outcome, SCOPE, now=self.now)
        if status is None:
            return
        assert status.published == (self.route() is not None)
        assert status.replicas_ready == self.ready(NAME)
        assert (status.canary is None) == (ObjectKey(Kind.DEPLOYMENT, CANARY) not in self.cluster.objects)
        written = to_write(status, request.status(REGION), now=self.now)
        if written is not None:
            self.item = {**self.item, "region_status": {**self.item["region_status"], REGION: as_stored(written)}}
        if request.record is not None and may_be_promoted(self.item, a_request(self.item).record or request.record):
            self.item = {**self.item, "desired_state": "running"}

    def comes_to_rest(self) -> None:
        """Let the cluster work and time pass until nothing is left to do, or to wait for."""
        for _ in range(_MOST_PASSES):
            plan = self.look()
            before = self._versions()
            self.cluster.work()
            due = None if plan.publication is None else plan.publication.due
            if plan.actions or before != self._versions():
                continue
            if due is None:
                return
            self.now = max(self.now, due)
        raise AssertionError(f"never comes to rest: {self.last}")

    def _versions(self) -> tuple[Any, Any]:
        versions = {key: live["metadata"]["resourceVersion"] for key, live in self.cluster.objects.items()}
        return versions, self.cluster.pods

    def route(self) -> Route | None:
        live = self.cluster.objects.get(INGRESS)
        return None if live is None or is_leaving(live) or not is_ours(live, NAME) else read_route(live, NAME)

    def ready(self, app: str) -> int:
        live = self.cluster.objects.get(ObjectKey(Kind.DEPLOYMENT, app))
        return 0 if live is None or not is_ours(live, NAME) else self.cluster.ready(app)

    def phase(self) -> Phase:
        route = self.route()
        return Phase.UNPUBLISHED if route is None else route.phase

    def route_at_rest(self, endpoint: Endpoint) -> Route | None:
        """What an endpoint's Ingress says in the end, when everything is well."""
        canary = endpoint.spec.canary
        if self.desired(endpoint) == 0:
            return None
        if canary is None or canary.replicas == 0:
            return Route()
        return Route(primary=100 - canary.weight, canary=canary.weight)

    def desired(self, endpoint: Endpoint) -> int:
        """How many replicas an endpoint has in the end."""
        scaling = endpoint.spec.autoscaling
        if scaling is None or not scaling.enabled:
            return endpoint.spec.replicas
        return min(max(self.cluster.load, scaling.min_replicas), scaling.max_replicas)

    def has_canary(self) -> bool:
        return any(key.name == CANARY for key in self.cluster.objects)

    def is_succeeded_by_canary(self) -> bool:
        """Whether a promoted canary is left: it runs what the endpoint should, and not what another one would."""
        endpoint = self.endpoint()
        if endpoint is None or ObjectKey(Kind.DEPLOYMENT, CANARY) not in self.cluster.objects:
            return False
        image, other = self.container(CANARY)["image"], endpoint.spec.canary
        return image == endpoint.spec.image and (other is None or other.image != image)

    def container(self, app: str) -> Any:
        return self.cluster.objects[ObjectKey(Kind.DEPLOYMENT, app)]["spec"]["template"]["spec"]["containers"][0]

    def applied(self) -> dict[ObjectKey, Any]:
        """Everything that is asked of the cluster, but the count that is the autoscaler's."""
        endpoint = self.endpoint()
        assert endpoint is not None
        left_out = ("replicas",) if endpoint.spec.autoscaled else ()
        return {
            key: (
                live["metadata"].get("labels"),
                live["metadata"].get("annotations") or {},
                {field: value for field, value in _asked(live).items() if field not in left_out},
            )
            for key, live in self.cluster.objects.items()
        }


def _asked(live: Manifest) -> Any:
    """Leave out what Kubernetes gives once: an address, and how the first image of a container is to be pulled."""
    spec = {field: value for field, value in copy.deepcopy(live["spec"]).items() if not field.startswith("clusterIP")}
    if live["kind"] == "Deployment":
        pod = spec["template"]["spec"]
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            del container["imagePullPolicy"]
    return spec


def told(
    history: Iterable[Any],
    *,
    cluster: BusyCluster | None = None,
    finalized: bool = True,
    broken: Iterable[str] = (),
    item: Item | None = None,
) -> Story:
    """Let a history happen, faster than the cluster works; a wish alone is not even looked at before the next."""
    there = cluster or BusyCluster(finalized=finalized)
    there.broken |= set(broken)
    story = Story(item=dict(item or an_item()), cluster=there)
    for moment in history:
        match moment:
            case Wish():
                story.write(moment)
            case int():
                for _ in range(moment):
                    story.look()
                    story.cluster.work()
            case float():
                story.pass_time(moment)
                story.look()
            case frozenset():
                story.cluster.broken = set(moment)
                story.cluster.work()
    return story
