"""The Deployment of an endpoint."""

from typing import Any

from gco_stream.core.manifests import pod
from gco_stream.core.manifests.canonical import pruned
from gco_stream.core.manifests.ownership import TEMPLATE_FIELDS, TEMPLATE_VERSION, metadata
from gco_stream.core.manifests.template_fields import template_fields_hash
from gco_stream.core.models import Manifest, Scope
from gco_stream.core.record import Endpoint
from gco_stream.core.spec import EndpointSpec

# A model of hundreds of gigabytes loads for many minutes; Kubernetes' ten are too few.
_PROGRESS_DEADLINE_SECONDS = 1800


def deployment(endpoint: Endpoint, scope: Scope, *, app: str | None = None, replicas: int | None) -> Manifest:
    """Render the Deployment.

    Args:
        app: Its name; None: the endpoint's. A canary's is another.
        replicas: How many pods it should have; None leaves that to an autoscaler.
    """
    name = app or endpoint.name
    rollout = endpoint.spec.rollout
    fields = template_fields_hash(endpoint.spec, region=scope.region)
    marks = {TEMPLATE_VERSION: pod.VERSION, TEMPLATE_FIELDS: fields}
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(endpoint, scope, name=name, app=name, extra=marks),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": _rolling_update(endpoint.spec)},
            "progressDeadlineSeconds": rollout.progress_deadline_seconds or _PROGRESS_DEADLINE_SECONDS,
            "revisionHistoryLimit": 2,
            "template": pod.pod_template(endpoint, scope, app=name),
        },
    }
    return pruned(manifest)


def _rolling_update(spec: EndpointSpec) -> dict[str, Any]:
    """Choose how pods are replaced.

    With an accelerator the old pod goes first: a surge pod on scarce GPUs would wait for ever. Who asks that no pod
    be missing gets one extra, since otherwise nothing could move.
    """
    surge, unavailable = (0, 1) if spec.gpu_count else ("25%", "25%")
    wanted = spec.rollout
    if wanted.max_unavailable is not None:
        unavailable = wanted.max_unavailable
        surge = 1 if unavailable in (0, "0%") and surge == 0 else surge
    if wanted.max_surge is not None:
        surge = wanted.max_surge
    return {"maxSurge": surge, "maxUnavailable": unavailable}
