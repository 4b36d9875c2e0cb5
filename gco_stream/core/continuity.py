"""What pods that are being replaced still need, so that a change does not take traffic from them before they end."""

from gco_stream.core.fields import is_health_path
from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.manifests.pod import PORT_NAME
from gco_stream.core.merging import applied_by, fields_of
from gco_stream.core.models import Manifest
from gco_stream.core.rollout import read_rollout

_TARGET_PORT = ("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:targetPort")


def target_port(wanted: int, service: Manifest | None, deployment: Manifest | None, *, is_changing: bool) -> int | str:
    """Choose where a Service leads: to a port by its number or, while pods with different ones serve, by its name.

    Args:
        wanted: The port that the record asks for.
        service: The live Service, or None.
        deployment: The live Deployment behind it, or None.
        is_changing: Whether this pass changes that Deployment.
    """
    if service is None or deployment is None or not _has_old_pods(deployment, is_changing=is_changing):
        return wanted
    now: int | str = next((port.get("targetPort") for port in service["spec"].get("ports") or ()), wanted)
    if is_changing and now != wanted:
        return PORT_NAME if _names_its_port(deployment) else now
    return now if _is_as_applied(service) else wanted


def health_path(wanted: str, now: object, deployment: Manifest | None, *, is_changing: bool) -> str:
    """Choose where the load balancer asks for health: where the pods that serve now answer, until they are gone.

    Args:
        wanted: Where new pods answer.
        now: Where it asks now; None: nowhere.
        deployment: The live Deployment that is asked, or None.
        is_changing: Whether this pass changes that Deployment.
    """
    if deployment is None or not _has_old_pods(deployment, is_changing=is_changing):
        return wanted
    return now if isinstance(now, str) and is_health_path(now) else wanted


def _has_old_pods(deployment: Manifest, *, is_changing: bool) -> bool:
    rollout = read_rollout(deployment)
    return rollout.ready > 0 and (is_changing or not rollout.is_only_new)


def _names_its_port(deployment: Manifest) -> bool:
    containers = deployment["spec"].get("template", {}).get("spec", {}).get("containers") or ()
    ports = [port for container in containers[:1] for port in container.get("ports") or ()]
    return any(port.get("name") == PORT_NAME for port in ports)


def _is_as_applied(service: Manifest) -> bool:
    """Whether the port is one that we set; of a projection that is said by its digest."""
    fields = fields_of(service, FIELD_MANAGER)
    return not service["metadata"].get("managedFields") or applied_by(fields, _TARGET_PORT)
