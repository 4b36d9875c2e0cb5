"""Who says how many replicas a Deployment has: the record, or the autoscaler."""

from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.merging import applied_by, fields_of
from gco_stream.core.models import Apply, Manifest, ObjectKey
from gco_stream.core.record import Endpoint

_REPLICAS = ("f:spec", "f:replicas")


def wanted_replicas(endpoint: Endpoint, live: Manifest | None) -> int | None:
    """Choose what to say about the replica count; None leaves it to the autoscaler.

    An autoscaler does nothing at 0, so an endpoint that starts is given a count within its bounds first.
    Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
    """
    spec = endpoint.spec
    if spec.autoscaling is None or not spec.autoscaling.enabled:
        return spec.replicas
    if replicas_of(live) > 0:
        return None
    return min(spec.autoscaling.max_replicas, max(spec.autoscaling.min_replicas, spec.replicas))


def replicas_of(live: Manifest | None) -> int:
    """Return the replica count that a live Deployment asks for; 0 without one."""
    count: int = 0 if live is None else live["spec"].get("replicas", 1)
    return count


def release(key: ObjectKey, live: Manifest) -> Apply | None:
    """Write the replica count over to a manager of its own, if it is ours, so that an autoscaler may have it.

    An apply that leaves out a count which it owned sets it to 1 at once, whatever it was.
    Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
    """
    if not owns_replicas(live):
        return None
    names = {field: live["metadata"][field] for field in ("name", "namespace")}
    count = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": names, "spec": {"replicas": replicas_of(live)}}
    why = "the autoscaler owns the replicas"
    return Apply(key=key, manifest=count, uid=live["metadata"]["uid"], why=why, gives_up_replicas=True)


def owns_replicas(live: Manifest | None) -> bool:
    """Whether the count of a live Deployment is one that we applied; of a projection that cannot be told."""
    return live is not None and applied_by(fields_of(live, FIELD_MANAGER), _REPLICAS)
