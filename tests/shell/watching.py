"""Watches on a server that streams what it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from gco_stream.core.mirror import Listed, Reached, Shown, Vanished, WatchEvent
from gco_stream.errors import GcoStreamError
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_api import KubernetesApi
from gco_stream.shell.kubernetes_library import Configuration
from gco_stream.shell.watch import watch
from tests.builders import a_live, an_endpoint, deployment_of
from tests.shell.servers import Reply, Server

PATH = "/apis/apps/v1/namespaces/ns/deployments"


def an_object(name: str = "llama", *, version: int = 5, variable: str = "x") -> dict[str, Any]:
    live = a_live(deployment_of(an_endpoint(name, env={"A": variable})))
    live["metadata"] |= {"resourceVersion": str(version), "uid": f"uid-of-{name}"}
    # What a watch sends does not always say what it is.
    return {key: value for key, value in live.items() if key not in ("apiVersion", "kind")}


def line(change: str, content: Any) -> bytes:
    return json.dumps({"type": change, "object": content}).encode() + b"\n"


def bookmark(version: int, *, ends_list: bool = False) -> bytes:
    annotations = {"annotations": {"k8s.io/initial-events-end": "true"}} if ends_list else {}
    return line("BOOKMARK", {"kind": "Deployment", "metadata": {"resourceVersion": str(version), **annotations}})


def error(code: int, message: str = "it went wrong") -> bytes:
    return line("ERROR", {"kind": "Status", "status": "Failure", "message": message, "code": code})


def streams(*chunks: bytes, seconds: float = 0.0, pause: float = 0.0) -> Reply:
    """Send chunks one by one, and end the answer properly after some more seconds."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(pause)
        await asyncio.sleep(seconds)
        return response

    return reply


@asynccontextmanager
async def events_of(
    server: Server, *, since: str | None = "10", silence: float = 5.0, timeout: float = 5.0
) -> AsyncIterator[AsyncIterator[WatchEvent]]:
    async with Connection(Configuration(host=server.url)) as client:
        api = KubernetesApi(client, timeout=timedelta(seconds=timeout))
        events = watch(api, PATH, kind="Deployment", since=since, silence=timedelta(seconds=silence))
        async with aclosing(events):
            yield events


async def taken(server: Server, *replies: Reply, since: str | None = "10") -> list[WatchEvent]:
    """Everything that a watch shows until the server ends it."""
    server.will(*replies)
    async with events_of(server, since=since) as events:
        return [event async for event in events]


async def failing(server: Server, reply: Reply, *, since: str | None = "10") -> tuple[list[WatchEvent], GcoStreamError]:
    """What a watch shows before it fails, and how it fails."""
    server.will(reply)
    seen: list[WatchEvent] = []
    try:
        async with events_of(server, since=since) as events:
            async for event in events:
                seen.append(event)  # noqa: PERF401 - a comprehension would lose them with the error
    except GcoStreamError as failure:
        return seen, failure
    pytest.fail(f"ended without an error, after {shape(seen)}")


def shape(events: Sequence[WatchEvent]) -> list[tuple[str, str]]:
    """Kinds of events with the versions that they speak of."""
    return [(type(event).__name__, version_in(event)) for event in events]


def version_in(event: WatchEvent) -> str:
    match event:
        case Listed(version=version) | Reached(version=version):
            return version
        case Shown(projection) | Vanished(projection):
            return str(projection["metadata"]["resourceVersion"])
