"""What is asked of both API servers without writing: lists and watches."""

from tests.contracts.applying_stories import STORIES
from tests.contracts.conversations import Conversation
from tests.contracts.request_stories import story
from tests.contracts.small_manifests import an_event, an_ingress

__all__ = ["STORIES"]


@story
async def lists(talk: Conversation) -> None:
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "2", "y": ""}), ("c", {"y": "1"}), ("d", {})):
        await talk.create(an_ingress(name, labels=labels))
    for wanted in ("x=1", "x==2", "x!=1", "x in (1,2)", "x notin (1)", "x", "!x", "x,y", "x=1,y=2", "y="):
        listed = await talk.get("Ingress", labelSelector=wanted)
        talk.answers[-1] = (talk.answers[-1][0], [one["metadata"]["name"] for one in listed["items"]])
    await talk.get("Ingress", labelSelector="x in (")
    await talk.get("Ingress", fieldSelector="metadata.name=b")
    await talk.get("Ingress", fieldSelector="spec.nonsense=b")
    first = await talk.get("Ingress", limit="2")
    await talk.create(an_ingress("e"))
    token = first["metadata"]["continue"]
    del first["metadata"]["continue"]
    await talk.get("Ingress", **{"limit": "2", "continue": token})
    await talk.get("Ingress", limit="1", resourceVersion="0")
    await talk.get("Ingress", resourceVersion="nonsense")


@story
async def events_by_field(talk: Conversation) -> None:
    for name, about, controller in (
        ("a", "llama", "gco-stream"),
        ("b", "llama", "other"),
        ("c", "alpaca", "gco-stream"),
    ):
        await talk.create(an_event(name, talk.namespace, about=about, controller=controller))
    by = ("reportingController=gco-stream", "regarding.name=llama", "regarding.kind=Namespace", "reason!=Tried")
    for wanted in (*by, "reportingController=gco-stream,regarding.name=llama"):
        listed = await talk.get("Event", fieldSelector=wanted)
        talk.answers[-1] = (talk.answers[-1][0], [one["metadata"]["name"] for one in listed["items"]])


@story
async def watches(talk: Conversation) -> None:
    first = await talk.create(an_ingress("a", labels={"x": "1"}))
    since = first["metadata"]["resourceVersion"]
    await talk.create(an_ingress("b"))
    await talk.merge("Ingress", "a", {"metadata": {"labels": {"x": "2"}}})
    await talk.merge("Ingress", "a", {"metadata": {"labels": {"x": "1"}}})
    await talk.delete("Ingress", "a")
    await talk.watch("Ingress", resourceVersion=since)
    await talk.watch("Ingress", resourceVersion=since, labelSelector="x=1")
    await talk.watch("Ingress")
    begin = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    await talk.watch("Ingress", **begin)
    await talk.watch("Ingress", sendInitialEvents="true")
