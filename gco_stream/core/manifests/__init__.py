"""From a record to the objects it asks for: complete, canonical, and the same for the same record.

Every manifest is the full intent for server-side apply: each field that we want to own, in a fixed order, with no
null and no empty value, because an empty ``securityContext: {}`` alone would restart pods.
"""

from collections.abc import Mapping

from gco_stream.core.manifests.autoscaler import autoscaler
from gco_stream.core.manifests.deployment import deployment
from gco_stream.core.manifests.ingress import ingress
from gco_stream.core.manifests.server import health_path
from gco_stream.core.manifests.service import service
from gco_stream.core.models import Kind, Manifest, ObjectKey, Scope, canary_name
from gco_stream.core.record import Endpoint


def render(endpoint: Endpoint, scope: Scope, *, replicas: int | None) -> Mapping[ObjectKey, Manifest]:
    """Render every object of a running endpoint at rest, before a canary has any share of its traffic.

    Args:
        replicas: How many pods the Deployment should have now; None leaves that to an autoscaler.
    """
    published = ingress(endpoint, scope)
    return {**workload(endpoint, scope, replicas=replicas), _key(published): published}


def workload(endpoint: Endpoint, scope: Scope, *, replicas: int | None) -> Mapping[ObjectKey, Manifest]:
    """Render everything but the Ingress."""
    return {
        **deployments(endpoint, scope, replicas=replicas),
        **services(endpoint, scope),
        **autoscalers(endpoint, scope),
    }


def deployments(endpoint: Endpoint, scope: Scope, *, replicas: int | None) -> Mapping[ObjectKey, Manifest]:
    """Render the endpoint's Deployment, and its canary's.

    Args:
        replicas: How many pods the endpoint's should have now; None leaves that to an autoscaler.
    """
    rendered = [deployment(endpoint, scope, replicas=replicas)]
    canary = canary_of(endpoint)
    if canary is not None and endpoint.spec.canary is not None:
        app = canary_name(endpoint.name)
        rendered.append(deployment(canary, scope, app=app, replicas=endpoint.spec.canary.replicas))
    return {_key(manifest): manifest for manifest in rendered}


def services(endpoint: Endpoint, scope: Scope) -> Mapping[ObjectKey, Manifest]:
    """Render the endpoint's Service, and its canary's, as they are at rest."""
    rendered = [service(endpoint, scope)]
    canary = canary_of(endpoint)
    if canary is not None:
        app, own_path = canary_name(endpoint.name), health_path(canary)
        path = None if own_path == health_path(endpoint) else own_path
        rendered.append(service(canary, scope, app=app, health_path=path))
    return {_key(manifest): manifest for manifest in rendered}


def autoscalers(endpoint: Endpoint, scope: Scope) -> Mapping[ObjectKey, Manifest]:
    """Render the endpoint's autoscaler, if it should have one."""
    rendered = [autoscaler(endpoint, scope)] if endpoint.spec.autoscaled else []
    return {_key(manifest): manifest for manifest in rendered}


def canary_of(endpoint: Endpoint) -> Endpoint | None:
    """Return the endpoint as its canary runs it: with another image, and all the rest alike; None without a canary."""
    canary = endpoint.spec.canary
    if canary is None:
        return None
    return endpoint.model_copy(update={"spec": endpoint.spec.model_copy(update={"image": canary.image})})


def _key(manifest: Manifest) -> ObjectKey:
    return ObjectKey(Kind(manifest["kind"]), manifest["metadata"]["name"])
