"""What was found of the cluster, judged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from gco_stream.core.checkup import Finding, NoAnswer, Place, failed, fine, unknown, warning
from gco_stream.core.leadership import LEASE_NAME, Lease
from gco_stream.core.models import Manifest
from gco_stream.core.permissions import ROLE_FILE, Permission

_KUBECONFIG = "check the network, and KUBECONFIG: `kubectl cluster-info`"
NAMESPACE, ACCOUNT, CLAIM, INGRESS_CLASS = "namespace", "service account", "claim", "ingress class"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """What the API server answered.

    Attributes:
        server: Its version, or why it did not say.
        may: Of each permission whether it is granted.
        things: What else must be there, by its check: the object; None: there is none. What was not asked is absent.
        lease: The Lease; None: there is none.
    """

    server: str | NoAnswer
    may: Mapping[Permission, bool | NoAnswer] = field(default_factory=dict)
    things: Mapping[str, Manifest | NoAnswer | None] = field(default_factory=dict)
    lease: Lease | NoAnswer | None = None


def cluster_findings(place: Place, facts: ClusterFacts) -> Iterator[Finding]:
    """Judge what was found; where the API server does not answer, nothing else could be asked."""
    match facts.server:
        case NoAnswer() as none if none.is_denied:
            yield failed("API server", none.reason, "it does not know this identity: renew the token or kubeconfig")
            return
        case NoAnswer() as none:
            yield unknown("API server", none.reason, _KUBECONFIG)
            return
        case version:
            yield fine("API server", version)
    is_absent = NAMESPACE in facts.things and facts.things[NAMESPACE] is None
    for check in facts.things:
        if check in (NAMESPACE, INGRESS_CLASS) or not is_absent:
            yield _of_thing(check, place, facts)
    if not is_absent:
        yield from _of_permissions(place, facts.may)


def _of_thing(check: str, place: Place, facts: ClusterFacts) -> Finding:
    name, absent = _expected(check, place)
    found = facts.things[check]
    if isinstance(found, NoAnswer) and found.is_denied and check == NAMESPACE and _is_proven(place, facts):
        return fine(check, f"{name}, the Lease is in it")
    if isinstance(found, NoAnswer):
        hint = "ask with the kubeconfig of somebody who may" if found.is_denied else _KUBECONFIG
        return warning(check, f"could not find out whether there is {name}: {found.reason}", hint)
    if found is None:
        return absent
    phase = (found.get("status") or {}).get("phase", "")
    if check == CLAIM and phase != "Bound":
        return warning(check, f"{name} is {phase or 'not bound'}", "endpoints with models from it cannot start before")
    if check == NAMESPACE and phase == "Terminating":
        return failed(check, f"{name} is being deleted", "INFERENCE_NAMESPACE says which is to be used")
    return fine(check, name)


def _is_proven(place: Place, facts: ClusterFacts) -> bool:
    return isinstance(facts.lease, Lease) and place.lease_namespace == place.namespace


def _expected(check: str, place: Place) -> tuple[str, Finding]:
    """Name a thing, and say what it means that it is not there."""
    where = f"in namespace {place.namespace}"
    match check:
        case "namespace":
            hint = "create it, or let INFERENCE_NAMESPACE name the one that endpoints run in"
            return place.namespace, failed(check, f"there is no namespace {place.namespace}", hint)
        case "service account":
            hint = f"`kubectl create serviceaccount gco-service-account --namespace {place.namespace}`"
            detail = f"there is no ServiceAccount gco-service-account {where}, so no pod can be made"
            return "gco-service-account", failed(check, detail, hint)
        case "claim":
            hint = "create it before an endpoint has model_path or model_source"
            return "efs-claim", warning(check, f"there is no PersistentVolumeClaim efs-claim {where}", hint)
        case _:
            hint = "install the AWS Load Balancer Controller, or create the class for the one of EKS Auto Mode"
            return "alb", failed(check, "there is no IngressClass alb, so nothing can be published", hint)


def _of_permissions(place: Place, may: Mapping[Permission, bool | NoAnswer]) -> Iterator[Finding]:
    who = f"ServiceAccount {place.account}" if place.account else "this identity"
    if may and all(answer is False for answer in may.values()):
        detail = f"{who} may do nothing in namespace {place.namespace}"
        hint = f"check INFERENCE_NAMESPACE, and apply the Role and the RoleBinding of {ROLE_FILE} there"
        yield failed("permissions", detail, hint)
        return
    for _, group in groupby(may, key=lambda permission: permission.subject):
        yield _of_subject(who, place, {permission: may[permission] for permission in group})


def _of_subject(who: str, place: Place, may: Mapping[Permission, bool | NoAnswer]) -> Finding:
    """Judge the permissions about one resource in one line."""
    first = next(iter(may))
    missing = [permission.verb for permission, answer in may.items() if answer is False]
    silent = [answer.reason for answer in may.values() if isinstance(answer, NoAnswer)]
    if missing:
        namespace = place.lease_namespace if first.is_about_lease else place.namespace
        detail = f"{who} may not {', '.join(missing)} {first.subject} in namespace {namespace}"
        hint = f"add that to the rule for {first.resource} in {ROLE_FILE}, and apply it"
        return (failed if first.is_vital else warning)("permissions", detail, hint)
    if silent:
        return unknown("permissions", f"{first.subject}: {silent[0]}", _KUBECONFIG)
    return fine("permissions", f"{', '.join(permission.verb for permission in may)} {first.subject}")


def lease_finding(place: Place, lease: Lease | NoAnswer | None, *, now: datetime) -> Finding:
    """Judge who leads: nobody, one of ours, or somebody who is not of ours, such as the poller."""
    which = f"{LEASE_NAME} in namespace {place.lease_namespace}"
    if isinstance(lease, NoAnswer):
        return (warning if lease.is_denied else unknown)("lease", lease.reason, f"see {ROLE_FILE}")
    if lease is None or lease.is_free:
        return fine("lease", f"{which} is free")
    seconds = (now - lease.renewed).total_seconds() if lease.renewed else 0.0
    held = f"{which} is held by {lease.holder}, renewed {seconds:.0f} s ago"
    if seconds > lease.patience.total_seconds():
        return fine("lease", f"{held}: it has run out, and is taken over")
    if not lease.is_pollers:
        return fine("lease", held)
    hint = "this controller waits until it lets go; delete the poller's Deployment, see docs/migration.md"
    return warning("lease", f"{held}: that is no gco-stream, but a poller", hint)
