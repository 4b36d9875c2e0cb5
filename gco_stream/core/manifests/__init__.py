"""From a record to the objects it asks for: complete, canonical, and the same for the same record.

Every manifest is the full intent for server-side apply: each field that we want to own, in a fixed order, with no
null and no empty value, because an empty ``securityContext: {}`` alone would restart pods.
"""

from collections.abc import Mapping

from gco_stream.core.manifests.deployment import deployment
from gco_stream.core.manifests.ingress import ingress
from gco_stream.core.manifests.service import service
from gco_stream.core.models import Kind, Manifest, ObjectKey, Scope
from gco_stream.core.record import Endpoint


def render(endpoint: Endpoint, scope: Scope, *, replicas: int) -> Mapping[ObjectKey, Manifest]:
    """Render every object of a running endpoint, in the order in which they are made.

    Args:
        replicas: How many pods the Deployment should have now.
    """
    manifests = (
        deployment(endpoint, scope, replicas=replicas),
        service(endpoint, scope),
        ingress(endpoint, scope),
    )
    return {ObjectKey(Kind(m["kind"]), m["metadata"]["name"]): m for m in manifests}
