"""Watches: the changes of a collection as lines, for as long as somebody listens.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gco_stream.sandbox.answers import only_metadata
from gco_stream.sandbox.routes import Route
from gco_stream.sandbox.store.errors import ApiError, Cause, bad_request, forbidden_value, invalid
from gco_stream.sandbox.store.kinds import Resource
from gco_stream.sandbox.store.selectors import Selector
from gco_stream.sandbox.store.store import Store

Object = dict[str, Any]

_BETWEEN_BOOKMARKS = 60.0
_LAST_BOOKMARK = 2.0
_LONGEST = 1800.0
_INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a watch is asked for.

    Attributes:
        since: The version to go on from; None shows first what is there.
        seconds: How long it lasts.
        has_bookmarks: Whether versions are told where nothing happens.
        ends_list: Whether the end of what is there is told.
        is_thin: Whether only metadata are wanted.
    """

    since: int | None
    seconds: float
    has_bookmarks: bool
    ends_list: bool
    is_thin: bool

    @staticmethod
    def read(resource: Resource, query: Mapping[str, str], *, is_thin: bool) -> "Wanted":
        """Read the query of a watch.

        Raises:
            ApiError: It asks for what there is not.
        """
        is_list = query.get("sendInitialEvents") == "true"
        match = query.get("resourceVersionMatch", "")
        if is_list and match != "NotOlderThan":
            why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            raise invalid_options(resource, forbidden_value("resourceVersionMatch", why))
        version = version_in(query)
        has_bookmarks = query.get("allowWatchBookmarks") == "true"
        return Wanted(
            since=None if is_list or not version else version,
            seconds=float(query.get("timeoutSeconds") or _LONGEST),
            has_bookmarks=has_bookmarks,
            ends_list=is_list and has_bookmarks,
            is_thin=is_thin,
        )


def version_in(query: Mapping[str, str]) -> int:
    """Read the version in a query; 0 where none is said.

    Raises:
        ApiError: It is no number.
    """
    said = query.get("resourceVersion") or "0"
    if not said.isdigit():
        why = f"Invalid value: {json.dumps(said)}: strconv.ParseUint: parsing {json.dumps(said)}: invalid syntax"
        raise bad_request(f"invalid resource version: resourceVersion: {why}")
    return int(said)


def invalid_options(resource: Resource, cause: Cause) -> ApiError:
    """The query of a list or of a watch is not valid."""
    error = invalid(resource, "", [cause])
    error.status["message"] = f'ListOptions.meta.k8s.io "" is invalid: {cause["field"]}: {cause["message"]}'
    error.status["details"] |= {"group": "meta.k8s.io", "kind": "ListOptions"}
    return error


class Watch:
    """One watch."""

    def __init__(self, store: Store, route: Route, wanted: Wanted, is_selected: Selector) -> None:
        self._store = store
        self._route = route
        self._wanted = wanted
        self._is_selected = is_selected
        self._changed = asyncio.Event()
        self._at = store.version if wanted.since is None else wanted.since

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield the events, each as a line, until the time is over or the place is lost."""
        notify: Callable[[], None] = self._changed.set
        self._store.listeners.append(notify)
        try:
            for line in self._first():
                yield line
            async for line in self._following():
                yield line
        except ApiError as error:
            yield _line("ERROR", error.status)
        finally:
            self._store.listeners.remove(notify)

    def _first(self) -> list[bytes]:
        if self._wanted.since is not None:
            return []
        there = self._store.listed(self._route.resource.kind, self._route.namespace)
        lines = [self._shown("ADDED", live) for live in there if self._is_selected(live)]
        return [*lines, self._bookmark(_INITIAL_EVENTS_END)] if self._wanted.ends_list else lines

    async def _following(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._wanted.seconds
        next_bookmark = min(loop.time() + _BETWEEN_BOOKMARKS, end - _LAST_BOOKMARK)
        while (now := loop.time()) < end:
            for line in self._new():
                yield line
            if self._wanted.has_bookmarks and now >= next_bookmark:
                next_bookmark = now + _BETWEEN_BOOKMARKS if now + _BETWEEN_BOOKMARKS < end else end
                yield self._bookmark()
            await self._wait((next_bookmark if self._wanted.has_bookmarks else end) - now)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    def _new(self) -> list[bytes]:
        kind = self._route.resource.kind
        changes = list(self._store.history.since(self._at, kind, self._route.namespace))
        self._at = max(self._at, self._store.version)
        seen = [change.seen_by(self._is_selected) for change in changes]
        return [self._shown(*event) for event in seen if event is not None]

    def _shown(self, kind: str, live: Object) -> bytes:
        return _line(kind, only_metadata(live) if self._wanted.is_thin else live)

    def _bookmark(self, annotations: Mapping[str, str] | None = None) -> bytes:
        metadata: Object = {"resourceVersion": str(self._at), "creationTimestamp": None}
        metadata |= {"annotations": dict(annotations)} if annotations else {}
        resource = self._route.resource
        return _line("BOOKMARK", {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata})


def _line(kind: str, content: Object) -> bytes:
    return json.dumps({"type": kind, "object": content}, separators=(",", ":")).encode() + b"\n"
