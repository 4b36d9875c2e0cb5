"""A metrics API for a world, as autoscalers ask it: every container uses so many percent of what it requests."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from gco_stream.core.quantities import amount
from tests.world.eventually import eventually
from tests.world.kubernetes import Kubernetes, KubernetesError, Manifest
from tests.world.site import Site
from tests.world.world import World

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
API = f"/apis/{GROUP}/{VERSION}"
NAME = f"{VERSION}.{GROUP}"
# An autoscaler believes a pod one window after it got ready, and the real API's 15 s are long to wait for.
WINDOW = "1s"


@dataclass(slots=True)
class Metrics:
    """What the API answers, to be changed at any time.

    Attributes:
        utilization: Resource to percent of each container's request; a resource that is not here is not measured.
        asked: How often pods were asked for.
    """

    kubernetes: Kubernetes
    utilization: dict[str, int]
    asked: int = 0

    async def resources(self, _: web.Request) -> web.Response:
        """List what the API has: pods."""
        pods = {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}
        content = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{VERSION}"}
        return web.json_response({**content, "resources": [pods]})

    async def pods(self, request: web.Request) -> web.Response:
        """Measure the pods of a namespace that are there now."""
        self.asked += 1
        inside = self.kubernetes.within(request.match_info["namespace"])
        pods = await inside.list("Pod", request.query.get("labelSelector"))
        content = {"kind": "PodMetricsList", "apiVersion": f"{GROUP}/{VERSION}", "metadata": {}}
        return web.json_response({**content, "items": [self._measured(pod) for pod in pods]})

    def _measured(self, pod: Manifest) -> Manifest:
        names = ("name", "namespace", "labels")
        containers = pod["spec"]["containers"]
        return {
            "metadata": {name: pod["metadata"][name] for name in names if name in pod["metadata"]},
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "window": WINDOW,
            "containers": [{"name": one["name"], "usage": self._usage(one)} for one in containers],
        }

    def _usage(self, container: Mapping[str, Any]) -> dict[str, str]:
        requests = container.get("resources", {}).get("requests", {})
        return {resource: _part(requests[resource], percent) for resource, percent in self.utilization.items()}


def _part(request: str, percent: int) -> str:
    whole = amount(request)
    assert whole is not None, request
    return f"{int(whole * percent * 10)}m"


@asynccontextmanager
async def metrics_api(world: World, site: Site, **utilization: int) -> AsyncIterator[Metrics]:
    """Serve metrics to the whole world until the end of the block; there can be one such API at a time.

    Args:
        site: Whose namespace holds the Service; pods are measured in every namespace.
        utilization: Percent of the requests, e.g. ``cpu=140``.
    """
    metrics = Metrics(world.kubernetes, dict(utilization))
    application = web.Application()
    application.router.add_get(API, metrics.resources)
    application.router.add_get(f"{API}/namespaces/{{namespace}}/pods", metrics.pods)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        server = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=_certificate_of(world))
        await server.start()
        await _announce(site.kubernetes, port=runner.addresses[0][1])
        yield metrics
    finally:
        # While it is announced and does not answer, no namespace can be deleted.
        await site.kubernetes.delete("APIService", NAME)
        await runner.cleanup()


def _certificate_of(world: World) -> ssl.SSLContext:
    """Use the API server's own self-signed certificate: a second one would need a library to make it."""
    certificate = world.control_plane.certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


async def _announce(kubernetes: Kubernetes, *, port: int) -> None:
    """Tell the API server where the metrics are, and wait until it has found them."""
    service = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
    await kubernetes.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "metrics"}, "spec": service})
    place = {"name": "metrics", "namespace": kubernetes.namespace, "port": port}
    priorities = {"groupPriorityMinimum": 100, "versionPriority": 100}
    spec = {"group": GROUP, "version": VERSION, "service": place, "insecureSkipTLSVerify": True, **priorities}
    manifest = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": NAME}}
    await kubernetes.create({**manifest, "spec": spec})

    async def answers() -> bool:
        try:
            return "items" in await kubernetes.request("GET", f"{API}/namespaces/{kubernetes.namespace}/pods")
        except KubernetesError:
            return False

    await eventually(answers, 30, "the metrics API behind the API server")
