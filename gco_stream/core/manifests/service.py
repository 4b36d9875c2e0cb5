"""The Service of an endpoint."""

from gco_stream.core.manifests.canonical import pruned
from gco_stream.core.manifests.ownership import metadata
from gco_stream.core.models import Manifest, Scope
from gco_stream.core.record import Endpoint


def service(endpoint: Endpoint, scope: Scope) -> Manifest:
    """Render the Service: port 80 to the container's port."""
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(endpoint, scope, name=endpoint.name),
        "spec": {
            "type": "ClusterIP",
            "selector": {"app": endpoint.name},
            "ports": [{"port": 80, "targetPort": endpoint.spec.port, "protocol": "TCP"}],
        },
    }
    return pruned(manifest)
