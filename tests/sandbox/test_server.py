"""What the sandbox's API server does by itself: refuses what it does not do, forgets, and asks for its token."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.contracts.conversations import Conversation
from tests.contracts.small_manifests import a_deployment, a_service, an_ingress
from tests.sandboxes import NAMESPACE, a_sandbox
from tests.world.eventually import eventually


@pytest_asyncio.fixture
async def talk() -> AsyncIterator[Conversation]:
    async with a_sandbox(keep=3) as (_, kubernetes):
        yield Conversation(kubernetes.session, NAMESPACE)


async def test_what_it_does_not_do_it_says(talk: Conversation) -> None:
    await talk.create(a_deployment())
    strategic = "application/strategic-merge-patch+json"

    await talk.delete("Deployment", "llama", propagationPolicy="Foreground")
    await talk.ask("DELETE", talk.path("Deployment"))
    await talk.ask("DELETE", talk.path("Namespace", NAMESPACE))
    await talk.ask("PATCH", talk.path("Deployment", "llama"), {}, content_type=strategic)
    await talk.get("Deployment", resourceVersion="1", resourceVersionMatch="Exact")
    await talk.create({**a_service("odd"), "spec": {"nonsense": True}})

    refusals = talk.answers[1:]
    assert [code for code, _ in refusals] == [501] * 6
    assert all(status["message"].startswith("the sandbox does not do this: ") for _, status in refusals)
    assert {status["reason"] for _, status in refusals} == {"NotImplemented"}


async def test_kinds_that_it_does_not_know_are_not_there(talk: Conversation) -> None:
    status = await talk.ask("GET", "/apis/batch/v1/namespaces/x/jobs")

    assert (status["code"], status["reason"]) == (404, "NotFound")


async def test_whoever_lacks_its_token_is_refused(talk: Conversation) -> None:
    headers = {"Authorization": "Bearer guessed"}
    async with talk.session.get(talk.path("Service"), headers=headers) as answer:
        status = await answer.json()

    assert (answer.status, status["message"]) == (401, "Unauthorized")


async def test_its_token_may_stand_in_the_path() -> None:
    async with (
        a_sandbox() as (sandbox, _),
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox.url}/{sandbox.token}/api/v1/namespaces") as answer,
    ):
        listed = await answer.json()

    assert [item["metadata"]["name"] for item in listed["items"]] == ["default", NAMESPACE]


async def test_a_watch_from_what_is_forgotten_is_told_so_by_its_only_event(talk: Conversation) -> None:
    first = await talk.create(a_service("a"))
    for name in "bcdef":
        await talk.create(a_service(name))

    (event,) = await talk.watch("Service", resourceVersion=first["metadata"]["resourceVersion"])

    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_a_watch_tells_where_it_is_before_it_ends(talk: Conversation) -> None:
    made = await talk.create(a_service())

    events = await talk.watch("Service", timeoutSeconds="1", allowWatchBookmarks="true")

    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK"]
    assert events[-1]["object"]["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_who_follows_may_hang_up(caplog: pytest.LogCaptureFixture) -> None:
    async with a_sandbox() as (sandbox, kubernetes):
        events = kubernetes.watch("Service")
        await kubernetes.create(a_service())
        await anext(events)

        await events.aclose()
        for number in range(3):
            await kubernetes.create(a_service(f"more-{number}"))
        await eventually(lambda: len(sandbox.store.listeners) == 1, what="only the simulator listening")

    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_list_that_is_read_too_late_has_to_begin_anew(talk: Conversation) -> None:
    for name in "ab":
        await talk.create(an_ingress(name))
    first = await talk.get("Ingress", limit="1")
    for _ in range(101):
        await talk.get("Ingress", limit="1")

    status = await talk.get("Ingress", **{"limit": "1", "continue": first["metadata"]["continue"]})

    assert (status["code"], status["reason"]) == (410, "Expired")


async def test_a_list_from_the_future_is_out_of_time(talk: Conversation) -> None:
    status = await talk.get("Service", resourceVersion="1000000")

    assert (status["code"], status["details"]["causes"][0]["reason"]) == (504, "ResourceVersionTooLarge")


async def test_metadata_alone_can_be_asked_for(talk: Conversation) -> None:
    await talk.create(a_service())
    accept = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}

    async with talk.session.get(talk.path("Service"), headers=accept) as answer:
        listed: Any = await answer.json()

    (item,) = listed["items"]
    assert (listed["kind"], item["kind"], "spec" in item) == (
        "PartialObjectMetadataList",
        "PartialObjectMetadata",
        False,
    )


async def test_nothing_is_left_of_it() -> None:
    async with a_sandbox() as (sandbox, _):
        folder, url = sandbox.kubeconfig.parent, sandbox.url
        assert json.loads(sandbox.kubeconfig.read_text())["clusters"][0]["cluster"]["server"].startswith(url)

    assert not folder.exists()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)
