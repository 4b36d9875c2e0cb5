"""Which pods are an endpoint's, also when the Deployment that they came from is gone."""

from collections.abc import Iterator

from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.models import EndpointName, Kind, Manifest, ObjectKey, Observed, canary_name


def pods_of(name: EndpointName, observed: Observed) -> tuple[Manifest, ...]:
    """Return the pods of the endpoint's Deployment and of its canary's among those observed; not those that ended.

    A ReplicaSet is named after its Deployment and the template's hash, which its pods carry as a label. Pods of a
    Deployment that is not ours are not the endpoint's.
    """
    return tuple(pod for app in (name, canary_name(name)) for pod in _pods_of(app, name, observed))


def own_pods_of(name: EndpointName, observed: Observed) -> tuple[Manifest, ...]:
    """Return the same without the canary's."""
    return tuple(_pods_of(name, name, observed))


def _pods_of(app: str, name: EndpointName, observed: Observed) -> Iterator[Manifest]:
    deployment = observed.get(ObjectKey(Kind.DEPLOYMENT, app))
    if deployment is None or is_ours(deployment, name):
        yield from (pod for pod in observed.pods or () if _is_of_deployment(pod, app) and not _is_over(pod))


def _is_over(pod: Manifest) -> bool:
    """Whether a pod has ended for good and holds nothing: an evicted one can stand around for days."""
    return (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")


def _is_of_deployment(pod: Manifest, app: str) -> bool:
    metadata = pod["metadata"]
    template = (metadata.get("labels") or {}).get("pod-template-hash")
    owners = metadata.get("ownerReferences") or ()
    return any(owner["kind"] == "ReplicaSet" and owner["name"] == f"{app}-{template}" for owner in owners)
