"""How a Deployment is brought to no replicas without a look at its record."""

from gco_stream.core.adoption import adopting_fold, as_folded
from gco_stream.core.manifests.ownership import ENDPOINT, FIELD_MANAGER, MANAGED_BY
from gco_stream.core.merging import fields_of, owned_part
from gco_stream.core.models import Apply, EndpointName, Manifest, ObjectKey, is_leaving


def scale_to_zero(key: ObjectKey, live: Manifest, name: EndpointName) -> Apply | None:
    """Apply once more what was applied last, without replicas; None if it has none, or is leaving."""
    if is_leaving(live) or live["spec"].get("replicas", 1) == 0:
        return None
    taken = adopting_fold(live, keeps_replicas=False)
    manifest = _scaled_to_zero(as_folded(live, taken), name)
    return Apply(key=key, manifest=manifest, uid=live["metadata"]["uid"], why="stopped", fold=taken)


def _scaled_to_zero(live: Manifest, name: EndpointName) -> Manifest:
    fields = fields_of(live, FIELD_MANAGER)
    applied = owned_part(fields, live) if fields else {}
    metadata = applied.get("metadata", {})
    marks = {MANAGED_BY: FIELD_MANAGER, ENDPOINT: name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": live["metadata"]["name"],
            "namespace": live["metadata"]["namespace"],
            **metadata,
            "labels": {**metadata.get("labels", {}), **marks},
        },
        "spec": {**applied.get("spec", {}), "replicas": 0},
    }
