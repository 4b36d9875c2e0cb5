"""The Ingress of an endpoint on the shared load balancer.

One bad Ingress stops the load balancer's whole group, so nothing goes in here that was not checked before:
the health check's interval is a plain integer, the port a number, and the path what ELBv2 can take.
"""

from gco_stream.core.manifests import server
from gco_stream.core.manifests.canonical import pruned
from gco_stream.core.manifests.ownership import metadata
from gco_stream.core.models import Manifest, Scope
from gco_stream.core.record import Endpoint

_ANNOTATIONS = "alb.ingress.kubernetes.io"


def ingress(endpoint: Endpoint, scope: Scope) -> Manifest:
    """Render the Ingress: one rule without a host, one path, the endpoint's Service behind it."""
    annotations = {
        f"{_ANNOTATIONS}/healthcheck-interval-seconds": "15",
        f"{_ANNOTATIONS}/healthcheck-path": server.health_path(endpoint),
    }
    backend = {"service": {"name": endpoint.name, "port": {"number": 80}}}
    path = {"path": endpoint.ingress_path, "pathType": "Prefix", "backend": backend}
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            **metadata(endpoint, scope, name=f"inference-{endpoint.name}"),
            "annotations": annotations,
        },
        "spec": {"ingressClassName": "alb", "rules": [{"http": {"paths": [path]}}]},
    }
    return pruned(manifest)
