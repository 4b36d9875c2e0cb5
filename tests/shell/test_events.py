"""Events as they are sent, and what is made of a server in trouble; that the API server takes them, ``e2e`` shows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gco_stream.core.events import Announcement
from gco_stream.errors import Denied, Refused, Transient
from gco_stream.shell.connection import Connection
from gco_stream.shell.events import KubernetesEvents
from gco_stream.shell.kubernetes_library import Configuration
from tests.builders import NAME, NOW
from tests.fakes.meters import FakeMeters
from tests.shell.servers import Reply, Server, hangs_up, says

pytestmark = [pytest.mark.process, pytest.mark.behaviour("B39")]


def an_announcement(**fields: Any) -> Announcement:
    plain: dict[str, Any] = {"about": NAME, "reason": "Withdrawn", "note": "no replica", "uid": "u-1", "at": NOW}
    return Announcement(**plain | fields)


@asynccontextmanager
async def asking(server: Server, meters: FakeMeters | None = None) -> AsyncIterator[KubernetesEvents]:
    async with Connection(Configuration(host=server.url)) as api:
        yield KubernetesEvents(api, namespace="ns", instance="pod-" + "x" * 200, meters=meters)


async def sent(server: Server, announcement: Announcement) -> dict[str, Any]:
    server.will(says({"kind": "Event"}, status=201))
    async with asking(server) as events:
        await events.write(announcement)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/apis/events.k8s.io/v1/namespaces/ns/events")
    body: dict[str, Any] = asked.body
    return body


async def test_an_event_stands_beside_its_deployment(server: Server) -> None:
    event = await sent(server, an_announcement(is_warning=True))

    assert event["regarding"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "llama",
        "namespace": "ns",
        "uid": "u-1",
    }
    assert (event["type"], event["reason"], event["note"]) == ("Warning", "Withdrawn", "no replica")


async def test_without_a_deployment_it_stands_beside_the_namespace(server: Server) -> None:
    event = await sent(server, an_announcement(uid=None))

    assert event["regarding"] == {"apiVersion": "v1", "kind": "Namespace", "name": "ns", "namespace": "ns"}
    assert (event["type"], event["note"]) == ("Normal", "llama: no replica")


async def test_an_event_says_who_tells_it_within_what_the_server_takes(server: Server) -> None:
    event = await sent(server, an_announcement())

    assert event["reportingController"] == "gco-stream"
    assert len(event["reportingInstance"]) == 128
    assert event["metadata"] == {"generateName": "gco-stream-", "namespace": "ns"}
    assert event["eventTime"] == "2026-03-01T12:00:00.000000+00:00"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (hangs_up(), Transient),
        (says("overloaded", status=503), Transient),
        (says({"kind": "Status", "reason": "Forbidden"}, status=403), Denied),
        (says({"kind": "Status", "reason": "Invalid", "message": "too long"}, status=422), Refused),
        (says({"kind": "Status", "reason": "NotFound"}, status=404), Transient),
    ],
)
async def test_what_fails_is_sent_once(server: Server, reply: Reply, error: type[Exception]) -> None:
    server.will(reply)

    async with asking(server) as events:
        with pytest.raises(error):
            await events.write(an_announcement())

    assert len(server.asked) == 1


async def test_requests_are_counted_with_their_code_and_host(server: Server) -> None:
    meters = FakeMeters()
    server.will(says({"kind": "Event"}, status=201), says("overloaded", status=503), hangs_up())

    async with asking(server, meters) as events:
        await events.write(an_announcement())
        for _ in range(2):
            with pytest.raises(Transient):
                await events.write(an_announcement())

    host = server.url.removeprefix("http://")
    assert meters.answers == [("POST", "201", host), ("POST", "503", host), ("POST", "<error>", host)]
