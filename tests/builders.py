"""Builders: each makes something plausible, and a test says only what matters to it.

``an_item`` is a record as it comes out of the table, with numbers as ``Decimal``; ``a_live`` is what the API server
shows of a manifest that the controller has applied.
"""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from gco_stream.core.changes import StreamRecord
from gco_stream.core.manifests import render
from gco_stream.core.models import EndpointName, Item, Kind, Manifest, ObjectKey, Observed, Scope
from gco_stream.core.plan import Plan
from gco_stream.core.record import Endpoint, EndpointRecord, read_endpoint, read_record, spec_hash
from gco_stream.core.report import Outcome, region_status
from gco_stream.core.status import Failure, RegionStatus
from gco_stream.core.wish import Request, read_request
from gco_stream.sandbox.store.defaults import fill_in
from tests.server_side_apply import applied

NAME = EndpointName("llama")
REGION = "us-east-1"
ELSEWHERE = "eu-west-1"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SCOPE = Scope(
    region=REGION, cluster="gco-us-east-1", namespace="gco-inference", model_sync_image="amazon/aws-cli:2.37.4"
)
MANAGER = "gco-stream"

DEPLOYMENT = ObjectKey(Kind.DEPLOYMENT, NAME)
SERVICE = ObjectKey(Kind.SERVICE, NAME)
INGRESS = ObjectKey(Kind.INGRESS, f"inference-{NAME}")

_uids = count(1)


def at(seconds: float = 0) -> str:
    """A time as records have it, seconds after NOW."""
    return (NOW + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def as_stored(value: Any) -> Any:
    """A value as the table gives it back: numbers are ``Decimal``."""
    if isinstance(value, Mapping):
        return {key: as_stored(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [as_stored(entry) for entry in value]
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def a_spec(**fields: Any) -> dict[str, Any]:
    return {"image": "registry.example/acme/llama-server:v1", **fields}


def an_item(name: str = NAME, *, spec: Any = None, **fields: Any) -> dict[str, Any]:
    """A record as `create` leaves it; a field given as ``...`` is left out."""
    item = {
        "endpoint_name": name,
        "desired_state": "deploying",
        "target_regions": [REGION],
        "namespace": SCOPE.namespace,
        "spec": a_spec() if spec is None else spec,
        "ingress_path": f"/inference/{name}",
        "created_at": at(-3600),
        "updated_at": at(-60),
        "region_status": {},
        "labels": {},
    }
    merged = {key: value for key, value in (item | fields).items() if value is not ...}
    stored: dict[str, Any] = as_stored(merged)
    return stored


def a_record(item: Item | None = None, **fields: Any) -> EndpointRecord:
    return read_record(an_item(**fields) if item is None else item)


def an_endpoint(
    name: str = NAME, *, labels: Mapping[str, str] | None = None, path: str | None = None, **spec: Any
) -> Endpoint:
    """A checked endpoint; further arguments are fields of its spec."""
    item = an_item(name, spec=a_spec(**spec), labels=labels or {}, ingress_path=path or f"/inference/{name}")
    return read_endpoint(item, SCOPE)


def a_request(item: Item | None = None, *, scope: Scope = SCOPE, **fields: Any) -> Request:
    wanted = an_item(**fields) if item is None else item
    return read_request(EndpointName(str(wanted["endpoint_name"])), wanted, scope)


def manifests_of(endpoint: Endpoint, *, replicas: int | None = None) -> dict[Kind, Manifest]:
    rendered = render(endpoint, SCOPE, replicas=endpoint.spec.replicas if replicas is None else replicas)
    return {key.kind: manifest for key, manifest in rendered.items() if not key.name.endswith("-canary")}


def deployment_of(endpoint: Endpoint, *, replicas: int | None = None) -> Manifest:
    return manifests_of(endpoint, replicas=replicas)[Kind.DEPLOYMENT]


def container_of(deployment: Manifest) -> Any:
    return deployment["spec"]["template"]["spec"]["containers"][0]


def a_live(manifest: Manifest, *, before: Manifest | None = None, generation: int = 1, **status: Any) -> dict[str, Any]:
    """What the API server shows after an apply: with defaults, uid and owners of fields.

    ``before`` is the object that the apply met; further arguments are fields of the Deployment's status.
    """
    live = applied(before, manifest, manager=MANAGER)
    live["metadata"].setdefault("uid", f"uid-{next(_uids)}")
    live["metadata"] |= {"resourceVersion": str(1000 + generation), "creationTimestamp": "2026-03-01T11:00:00Z"}
    if manifest["kind"] == "Deployment":
        live["metadata"]["generation"] = generation
        live["status"] = status or live.get("status", {})
    return with_defaults(live)


def with_defaults(live: dict[str, Any]) -> dict[str, Any]:
    """Fill in what the API server fills in, beside the fields that we set and inside of them."""
    fill_in(live)
    if live["kind"] == "Service":
        live["spec"].setdefault("clusterIP", "10.0.0.7")
    return live


def a_deployment_status(
    desired: int = 1,
    *,
    ready: int | None = None,
    updated: int | None = None,
    old: int = 0,
    generation: int = 1,
    progress: str = "NewReplicaSetAvailable",
    message: str = "",
) -> dict[str, Any]:
    """A Deployment's status; counters that are zero are absent, as the API server has it."""
    updated = desired if updated is None else updated
    ready = updated + old if ready is None else ready
    counters = {
        "replicas": updated + old,
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
    }
    holds = "False" if progress == "ProgressDeadlineExceeded" else "True"
    progressing = {"type": "Progressing", "status": holds, "reason": progress, "message": message}
    available = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}
    present = {name: number for name, number in counters.items() if number}
    return {"observedGeneration": generation, "conditions": [available, progressing], **present}


def a_pod(name: str = NAME, *, template: str = "5d8f", owner: str | None = None) -> dict[str, Any]:
    reference = {"kind": "ReplicaSet", "name": owner or f"{name}-{template}", "uid": "uid-of-replicaset"}
    labels = {"app": name, "pod-template-hash": template}
    return {"metadata": {"name": f"{name}-{template}-x7k2p", "labels": labels, "ownerReferences": [reference]}}


def observed(*objects: Manifest, pods: tuple[Manifest, ...] | None = None) -> Observed:
    return Observed(objects={ObjectKey(Kind(o["kind"]), o["metadata"]["name"]): o for o in objects}, pods=pods)


def everything_of(endpoint: Endpoint, *, published: bool = True, **status: Any) -> Observed:
    """All objects of an endpoint as its manifests say, by default rolled out and published."""
    manifests = manifests_of(endpoint)
    counters = status or a_deployment_status(endpoint.spec.replicas)
    live = [a_live(manifests[Kind.DEPLOYMENT], **counters), a_live(manifests[Kind.SERVICE])]
    return observed(*live, *([a_live(manifests[Kind.INGRESS])] if published else []))


def changed(live: Manifest, **metadata: Any) -> dict[str, Any]:
    """A copy of an object with other metadata, e.g. a ``deletionTimestamp``."""
    other: dict[str, Any] = copy.deepcopy(dict(live))
    other["metadata"] |= metadata
    return other


def leaving(live: Manifest) -> dict[str, Any]:
    return changed(live, deletionTimestamp="2026-03-01T11:59:00Z")


def foreign(live: Manifest) -> dict[str, Any]:
    """The same object as somebody else's: with the labels that people's own manifests share, but without our mark."""
    return changed(live, labels={"app": NAME, "project": "gco", "gco.io/type": "inference"}, managedFields=[])


def a_status(state: str = "running", item: Item | None = None, **fields: Any) -> dict[str, Any]:
    """A region's status in a record, of the spec that the record has."""
    wanted = an_item() if item is None else item
    status = {"state": state, "replicas_ready": 1, "replicas_desired": 1, "last_sync": at(-30), "published": True}
    ours = {"observed_spec": spec_hash(wanted), "cluster": SCOPE.cluster}
    return {key: as_stored(value) for key, value in (status | ours | fields).items() if value is not ...}


def status_of(
    request: Request,
    seen: Observed | None = None,
    *,
    plan: Plan | None = None,
    is_new: bool = False,
    failure: Failure | None = None,
    now: datetime = NOW,
) -> RegionStatus:
    """The status that is reported, where there must be one."""
    there = Observed(pods=()) if seen is None else seen
    outcome = Outcome(plan=plan or Plan(), observed=there, is_new=is_new, failure=failure)
    status = region_status(request, outcome, SCOPE, now=now)
    assert status is not None
    return status


def a_change(before: Item | None, after: Item | None) -> StreamRecord:
    return StreamRecord(name=NAME, before=before, after=after, sequence="111")
