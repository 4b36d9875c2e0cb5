"""Watches the objects of one kind: the list and what follows it in one stream of lines.

Nothing is kept but projections: each line is decoded, projected and dropped, so that a thousand objects cost what one
does. Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

from aiohttp import StreamReader

from gco_stream.core.mirror import Listed, Reached, Shown, Vanished, WatchEvent
from gco_stream.core.models import Manifest
from gco_stream.core.projection import project
from gco_stream.errors import StreamGap, Transient
from gco_stream.shell.kubernetes_api import KubernetesApi

# The server sends a bookmark each minute, so a connection on which nothing came for longer is dead.
SILENCE = timedelta(seconds=75)
_SHORTEST, _LONGEST = 300, 600
_INITIAL_EVENTS_END = "k8s.io/initial-events-end"


async def watch(
    api: KubernetesApi, collection: str, *, kind: str, since: str | None, silence: timedelta = SILENCE
) -> AsyncGenerator[WatchEvent, None]:
    """Follow the objects of one collection until the server ends it, which it does every few minutes.

    Args:
        collection: The path of all objects of one kind in a namespace.
        kind: What they are; items of a watch do not always say so themselves.
        since: The version to go on from; None lists everything first, which comes as one ``Listed``.
        silence: How long nothing may come.

    Raises:
        StreamGap: The version is too old, or the server is silent about it, as about one that it has yet to reach (its
            database was restored from a backup): list anew.
        Transient: The server could not be reached, answered otherwise, or fell silent during a list.
    """
    listed: dict[str, Manifest] | None = {} if since is None else None
    longest = random.randint(_SHORTEST, _LONGEST)  # noqa: S311 - so that not all watches end together
    async with api.stream(collection, query=_query(since, longest), longest=longest + 30.0) as content:
        async for line in _lines(content, silence.total_seconds(), since):
            event, ends_list = _decode(line, kind)
            if listed is None:
                yield event
            elif isinstance(event, Reached) and ends_list:
                yield Listed(tuple(listed.values()), event.version)
                listed = None
            else:
                _add(listed, event)
    if listed is not None:
        raise Transient("watch: it ended before its list was complete")


def _add(listed: dict[str, Manifest], event: WatchEvent) -> None:
    """Take an object into a list, or out of it: changes go on while a list is under way, and are part of it."""
    match event:
        case Shown(projection):
            listed[projection["metadata"]["name"]] = projection
        case Vanished(projection):
            listed.pop(projection["metadata"]["name"], None)


def _query(since: str | None, longest: int) -> dict[str, str]:
    start = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    return {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": str(longest),
        **(start if since is None else {"resourceVersion": since}),
    }


def _decode(line: bytes, kind: str) -> tuple[WatchEvent, bool]:
    """Read one line, and whether it ends the list that a watch begins with."""
    try:
        event = json.loads(line)
        change, content = event["type"], event["object"]
        version = "" if change == "ERROR" else content["metadata"]["resourceVersion"]
    except (ValueError, KeyError, TypeError) as error:
        raise Transient("watch: a line that is no event") from error
    match change:
        case "ADDED" | "MODIFIED":
            return Shown(project({**content, "kind": kind})), False
        case "DELETED":
            return Vanished(project({**content, "kind": kind})), False
        case "BOOKMARK":
            annotations = content["metadata"].get("annotations") or {}
            return Reached(version), annotations.get(_INITIAL_EVENTS_END) == "true"
        case _:
            raise _error(content if isinstance(content, Mapping) else {})


def _error(status: Mapping[str, Any]) -> StreamGap | Transient:
    message = f"watch: {status.get('message') or status.get('reason') or 'an error without a word'}"
    return StreamGap(message) if status.get("code") == 410 else Transient(message)


async def _lines(content: StreamReader, silence: float, since: str | None) -> AsyncIterator[bytes]:
    """Cut the answer into lines of any length; aiohttp's own reader gives up on long ones."""
    rest, is_silent = bytearray(), True
    while True:
        try:
            async with asyncio.timeout(silence):
                chunk = await content.readany()
        except TimeoutError as error:
            message = f"watch: nothing came for {silence:g} s"
            is_about_place = is_silent and since is not None
            raise (StreamGap(f"{message} from {since} on") if is_about_place else Transient(message)) from error
        if not chunk:
            return
        is_silent = False
        rest += chunk
        if b"\n" not in chunk:
            continue
        *lines, tail = bytes(rest).split(b"\n")
        rest = bytearray(tail)
        for line in lines:
            if line.strip():
                yield line
