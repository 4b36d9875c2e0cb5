"""What is asked of both API servers, the real one and the sandbox: each story is a few requests."""

from dataclasses import replace
from typing import Any

from gco_stream.core.manifests import render
from tests.builders import SCOPE
from tests.contracts.conversations import Conversation, Story
from tests.contracts.small_manifests import a_deployment, a_lease, a_service, an_ingress
from tests.contracts.stages import LABELS, SPECS, an_endpoint

STORIES: dict[str, Story] = {}


def story(tell: Story) -> Story:
    STORIES[tell.__name__] = tell
    return tell


def of_endpoint(talk: Conversation, **spec: Any) -> list[dict[str, Any]]:
    scope = replace(SCOPE, namespace=talk.namespace)
    endpoint = an_endpoint(scope, labels=LABELS, **{"replicas": 0, **spec})
    return [dict(one) for one in render(endpoint, scope, replicas=endpoint.spec.replicas).values()]


@story
async def what_is_not_there(talk: Conversation) -> None:
    for kind in ("Deployment", "Service", "Lease", "HorizontalPodAutoscaler", "Ingress", "Pod"):
        await talk.get(kind, "absent")
        await talk.delete(kind, "absent")
        await talk.get(kind)
        await talk.merge(kind, "absent", {})
    await talk.put(a_service("absent"))
    await talk.ask("GET", "/apis/apps/v1/nonsense")
    await talk.ask("GET", talk.path("Service", namespace="absent"))
    await talk.ask("POST", talk.path("Service", namespace="absent"), a_service())


@story
async def creating(talk: Conversation) -> None:
    await talk.create(a_service())
    await talk.create(a_service())
    await talk.get("Service", "llama")
    await talk.create(an_ingress())
    await talk.create(a_deployment())
    await talk.create({**an_ingress(), "metadata": {}})
    await talk.create(a_service("Not_A_Name"))
    await talk.create({**a_service(), "metadata": {"name": "x", "namespace": "other"}})
    await talk.create({**a_service("versioned"), "metadata": {"name": "versioned", "resourceVersion": "1"}})


@story
async def endpoints_of_all_kinds(talk: Conversation) -> None:
    for spec in SPECS.values():
        for manifest in of_endpoint(talk, **spec):
            await talk.apply(manifest)
            await talk.apply(manifest)
    for manifest in of_endpoint(talk, autoscaling={"enabled": True, "max_replicas": 5}):
        await talk.apply(manifest)


@story
async def making_endpoints_of_all_kinds(talk: Conversation) -> None:
    for spec in (*SPECS.values(), {"autoscaling": {"enabled": True, "max_replicas": 5}}):
        for manifest in of_endpoint(talk, **spec):
            await talk.create(manifest)
            await talk.delete(manifest["kind"], manifest["metadata"]["name"])


@story
async def what_does_not_fit(talk: Conversation) -> None:
    for more in (
        {"env": [{"name": "A", "value": 1}]},
        {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
        {"args": [1]},
        {"nonsense": True},
        {"resources": {"limits": {"cpu": "much"}}},
        {"ports": [{"containerPort": 70000, "protocol": "TCP"}]},
        {"resources": {"requests": {"memory": "64Gi"}, "limits": {"memory": "16Gi"}}},
        {"image": ""},
        {"stdin": "yes"},
        {"env": "text"},
    ):
        manifest = a_deployment()
        manifest["spec"]["template"]["spec"]["containers"][0] |= more
        await talk.apply(manifest)
    await talk.apply(a_deployment(replicas="two"))
    await talk.apply(a_deployment(selector={"matchLabels": {"app": "other"}}))
    await talk.apply(a_deployment(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}))
    await talk.apply(a_deployment(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}))


@story
async def what_cannot_change(talk: Conversation) -> None:
    await talk.apply(a_deployment())
    manifest = a_deployment(selector={"matchLabels": {"app": "other"}})
    manifest["spec"]["template"]["metadata"]["labels"]["app"] = "other"
    await talk.apply(manifest)


@story
async def replacing(talk: Conversation) -> None:
    made = await talk.create(a_service())
    await talk.put(made)
    changed = {**made, "spec": {**made["spec"], "selector": {"app": "other"}}}
    await talk.put(changed)
    await talk.put(changed)
    await talk.put({**changed, "metadata": {**changed["metadata"], "uid": "11111111-1111-1111-1111-111111111111"}})
    await talk.put(a_service())
    made = await talk.create(an_ingress())
    await talk.put({**made, "metadata": {**made["metadata"], "labels": {"a": "b"}}}, fieldManager="mine")


@story
async def merge_patches(talk: Conversation) -> None:
    await talk.create(an_ingress())
    await talk.merge("Ingress", "llama", {"metadata": {"annotations": {"a": "1", "b": "2"}}})
    await talk.merge("Ingress", "llama", {"metadata": {"annotations": {"a": None}}}, fieldManager="other")
    await talk.merge("Ingress", "llama", {"metadata": {"annotations": {"b": "2"}}})
    await talk.merge("Ingress", "llama", {"metadata": {"resourceVersion": "1", "labels": {"x": "y"}}})
    await talk.merge("Ingress", "llama", {"spec": {"rules": None}})


@story
async def json_patches(talk: Conversation) -> None:
    made = await talk.create(an_ingress())
    await talk.patch("Ingress", "llama", {"op": "add", "path": "/metadata/labels", "value": {"a/b": "1"}})
    await talk.patch("Ingress", "llama", {"op": "replace", "path": "/metadata/labels/a~1b", "value": "2"})
    await talk.patch("Ingress", "llama", {"op": "test", "path": "/metadata/labels/a~1b", "value": "1"})
    await talk.patch("Ingress", "llama", {"op": "remove", "path": "/metadata/absent"})
    stale = made["metadata"]["resourceVersion"]
    await talk.patch("Ingress", "llama", {"op": "replace", "path": "/metadata/resourceVersion", "value": stale})


@story
async def deleting(talk: Conversation) -> None:
    uid = "11111111-1111-1111-1111-111111111111"
    for manifest in (a_service(), an_ingress(), a_deployment(), a_lease()):
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        made = await talk.create(manifest)
        await talk.delete(kind, name, preconditions={"uid": uid})
        await talk.delete(kind, name, preconditions={"uid": made["metadata"]["uid"]})
        await talk.get(kind, name)


@story
async def finalizers(talk: Conversation) -> None:
    await talk.create(an_ingress(finalizers=["example.com/keep"]))
    await talk.delete("Ingress", "llama")
    await talk.delete("Ingress", "llama")
    await talk.apply(an_ingress(labels={"a": "b"}))
    await talk.merge("Ingress", "llama", {"metadata": {"finalizers": None}})
    await talk.get("Ingress", "llama")


@story
async def leases(talk: Conversation) -> None:
    at = "2026-03-01T12:00:00.000000Z"
    made = await talk.create(a_lease(holderIdentity="a", leaseDurationSeconds=15, renewTime=at))
    await talk.put({**made, "spec": {**made["spec"], "holderIdentity": "b"}})
    await talk.put(made)
    await talk.put(a_lease(holderIdentity="c"))
    await talk.apply({**a_lease(holderIdentity="d"), "metadata": {"name": "leader", "resourceVersion": "1"}})
    await talk.apply(a_lease(holderIdentity="d", renewTime="2026-03-01T12:00:00Z"))
    await talk.merge("Lease", "leader", {"spec": {"renewTime": "2026-03-01T12:00:00Z"}})
    await talk.merge("Lease", "leader", {"spec": {"leaseDurationSeconds": 0}})
    await talk.merge("Lease", "leader", {"spec": {"holderIdentity": ""}})
    await talk.merge("Lease", "leader", {"spec": {"holderIdentity": None}})
    live = await talk.get("Lease", "leader")
    await talk.delete("Lease", "leader")
    await talk.put(live)
    await talk.put({**live, "metadata": {"name": "leader"}})
    await talk.apply({**a_lease(holderIdentity="d"), "metadata": {"name": "other", "resourceVersion": "1"}})


@story
async def events(talk: Conversation) -> None:
    about = {"apiVersion": "v1", "kind": "Namespace", "name": talk.namespace, "namespace": talk.namespace}
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "one", "namespace": talk.namespace},
        "eventTime": "2026-03-01T12:00:00.000000Z",
        "reportingController": "gco-stream",
        "reportingInstance": "me",
        "action": "Reconcile",
        "reason": "Tested",
        "type": "Normal",
        "note": "text",
        "regarding": about,
    }
    await talk.create(event)
    await talk.get("Event")
    await talk.create({**event, "metadata": {"name": "two"}, "eventTime": None})


@story
async def scaling(talk: Conversation) -> None:
    await talk.apply(a_deployment(replicas=2), "gco-stream")
    await talk.merge("Deployment", "llama", {"spec": {"replicas": 3}}, subresource="scale", fieldManager="hpa")
    await talk.get("Deployment", "llama")
    await talk.apply(a_deployment(replicas=2), "gco-stream", force=False)
    await talk.apply(a_deployment(replicas=2), "gco-stream")
    bare = a_deployment()
    del bare["spec"]["replicas"]
    only = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "llama"}, "spec": {"replicas": 2}}
    await talk.apply(only, "gco-stream-replicas", force=False)
    await talk.apply({**only, "spec": {"replicas": 5}}, "gco-stream-replicas", force=False)
    await talk.apply(bare, "gco-stream")
    await talk.merge("Deployment", "llama", {"spec": {"replicas": 4}}, subresource="scale", fieldManager="hpa")
    await talk.apply(bare, "gco-stream")


@story
async def the_status(talk: Conversation) -> None:
    await talk.create(an_ingress())
    balancer = {"loadBalancer": {"ingress": [{"hostname": "alb.example.com"}]}}
    await talk.merge("Ingress", "llama", {"status": balancer})
    await talk.merge("Ingress", "llama", {"status": balancer}, subresource="status", fieldManager="alb")
    await talk.merge(
        "Ingress",
        "llama",
        {"metadata": {"labels": {"a": "b"}}, "spec": {"rules": []}},
        subresource="status",
        fieldManager="alb",
    )
    live = await talk.get("Ingress", "llama")
    await talk.put({**live, "status": {"loadBalancer": {}}})
    await talk.put({**live, "status": {"loadBalancer": {}}}, subresource="status")
    await talk.apply({**an_ingress(), "status": balancer})


@story
async def dry_runs(talk: Conversation) -> None:
    await talk.create(a_service("other"), dryRun="All")
    await talk.get("Service", "other")
    await talk.apply(an_ingress())
    await talk.apply(an_ingress(labels={"a": "b"}), dryRun="All")
    await talk.get("Ingress", "llama")
