"""What stands of an endpoint and of its canary: where their pods answer, and how they are."""

from dataclasses import dataclass
from datetime import datetime

from gco_stream.core.kept_template import (
    Serving,
    is_kept_as_found,
    keeps_template,
    serving_of,
    with_kept_sync_image,
    with_kept_template,
)
from gco_stream.core.manifests import canary_of, server
from gco_stream.core.manifests.images import image_for_region, is_same_version
from gco_stream.core.models import EndpointName, Kind, Manifest, ObjectKey, Observed, Scope, canary_name, is_leaving
from gco_stream.core.publication import IN_PLACE, Side
from gco_stream.core.record import Endpoint
from gco_stream.core.rollout import read_rollout
from gco_stream.core.route import Route, read_route


@dataclass(frozen=True, slots=True)
class Standing:
    """What is there and belongs to an endpoint, beside what its record asks for."""

    endpoint: Endpoint
    observed: Observed
    scope: Scope

    @property
    def name(self) -> EndpointName:
        """The endpoint, which is also what its own Deployment and Service are called."""
        return self.endpoint.name

    @property
    def canary(self) -> str:
        """What the canary's Deployment and Service are called."""
        return canary_name(self.name)

    def deployment(self, app: str) -> Manifest | None:
        """Return the Deployment of the endpoint, or of its canary."""
        return self.observed.get(ObjectKey(Kind.DEPLOYMENT, app))

    def service(self, app: str) -> Manifest | None:
        """Return the Service of the endpoint, or of its canary."""
        return self.observed.get(ObjectKey(Kind.SERVICE, app))

    def route(self) -> Route | None:
        """Return what the Ingress says; None without one, or when it is leaving."""
        live = self.observed.ingress(self.name)
        return None if live is None or is_leaving(live) else read_route(live, self.name)

    def ready(self, app: str) -> int:
        """Count the ready replicas of the endpoint, or of its canary."""
        live = self.deployment(app)
        return 0 if live is None or is_leaving(live) else read_rollout(live).ready

    def runs(self, app: str) -> Endpoint:
        """Return the endpoint as these pods should run it."""
        return (canary_of(self.endpoint) if app == self.canary else None) or self.endpoint

    def keeps_template(self, app: str) -> bool:
        """Whether pods are left as they were made, because their part of the record has not changed since."""
        live = self.deployment(app)
        return live is not None and keeps_template(live, self.runs(app), region=self.scope.region)

    def kept(self, app: str, manifest: Manifest) -> Manifest:
        """Return a Deployment as it is to be applied: as rendered, but for what its pods keep."""
        live = self.deployment(app)
        if live is None:
            return manifest
        return (with_kept_template if self.keeps_template(app) else with_kept_sync_image)(manifest, live)

    def serving(self, app: str, *, is_left: bool) -> Serving:
        """Say where pods answer: as the record says, or as they do now where they are left as they are.

        Args:
            is_left: Whether this pass leaves them, whatever the record says.
        """
        live = self.deployment(app)
        found = serving_of(live) if live is not None and (is_left or self.keeps_template(app)) else None
        if found is not None:
            return found
        runs = self.runs(app)
        return Serving(port=runs.spec.port, health_path=server.health_path(runs))

    def is_promoted(self) -> bool:
        """Whether the canary runs what the endpoint itself should, and not what the record asks of a canary."""
        spec, live = self.endpoint.spec, self.deployment(self.canary)
        if live is None or not self._runs(live, spec.image):
            return False
        return spec.canary is None or not self._runs(live, spec.canary.image)

    def _runs(self, live: Manifest, image: str) -> bool:
        containers = live["spec"].get("template", {}).get("spec", {}).get("containers") or ()
        wanted = image_for_region(image, self.endpoint.spec.region_image_uris, self.scope.region)
        images = [container.get("image") for container in containers[:1]]
        return any(running is not None and is_same_version(running, wanted) for running in images)

    def has_successor(self, *, is_complete: bool) -> bool:
        """Whether the canary is one that its endpoint becomes, and is needed until then.

        Another one that the record has got since has to wait, or both would be replaced at once.

        Args:
            is_complete: Whether the endpoint runs as its record asks.
        """
        route = self.route()
        is_in_place = route is not None and route.phase in IN_PLACE
        return self.ready(self.canary) > 0 and (is_in_place or (self.is_promoted() and not is_complete))

    def side(self, app: str, *, is_changing: bool, since: datetime | None) -> Side:
        """Say how the endpoint is, or its canary.

        Args:
            is_changing: Whether this pass changes its Deployment.
            since: Since when it has had requests and no ready replica.
        """
        live, service = self.deployment(app), self.service(app)
        # A Service that is missing is made first, wherever there are pods behind it.
        is_reachable = service is None or not is_leaving(service)
        if live is None or is_leaving(live):
            return Side(is_reachable=is_reachable, unready_since=since)
        rollout = read_rollout(live)
        is_complete = rollout.complete and not is_changing
        return Side(ready=rollout.ready, is_complete=is_complete, is_reachable=is_reachable, unready_since=since)

    def answers_elsewhere(self, app: str, health_path: str) -> bool:
        """Whether pods that the poller made, and that are left, answer for their health where nobody asks them.

        Its canaries serve under a path of their own, so that they would not answer requests either.
        """
        live = self.deployment(app)
        found = serving_of(live) if live is not None and is_kept_as_found(live, self.name) else None
        return found is not None and found.health_path != health_path
