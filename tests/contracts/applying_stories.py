"""What is asked of both API servers by applying: whose fields are whose, and what becomes of them."""

from typing import Any

from tests.contracts.conversations import Conversation
from tests.contracts.request_stories import STORIES, story
from tests.contracts.small_manifests import a_deployment, a_service, an_ingress

__all__ = ["STORIES"]


@story
async def applying(talk: Conversation) -> None:
    await talk.apply(a_service())
    await talk.apply(a_service())
    await talk.get("Service", "llama")
    await talk.apply(a_service(selector={"app": "other"}), "other", force=False)
    await talk.apply(a_service(selector={"app": "other"}), "other")
    await talk.apply({**a_service(), "metadata": {"name": "llama"}})
    await talk.apply({**a_service(), "metadata": {"name": "llama", "annotations": {"a": "1"}}})
    await talk.get("Service", "llama")


def of_pods(container: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [container]}}}}


@story
async def empty_values_under_other_hands(talk: Conversation) -> None:
    manifest = a_deployment()
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    container["env"] = [{"name": "EMPTY", "value": ""}, {"name": "FULL", "value": "1"}]
    container["args"] = []
    await talk.apply(manifest)
    await talk.merge("Deployment", "llama", {"metadata": {"labels": {"a": "b"}}}, fieldManager="other")
    await talk.apply(manifest)
    await talk.apply({**a_deployment(), "spec": {"replicas": 0}}, "other", force=False)
    theirs = {**container, "env": [{"name": "EMPTY", "value": "2"}]}
    await talk.merge("Deployment", "llama", of_pods(theirs), fieldManager="other")
    await talk.apply(manifest)
    await talk.merge("Deployment", "llama", of_pods({**container, "env": None}), fieldManager="other")
    await talk.apply(manifest)


@story
async def applying_what_is_meant(talk: Conversation) -> None:
    made = await talk.apply(an_ingress(resourceVersion="1"))
    await talk.apply(an_ingress(resourceVersion="1"))
    await talk.apply(an_ingress(uid=made["metadata"]["uid"]))
    await talk.apply(an_ingress(uid="11111111-1111-1111-1111-111111111111"))
    await talk.apply(an_ingress("other", uid="11111111-1111-1111-1111-111111111111"))
    await talk.apply(an_ingress(managedFields=[{"manager": "x"}]))
    await talk.ask(
        "PATCH",
        talk.path("Ingress", "other"),
        an_ingress(),
        content_type="application/apply-patch+yaml",
        fieldManager="x",
    )


@story
async def folding_owners(talk: Conversation) -> None:
    made = await talk.create(a_service(), fieldManager="old")
    (entry,) = made["metadata"]["managedFields"]
    folded = {**entry, "manager": "test", "operation": "Apply"}
    version = {"op": "replace", "path": "/metadata/resourceVersion", "value": made["metadata"]["resourceVersion"]}
    owners = {"op": "replace", "path": "/metadata/managedFields", "value": [folded]}
    await talk.patch("Service", "llama", owners, version)
    await talk.patch("Service", "llama", owners, version)
    manifest = a_service()
    del manifest["metadata"]["labels"]
    await talk.apply(manifest)
    await talk.patch("Service", "llama", {"op": "replace", "path": "/metadata/managedFields", "value": [{}]})
    await talk.apply(a_service())
