"""What would be applied to pods that are left as they were made: it comes with the next edit of the record."""

from collections.abc import Iterator

from gco_stream.core.belonging import belonging
from gco_stream.core.compare import differences
from gco_stream.core.kept_template import is_as_found
from gco_stream.core.manifests import deployments
from gco_stream.core.models import Apply, Observed, Scope, is_leaving
from gco_stream.core.replicas import wanted_replicas
from gco_stream.core.standing import Standing
from gco_stream.core.wish import Request, Run

ADOPTED_AS_FOUND = "AdoptedAsFound"
KEPT_AS_MADE = "KeptAsMade"
"""Pods that another version of the controller made, or this one with another image for the model sync."""


def pending_edits(request: Request, observed: Observed, scope: Scope) -> Iterator[Apply]:
    """Yield what would be applied to each Deployment if its pods were not left as they are.

    Args:
        observed: The whole objects, as the API server shows them.
    """
    if not isinstance(request.wish, Run):
        return
    endpoint, own = request.wish.endpoint, Observed(objects=belonging(request, observed))
    stands = Standing(endpoint, own, scope)
    replicas = wanted_replicas(endpoint, own.deployment(request.name))
    for key, manifest in deployments(endpoint, scope, replicas=replicas).items():
        live = own.get(key)
        if live is None or is_leaving(live) or stands.kept(key.name, manifest) is manifest:
            continue
        if differences(manifest, live):
            why = ADOPTED_AS_FOUND if is_as_found(live) else KEPT_AS_MADE
            yield Apply(key=key, manifest=manifest, uid=live["metadata"]["uid"], why=why)
