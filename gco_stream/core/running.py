"""What it takes to run an endpoint: its workload, its canary's, and the one decision about its Ingress.

The order of actions is what keeps traffic safe: Services are made before an Ingress leads to them and taken away after
none does any more, and the Ingress changes before the pods behind it do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gco_stream.core.adoption import as_folded
from gco_stream.core.continuity import health_path, target_port
from gco_stream.core.intents import to_apply, to_delete
from gco_stream.core.manifests import autoscalers, deployments
from gco_stream.core.manifests.ingress import HEALTH_PATH, ingress
from gco_stream.core.manifests.service import service
from gco_stream.core.models import Action, Apply, Delete, Kind, Manifest, ObjectKey, Observed, Scope, canary_keys
from gco_stream.core.publication import Publication, Side, Situation, decide_publication
from gco_stream.core.record import Endpoint
from gco_stream.core.replicas import release, replicas_of, wanted_replicas
from gco_stream.core.rollout import read_rollout
from gco_stream.core.standing import Standing
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
    return _Running(Standing(endpoint, observed, scope), clocks, now).course()


@dataclass(frozen=True, slots=True)
class _Running:
    stands: Standing
    clocks: Clocks
    now: datetime

    @property
    def endpoint(self) -> Endpoint:
        return self.stands.endpoint

    @property
    def observed(self) -> Observed:
        return self.stands.observed

    def course(self) -> Course:
        pods = self._pods()
        changing = frozenset(app for app, actions in pods.items() if actions)
        path = self._health_path(changing)
        publication = decide_publication(self._situation(changing, path))
        actions: list[Action | None] = [
            *self._services(publication, changing, path),
            self._ingress(publication, path),
            *self._autoscaler_that_goes(),
            *(action for actions in pods.values() for action in actions),
            *self._autoscaler(),
            *self._ended_canary(publication),
        ]
        done = tuple(action for action in actions if action is not None)
        return Course(actions=done, publication=publication, is_unfinished=self._has_replicas_to_release(done))

    def _pods(self) -> Mapping[str, tuple[Action, ...]]:
        """Plan for the Deployments, by name; one that is left as it is does not stand there."""
        replicas = wanted_replicas(self.endpoint, self.stands.deployment(self.stands.name))
        intents = deployments(self.endpoint, self.stands.scope, replicas=replicas)
        own, *others = ((key, self.stands.kept(key.name, manifest)) for key, manifest in intents.items())
        pods = {own[0].name: tuple(self._deployment(*own))}
        if not self.stands.has_successor(is_complete=self._is_complete(is_changing=bool(pods[own[0].name]))):
            pods |= {key.name: tuple(self._deployment(key, manifest)) for key, manifest in others}
        return pods

    def _is_complete(self, *, is_changing: bool) -> bool:
        return self.stands.side(self.stands.name, is_changing=is_changing, since=None).is_complete

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
        own = ObjectKey(Kind.DEPLOYMENT, self.stands.name)
        applied = [action for action in actions if isinstance(action, Apply) and action.key == own]
        return self.endpoint.spec.autoscaled and any("replicas" in a.manifest["spec"] for a in applied[-1:])

    def _services(self, publication: Publication, changing: frozenset[str], path: str) -> Iterator[Apply | None]:
        """Keep the Service of whoever has pods, or is to have some; a canary's says where its own pods answer."""
        yield self._service(self.stands.name, changing, health_path=None)
        if self.endpoint.spec.canary is not None or publication.keeps_canary:
            own_path = self._canary_health_path(changing)
            yield self._service(self.stands.canary, changing, health_path=None if own_path == path else own_path)

    def _service(self, app: str, changing: frozenset[str], *, health_path: str | None) -> Apply | None:
        port = self._port(app, changing)
        manifest = service(self.endpoint, self.stands.scope, app=app, target_port=port, health_path=health_path)
        return to_apply(ObjectKey(Kind.SERVICE, app), manifest, self.observed)

    def _is_left(self, app: str, changing: frozenset[str]) -> bool:
        """Whether a canary's pods are left as they are though the record has none, or another one, by now."""
        if app == self.stands.name:
            return False
        is_complete = self._is_complete(is_changing=self.stands.name in changing)
        return self.endpoint.spec.canary is None or self.stands.has_successor(is_complete=is_complete)

    def _port(self, app: str, changing: frozenset[str]) -> int | str:
        return target_port(
            self.stands.serving(app, is_left=self._is_left(app, changing)).port,
            self.stands.service(app),
            self.stands.deployment(app),
            is_changing=app in changing,
        )

    def _health_path(self, changing: frozenset[str]) -> str:
        """Choose what the Ingress says: where the endpoint's own pods answer."""
        name = self.stands.name
        ingress_now = self.observed.ingress(name)
        now = None if ingress_now is None else (ingress_now["metadata"].get("annotations") or {}).get(HEALTH_PATH)
        wanted = self.stands.serving(name, is_left=False).health_path
        return health_path(wanted, now, self.stands.deployment(name), is_changing=name in changing)

    def _canary_health_path(self, changing: frozenset[str]) -> str:
        """Choose where the canary's pods are asked for their health, whatever the Ingress says of the endpoint's."""
        app = self.stands.canary
        live, ingress_now = self.stands.service(app), self.observed.ingress(self.stands.name)
        said = [(one or {}).get("metadata", {}).get("annotations") or {} for one in (live, ingress_now)]
        now = next((annotations[HEALTH_PATH] for annotations in said if HEALTH_PATH in annotations), None)
        wanted = self.stands.serving(app, is_left=self._is_left(app, changing)).health_path
        return health_path(wanted, now, self.stands.deployment(app), is_changing=app in changing)

    def _situation(self, changing: frozenset[str], path: str) -> Situation:
        name, spec, scope = self.stands.name, self.endpoint.spec, self.stands.scope
        deployment = self.stands.deployment(name)
        wanted = wanted_replicas(self.endpoint, deployment)
        primary = self.stands.side(name, is_changing=name in changing, since=self.clocks.primary)
        is_waiting = self.stands.has_successor(is_complete=primary.is_complete)
        return Situation(
            primary=primary,
            canary=self._canary(path, is_waiting=is_waiting),
            replicas=replicas_of(deployment) if wanted is None else wanted,
            weight=None if spec.canary is None or is_waiting else spec.canary.weight,
            is_promoted=self.stands.is_promoted(),
            live=self.stands.route(),
            room=self._room(),
            now=self.now,
            unhealthy_after=scope.unhealthy_after,
            warmup=scope.warmup,
            drain=scope.drain,
        )

    def _room(self) -> int | None:
        if self.observed.target_groups is None:
            return None
        return self.stands.scope.target_groups - self.observed.target_groups

    def _canary(self, path: str, *, is_waiting: bool) -> Side:
        """Say how the canary is; one that nobody will answer for, or answers where nobody asks, is out of reach.

        Args:
            is_waiting: Whether what the record says of a canary has to wait until this one is not needed any more.
        """
        app = self.stands.canary
        side = self.stands.side(app, is_changing=False, since=self.clocks.canary)
        route, live = self.stands.route(), self.stands.deployment(app)
        is_unshared = route is None or route.canary is None
        gets_first_share = self.endpoint.spec.canary is not None and is_unshared and not is_waiting
        has_old_pods = live is not None and gets_first_share and not read_rollout(live).is_only_new
        wanted = self.endpoint.spec.canary
        is_to_be_empty = wanted is not None and wanted.replicas == 0 and not is_waiting
        is_unfit = has_old_pods or is_to_be_empty or self.stands.answers_elsewhere(app, path)
        return replace(side, is_reachable=False) if is_unfit else side

    def _ingress(self, publication: Publication, path: str) -> Apply | Delete | None:
        key = ObjectKey(Kind.INGRESS, f"inference-{self.stands.name}")
        if publication.route is None:
            return next(iter(to_delete((key,), self.observed.objects, why=publication.why)), None)
        wanted = ingress(self.endpoint, self.stands.scope, route=publication.route, health_path=path)
        return to_apply(key, wanted, self.observed)

    def _autoscaler(self) -> Iterator[Apply | None]:
        """Let the autoscaler begin when the count that it starts from stands."""
        if replicas_of(self.stands.deployment(self.stands.name)):
            for key, manifest in autoscalers(self.endpoint, self.stands.scope).items():
                yield to_apply(key, manifest, self.observed)

    def _autoscaler_that_goes(self) -> tuple[Delete, ...]:
        if self.endpoint.spec.autoscaled:
            return ()
        key = ObjectKey(Kind.AUTOSCALER, self.stands.name)
        return to_delete((key,), self.observed.objects, why="autoscaling is off")

    def _ended_canary(self, publication: Publication) -> tuple[Delete, ...]:
        if self.endpoint.spec.canary is not None or publication.keeps_canary:
            return ()
        return to_delete(canary_keys(self.stands.name), self.observed.objects, why="the canary has ended")
