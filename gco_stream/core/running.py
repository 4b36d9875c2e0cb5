"""What it takes to run an endpoint: its workload, its canary's, and the one decision about its Ingress.

The order of actions is what keeps traffic safe: Services are made before an Ingress leads to them and taken away after
none does any more, and the Ingress changes before the pods behind it do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gco_stream.core.adoption import as_folded
from gco_stream.core.continuity import health_path, target_port
from gco_stream.core.found_template import (
    Serving,
    bears_found_template,
    has_pods,
    is_kept_as_found,
    keeps_found_template,
    serving_of,
    template_fields_hash,
    with_found_template,
)
from gco_stream.core.intents import to_apply, to_delete
from gco_stream.core.manifests import autoscalers, canary_of, deployments, services
from gco_stream.core.manifests import server as servers
from gco_stream.core.manifests.images import image_for_region, is_same_version
from gco_stream.core.manifests.ingress import ingress
from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.models import (
    Action,
    Apply,
    Delete,
    EndpointName,
    Kind,
    Manifest,
    ObjectKey,
    Observed,
    Scope,
    canary_keys,
    canary_name,
    is_leaving,
)
from gco_stream.core.publication import IN_PLACE, Publication, Side, Situation, decide_publication
from gco_stream.core.record import Endpoint
from gco_stream.core.replicas import release, replicas_of, wanted_replicas
from gco_stream.core.rollout import read_rollout
from gco_stream.core.route import read_route, target_groups_of
from gco_stream.core.watchdog import Clocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How an endpoint is brought to run as its record asks.

    Attributes:
        actions: In the order in which they are safe.
        publication: What was decided about its Ingress.
        is_unfinished: Whether another look is due as soon as these are done.
    """

    actions: tuple[Action, ...]
    publication: Publication
    is_unfinished: bool = False


def run_course(endpoint: Endpoint, observed: Observed, scope: Scope, *, clocks: Clocks, now: datetime) -> Course:
    """Plan for an endpoint that should run.

    Args:
        observed: What is there and belongs to the endpoint, or may be taken over for it; nothing else.
        clocks: What the last status says of times without a ready replica.
    """
    return _Running(endpoint, clocks, observed, scope, now).course()


@dataclass(frozen=True, slots=True)
class _Running:
    endpoint: Endpoint
    clocks: Clocks
    observed: Observed
    scope: Scope
    now: datetime

    @property
    def name(self) -> EndpointName:
        return self.endpoint.name

    def course(self) -> Course:
        replicas = wanted_replicas(self.endpoint, self.observed.deployment(self.name))
        wanted = self._without_successor(deployments(self.endpoint, self.scope, replicas=replicas))
        pods = {key.name: tuple(self._deployment(key, self._kept(key, wanted[key]))) for key in wanted}
        changing = {app for app, actions in pods.items() if actions}
        ports = {app: self._port(app, is_changing=app in changing) for app in pods}
        leading = self._without_successor(services(self.endpoint, self.scope, target_ports=ports))
        publication = decide_publication(self._situation(changing))
        actions: list[Action | None] = [
            *(to_apply(key, manifest, self.observed) for key, manifest in leading.items()),
            self._ingress(publication, changing),
            *self._autoscaler_that_goes(),
            *(action for actions in pods.values() for action in actions),
            *self._autoscaler(),
            *self._ended_canary(publication),
        ]
        done = tuple(action for action in actions if action is not None)
        return Course(actions=done, publication=publication, is_unfinished=self._has_replicas_to_release(done))

    def _without_successor(self, intents: Mapping[ObjectKey, Manifest]) -> Mapping[ObjectKey, Manifest]:
        """Leave a canary out that serves in its endpoint's place: one that the record has got since has to wait."""
        app = canary_name(self.name)
        live = read_route(self.observed.ingress(self.name), self.name)
        serves = (
            live is not None and live.phase in IN_PLACE and self._side(app, is_changing=False, since=None).ready > 0
        )
        return {key: manifest for key, manifest in intents.items() if not (serves and key.name == app)}

    def _kept(self, key: ObjectKey, manifest: Manifest) -> Manifest:
        """Leave pods as they were found where the poller made them and their part of the record has not changed."""
        live = self.observed.get(key)
        if live is None or not self._is_found(key.name, live):
            return manifest
        return with_found_template(manifest, live, wanted_hash=self._template_hash(key.name))

    def _is_found(self, app: str, live: Manifest) -> bool:
        if not is_ours(live, self.name):
            return has_pods(live)
        return bears_found_template(live) and keeps_found_template(live, self._template_hash(app))

    def _template_hash(self, app: str) -> str:
        return template_fields_hash(self.endpoint.spec, region=self.scope.region, canary=app != self.name)

    def _serving(self, app: str) -> Serving:
        """Say where an app's pods answer: as the record says, or as they were found as long as they are left so."""
        live = self.observed.get(ObjectKey(Kind.DEPLOYMENT, app))
        found = serving_of(live) if live is not None and self._is_found(app, live) else None
        asked = Serving(port=self.endpoint.spec.port, health_path=servers.health_path(self.endpoint))
        return found or asked

    def _deployment(self, key: ObjectKey, manifest: Manifest) -> Iterator[Action]:
        action = to_apply(key, manifest, self.observed)
        if action is None:
            return
        live = self.observed.get(key)
        if live is not None and "replicas" not in manifest["spec"]:
            released = release(key, as_folded(live, action.fold))
            if released is not None:
                yield released
        yield action

    def _has_replicas_to_release(self, actions: tuple[Action, ...]) -> bool:
        """Whether the count of an autoscaled endpoint was set here, and is to be given up as soon as it stands."""
        own = ObjectKey(Kind.DEPLOYMENT, self.name)
        applied = [action for action in actions if isinstance(action, Apply) and action.key == own]
        return self.endpoint.spec.autoscaled and any("replicas" in a.manifest["spec"] for a in applied[-1:])

    def _port(self, app: str, *, is_changing: bool) -> int | str:
        return target_port(
            self._serving(app).port,
            self.observed.get(ObjectKey(Kind.SERVICE, app)),
            self.observed.get(ObjectKey(Kind.DEPLOYMENT, app)),
            is_changing=is_changing,
        )

    def _situation(self, changing: set[str]) -> Situation:
        deployment, spec = self.observed.deployment(self.name), self.endpoint.spec
        live, wanted = self.observed.ingress(self.name), wanted_replicas(self.endpoint, deployment)
        return Situation(
            primary=self._side(self.name, is_changing=self.name in changing, since=self.clocks.primary),
            canary=self._canary(changing),
            replicas=replicas_of(deployment) if wanted is None else wanted,
            weight=None if spec.canary is None else spec.canary.weight,
            is_promoted=self._is_promoted(),
            live=None if live is None or is_leaving(live) else read_route(live, self.name),
            room=self._room(live),
            now=self.now,
            unhealthy_after=self.scope.unhealthy_after,
            warmup=self.scope.warmup,
            drain=self.scope.drain,
        )

    def _room(self, live: Manifest | None) -> int | None:
        if self.observed.target_groups is None:
            return None
        own = 0 if live is None else target_groups_of(live)
        return self.scope.target_groups - (self.observed.target_groups - own)

    def _side(self, app: str, *, is_changing: bool, since: datetime | None) -> Side:
        deployment = self.observed.get(ObjectKey(Kind.DEPLOYMENT, app))
        service = self.observed.get(ObjectKey(Kind.SERVICE, app))
        is_wanted = app == self.name or self.endpoint.spec.canary is not None
        is_reachable = is_wanted if service is None else not is_leaving(service)
        if deployment is None or is_leaving(deployment):
            return Side(is_reachable=is_reachable, unready_since=since)
        rollout = read_rollout(deployment)
        return Side(
            ready=rollout.ready,
            is_complete=rollout.complete and not is_changing,
            is_reachable=is_reachable,
            unready_since=since,
        )

    def _canary(self, changing: set[str]) -> Side:
        side = self._side(canary_name(self.name), is_changing=False, since=self.clocks.canary)
        return side if self._is_healthy_canary(changing) else replace(side, is_reachable=False)

    def _is_healthy_canary(self, changing: set[str]) -> bool:
        """Whether the load balancer can find a canary healthy, as far as that can be told.

        The poller's canaries answer under a path of their own, where nobody asks. Kept as they were found they stay
        without a share, and so do the last of them until they are replaced.
        """
        live = self.observed.canary(self.name)
        if live is None:
            return True
        if is_kept_as_found(live, self.name):
            found = serving_of(live)
            return found is None or found.health_path == self._health_path(changing)
        route = read_route(self.observed.ingress(self.name), self.name)
        gets_first_share = self.endpoint.spec.canary is not None and (route is None or route.canary is None)
        return not gets_first_share or read_rollout(live).is_only_new

    def _is_promoted(self) -> bool:
        canary = self.observed.canary(self.name)
        if canary is None or self.endpoint.spec.canary is not None:
            return False
        containers = canary["spec"].get("template", {}).get("spec", {}).get("containers") or ()
        spec = self.endpoint.spec
        wanted = image_for_region(spec.image, spec.region_image_uris, self.scope.region)
        return any(is_same_version(container["image"], wanted) for container in containers[:1])

    def _ingress(self, publication: Publication, changing: set[str]) -> Apply | Delete | None:
        key = ObjectKey(Kind.INGRESS, f"inference-{self.name}")
        if publication.route is None:
            return next(iter(to_delete((key,), self.observed.objects, why=publication.why)), None)
        path = self._health_path(changing)
        wanted = ingress(self.endpoint, self.scope, route=publication.route, health_path=path)
        return to_apply(key, wanted, self.observed)

    def _health_path(self, changing: set[str]) -> str:
        return health_path(
            self._serving(self.name).health_path,
            self.observed.ingress(self.name),
            self.observed.deployment(self.name),
            is_changing=self.name in changing,
        )

    def _autoscaler(self) -> Iterator[Apply | None]:
        """Let the autoscaler begin when the count that it starts from stands."""
        if replicas_of(self.observed.deployment(self.name)):
            for key, manifest in autoscalers(self.endpoint, self.scope).items():
                yield to_apply(key, manifest, self.observed)

    def _autoscaler_that_goes(self) -> tuple[Delete, ...]:
        if self.endpoint.spec.autoscaled:
            return ()
        key = ObjectKey(Kind.AUTOSCALER, self.name)
        return to_delete((key,), self.observed.objects, why="autoscaling is off")

    def _ended_canary(self, publication: Publication) -> tuple[Delete, ...]:
        if canary_of(self.endpoint) is not None or publication.keeps_canary:
            return ()
        return to_delete(canary_keys(self.name), self.observed.objects, why="the canary has ended")
