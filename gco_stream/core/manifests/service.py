"""The Service of an endpoint, and that of its canary."""

from gco_stream.core.manifests.canonical import pruned
from gco_stream.core.manifests.ownership import metadata
from gco_stream.core.models import Manifest, Scope
from gco_stream.core.record import Endpoint


def service(
    endpoint: Endpoint,
    scope: Scope,
    *,
    app: str | None = None,
    target_port: int | str | None = None,
    health_path: str | None = None,
) -> Manifest:
    """Render the Service: port 80 to the container's port.

    Args:
        app: Its name, and what its pods are selected by; None: the endpoint's name.
        target_port: The container's port, by number or by name; None: the number of the spec.
        health_path: Where the load balancer asks these pods for their health; None: as the Ingress says.
            Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
    """
    name = app or endpoint.name
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            **metadata(endpoint, scope, name=name, app=name),
            "annotations": {"alb.ingress.kubernetes.io/healthcheck-path": health_path},
        },
        "spec": {
            "type": "ClusterIP",
            "selector": {"app": name},
            "ports": [{"port": 80, "targetPort": target_port or endpoint.spec.port, "protocol": "TCP"}],
        },
    }
    return pruned(manifest)
