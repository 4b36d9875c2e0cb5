"""Typical situations of an endpoint, as they are found when somebody asks why it is as it is."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from gco_stream.core.claims import Claims
from gco_stream.core.findings import Findings, PastEvent
from gco_stream.core.leadership import Lease
from gco_stream.core.manifests import render
from gco_stream.core.manifests.ingress import ingress
from gco_stream.core.manifests.ownership import HOLD
from gco_stream.core.models import Apply, Item, Manifest, Observed
from gco_stream.core.plan import make_plan
from gco_stream.core.route import Route
from gco_stream.core.wish import Gone, Request, read_request
from tests.builders import (
    ELSEWHERE,
    INGRESS,
    NAME,
    NOW,
    REGION,
    SCOPE,
    a_deployment_status,
    a_live,
    a_pod,
    a_request,
    a_spec,
    a_status,
    an_endpoint,
    an_item,
    at,
    changed,
    everything_of,
    foreign,
    observed,
)
from tests.left_behind import left_behind

V2 = "registry.example/acme/llama-server:v2"
LEASE = Lease(holder="inference-monitor-7d9_a1", marked="inference-monitor-7d9_a1", renewed=NOW - timedelta(seconds=1))


def findings(item: Item | None, seen: Observed, **more: Any) -> Findings:
    """What is found of a record and of what the cluster shows; a pass plans from the same."""
    request: Request = more.pop("request", None) or (
        Request(name=NAME, item=None, record=None, wish=Gone()) if item is None else a_request(item)
    )
    plan = make_plan(request, seen, SCOPE, now=NOW)
    facts: dict[str, Any] = {"events": (), "lease": LEASE, "now": NOW, "scope": SCOPE}
    return Findings(request=request, observed=seen, plan=plan, **facts | more)


def pod(number: int, *, template: str = "5d8f", **status: Any) -> Manifest:
    """One pod of the endpoint; ready for an hour, unless its status says something else."""
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T11:00:00Z"}
    known = {"phase": "Running", "conditions": [ready], **status}
    made = a_pod(template=template)
    made["metadata"] |= {"name": f"{NAME}-{template}-{number}", "creationTimestamp": f"2026-03-01T11:59:{number:02}Z"}
    return {**made, "spec": {"nodeName": f"gpu-a10g-{number}"}, "status": known}


def unready(number: int, *, template: str = "5d8f", container: Mapping[str, Any] | None = None) -> Manifest:
    conditions = [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-03-01T11:59:00Z"}]
    seen = [{"name": "inference", "ready": False, "restartCount": 0, **(container or {})}]
    return pod(number, template=template, conditions=conditions, containerStatuses=seen)


def with_pods(seen: Observed, *pods: Manifest) -> Observed:
    return Observed(objects=seen.objects, pods=pods)


def _item(state: str = "running", *, status: Mapping[str, Any] | None = None, **fields: Any) -> Item:
    """A record with what this region last said of it."""
    item = an_item(desired_state="running", **fields)
    said = a_status(state, item, **(status or {}))
    return {**item, "region_status": {REGION: said, **fields.get("region_status", {})}}


def running() -> Findings:
    item = _item(spec=a_spec(replicas=2), status={"replicas_ready": 2, "replicas_desired": 2})
    told = (PastEvent(NOW - timedelta(minutes=59), "Published", "a replica is ready"),)
    return findings(item, with_pods(everything_of(an_endpoint(replicas=2)), pod(1), pod(2)), events=told)


def updating() -> Findings:
    spec = a_spec(image=V2, replicas=2)
    counters = a_deployment_status(
        2, ready=1, updated=1, old=1, progress="ReplicaSetUpdated", message=f'ReplicaSet "{NAME}-77aa" is progressing.'
    )
    counters["conditions"][1]["lastUpdateTime"] = "2026-03-01T11:59:00Z"
    seen = everything_of(an_endpoint(image=V2, replicas=2), **counters)
    pods = (pod(1), unready(2, template="77aa", container={"state": {"waiting": {"reason": "ContainerCreating"}}}))
    status = {"replicas_ready": 1, "replicas_desired": 2, "reason": "RolloutInProgress"}
    return findings(_item("updating", spec=spec, status=status), with_pods(seen, *pods))


def image_pull() -> Findings:
    spec = a_spec(image=V2)
    message = f'ReplicaSet "{NAME}-77aa" is progressing.'
    counters = a_deployment_status(1, ready=0, progress="ReplicaSetUpdated", message=message)
    waiting = {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{V2}": ErrImagePull: {V2}: not found'}
    seen = everything_of(an_endpoint(image=V2), published=False, **counters)
    pods = [unready(1, template="77aa", container={"image": V2, "state": {"waiting": waiting}})]
    status = {"replicas_ready": 0, "published": False, "reason": "ImagePullBackOff"}
    return findings(_item("creating", spec=spec, status=status), with_pods(seen, *pods))


def unschedulable() -> Findings:
    counters = a_deployment_status(1, ready=0, progress="ReplicaSetUpdated")
    said = "0/13 nodes are available: 2 Insufficient nvidia.com/gpu, 11 node(s) had untolerated taint(s)."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}
    lone = {**pod(1, phase="Pending", conditions=[condition]), "spec": {}}
    status = {"replicas_ready": 0, "published": False, "reason": "InsufficientCapacity"}
    seen = everything_of(an_endpoint(), published=False, **counters)
    return findings(_item("creating", status=status), with_pods(seen, lone))


def unready_and_published() -> Findings:
    counters = a_deployment_status(1, ready=0)
    crash = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 137}}}
    status = {"replicas_ready": 0, "reason": "Unavailable", "unready_since": at(-120)}
    seen = with_pods(everything_of(an_endpoint(), **counters), unready(1, container={**crash, "restartCount": 4}))
    return findings(_item("updating", status=status), seen)


def withdrawn() -> Findings:
    counters = a_deployment_status(1, ready=0)
    crash = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}
    status = {"replicas_ready": 0, "published": False, "reason": "Withdrawn", "unready_since": at(-480)}
    seen = everything_of(an_endpoint(), published=False, **counters)
    told = (PastEvent(NOW - timedelta(minutes=3), "Withdrawn", "no ready replica for 300 s", is_warning=True),)
    pods = with_pods(seen, unready(1, container={**crash, "restartCount": 9}))
    return findings(_item("updating", status=status), pods, events=told)


def held() -> Findings:
    seen = everything_of(an_endpoint())
    objects = [
        changed(live, annotations={HOLD: "Ada looks into the crash"}) if live["kind"] == "Deployment" else live
        for live in seen.objects.values()
    ]
    item = _item(spec=a_spec(replicas=3), status={"reason": "Held"})
    return findings(item, with_pods(observed(*objects), pod(1)))


def left_by_the_poller() -> Findings:
    item = _item(spec=a_spec(env={"A": "1"}))
    return findings(item, with_counters(left_behind(item)))


def adopted_as_found() -> Findings:
    before = an_item()
    left = with_counters(left_behind(before))
    over = make_plan(a_request(before), left, SCOPE, now=NOW)
    taken = {action.key: action.manifest for action in over.actions if isinstance(action, Apply)}
    live = [a_live(m, before=left.objects[key], **a_deployment_status(1)) for key, m in taken.items()]
    asks = _item(spec=a_spec(env={"A": "1"}), status={"reason": "AdoptedAsFound"})
    return findings(asks, with_pods(observed(*live), pod(1)))


def with_counters(left: Observed) -> Observed:
    objects = [{**live, "status": a_deployment_status(1)} for live in left.objects.values()]
    return with_pods(observed(*objects), pod(1))


def canary() -> Findings:
    spec = a_spec(canary={"image": V2, "weight": 20, "replicas": 1})
    endpoint = an_endpoint(canary={"image": V2, "weight": 20, "replicas": 1})
    made = dict(render(endpoint, SCOPE, replicas=1))
    made[INGRESS] = ingress(endpoint, SCOPE, route=Route(primary=80, canary=20), health_path="/health")
    live = [a_live(manifest, **a_deployment_status(1)) for manifest in made.values()]
    share = {"replicas_ready": 1, "replicas_desired": 1, "weight": 20}
    return findings(_item(spec=spec, status={"canary": share}), with_pods(observed(*live), pod(1)))


def canary_without_pods() -> Findings:
    spec = a_spec(canary={"image": V2, "weight": 20, "replicas": 1})
    endpoint = an_endpoint(canary={"image": V2, "weight": 20, "replicas": 1})
    status = {"reason": "CanaryUnavailable"}
    return findings(_item(spec=spec, status=status), with_pods(everything_of(endpoint), pod(1)))


def braked() -> Findings:
    seen = with_pods(everything_of(an_endpoint()), pod(1))
    note = f"7 endpoints have no record and stay until somebody says 'gco-stream …': {NAME}, mistral"
    return findings(None, seen, events=(PastEvent(NOW, "DeletionsBraked", note, is_warning=True),))


def gone() -> Findings:
    return findings(None, with_pods(everything_of(an_endpoint()), pod(1)))


def clash() -> Findings:
    claims = Claims(REGION)
    rival = an_item("mistral", ingress_path="/inference/llama", region_status={REGION: a_status("running")})
    item = an_item(created_at=at(-10))
    claims.note(rival)
    claims.note(item)
    return findings(item, Observed(pods=()), request=read_request(NAME, item, SCOPE, claims))


def not_targeted() -> Findings:
    return findings(an_item(target_regions=[ELSEWHERE], desired_state="running"), Observed(pods=()))


def nothing() -> Findings:
    return findings(None, Observed(pods=()))


def invalid() -> Findings:
    item = an_item(spec={"image": "", "port": 0})
    return findings(item, with_pods(everything_of(an_endpoint()), pod(1)))


def foreign_object() -> Findings:
    seen = everything_of(an_endpoint(), published=False)
    objects = [foreign(live) if live["kind"] == "Service" else live for live in seen.objects.values()]
    return findings(an_item(), with_pods(observed(*objects), pod(1)))


def nobody_leads() -> Findings:
    left = Lease(holder="inference-monitor-7d9_a1", marked="x", renewed=NOW - timedelta(hours=2))
    return findings(an_item(), Observed(pods=()), lease=left)


def changed_by_hand() -> Findings:
    seen = everything_of(an_endpoint(replicas=2))
    objects = []
    for live in seen.objects.values():
        edited = changed(live)
        if edited["kind"] == "Deployment":
            theirs = {
                "manager": "kubectl-edit",
                "operation": "Update",
                "time": "2026-03-01T11:58:00Z",
                "fieldsV1": {"f:spec": {"f:replicas": {}}},
            }
            edited["spec"]["replicas"] = 5
            for entry in edited["metadata"]["managedFields"]:
                entry["fieldsV1"]["f:spec"].pop("f:replicas", None)
            edited["metadata"]["managedFields"].append(theirs)
        objects.append(edited)
    item = _item(spec=a_spec(replicas=2), status={"replicas_ready": 2, "replicas_desired": 2})
    return findings(item, with_pods(observed(*objects), pod(1), pod(2)))


def refused() -> Findings:
    status = {"replicas_ready": 0, "replicas_desired": 0, "published": False, "reason": "Invalid"}
    said = "spec.template.spec.containers[0].resources.requests: must be less than or equal to cpu limit"
    return findings(_item("error", status={**status, "error": said}), Observed(pods=()))


def stopped() -> Findings:
    item = {**_item("stopped", status={"replicas_ready": 0, "replicas_desired": 0}), "desired_state": "stopped"}
    return findings(item, everything_of(an_endpoint(replicas=0), published=False, **a_deployment_status(0)))


def stopping() -> Findings:
    item = {**_item(), "desired_state": "stopped"}
    return findings(item, with_pods(everything_of(an_endpoint()), pod(1)))


def deleted() -> Findings:
    other = {ELSEWHERE: a_status("deleting")}
    item = an_item(desired_state="deleted", target_regions=[REGION, ELSEWHERE], region_status=other)
    return findings(item, Observed(pods=()))


SITUATIONS: Mapping[str, Callable[[], Findings]] = {
    made.__name__: made
    for made in (
        *(running, updating, image_pull, unschedulable, unready_and_published, withdrawn, held, adopted_as_found),
        *(
            left_by_the_poller,
            canary,
            canary_without_pods,
            braked,
            gone,
            clash,
            not_targeted,
            nothing,
            invalid,
            foreign_object,
            nobody_leads,
        ),
        *(changed_by_hand, refused, stopped, stopping, deleted),
    )
}
