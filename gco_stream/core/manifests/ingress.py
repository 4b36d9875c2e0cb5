"""The Ingress of an endpoint on the shared load balancer.

One bad Ingress stops the load balancer's whole group, so nothing goes in here that was not checked before:
the health check's interval is a plain integer, the port a number, and the path what ELBv2 can take.
"""

from gco_stream.core.manifests import server
from gco_stream.core.manifests.canonical import pruned
from gco_stream.core.manifests.ownership import metadata
from gco_stream.core.models import Manifest, Scope
from gco_stream.core.record import Endpoint
from gco_stream.core.route import ACTION, Route, annotations_of

_ANNOTATIONS = "alb.ingress.kubernetes.io"
HEALTH_PATH = f"{_ANNOTATIONS}/healthcheck-path"
_ALONE = Route()


def ingress(endpoint: Endpoint, scope: Scope, *, route: Route = _ALONE, health_path: str | None = None) -> Manifest:
    """Render the Ingress: one rule without a host, one path, the endpoint's Service or a weighted action behind it.

    Args:
        route: Which Service gets which share.
        health_path: Where the load balancer asks for health; None: as the spec says.
    """
    plain = {"service": {"name": endpoint.name, "port": {"number": 80}}}
    weighted = {"service": {"name": ACTION, "port": {"name": "use-annotation"}}}
    backend = plain if route.canary is None else weighted
    path = {"path": endpoint.ingress_path, "pathType": "Prefix", "backend": backend}
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            **metadata(endpoint, scope, name=f"inference-{endpoint.name}"),
            "annotations": {
                f"{_ANNOTATIONS}/healthcheck-interval-seconds": "15",
                HEALTH_PATH: health_path or server.health_path(endpoint),
                **annotations_of(route, endpoint.name),
            },
        },
        "spec": {"ingressClassName": "alb", "rules": [{"http": {"paths": [path]}}]},
    }
    return pruned(manifest)
