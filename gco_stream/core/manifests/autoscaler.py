"""The HorizontalPodAutoscaler of an endpoint."""

from typing import Any

from gco_stream.core.manifests.canonical import pruned
from gco_stream.core.manifests.ownership import metadata
from gco_stream.core.models import Manifest, Scope
from gco_stream.core.record import Endpoint
from gco_stream.core.spec import Metric


def autoscaler(endpoint: Endpoint, scope: Scope) -> Manifest:
    """Render the autoscaler of an endpoint's Deployment.

    Raises:
        ValueError: Autoscaling is off, so that there must be none.
    """
    wanted = endpoint.spec.autoscaling
    if wanted is None or not wanted.enabled:
        raise ValueError(f"{endpoint.name} is not autoscaled")
    manifest = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(endpoint, scope, name=endpoint.name),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": endpoint.name},
            "minReplicas": wanted.min_replicas,
            "maxReplicas": wanted.max_replicas,
            "metrics": _metrics(wanted.metrics),
        },
    }
    return pruned(manifest)


def _metrics(metrics: tuple[Metric, ...]) -> list[dict[str, Any]]:
    """List the metrics with cpu at the end, however the record has them: the highest answer counts, not the first.

    A client of autoscaling/v1 knows only cpu, and whatever it writes puts cpu last, in a list that is compared and
    applied as a whole.
    """
    ordered = sorted(metrics, key=lambda metric: (metric.type == "cpu", metric.type))
    return [_metric(metric) for metric in ordered]


def _metric(metric: Metric) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": metric.target}
    return {"type": "Resource", "resource": {"name": metric.type, "target": target}}
