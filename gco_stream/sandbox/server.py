"""The API server of the sandbox over HTTP: reads requests, asks the store, writes answers.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import yaml
from aiohttp import web

from gco_stream.sandbox.answers import Lists, deleted, only_metadata, scale_of, too_large, wants_metadata
from gco_stream.sandbox.discovery import discovered
from gco_stream.sandbox.routes import Route, read_path
from gco_stream.sandbox.store.errors import ApiError, bad_request, not_done
from gco_stream.sandbox.store.requests import Deletion, Write
from gco_stream.sandbox.store.selectors import selector
from gco_stream.sandbox.store.store import Store
from gco_stream.sandbox.watches import Wanted, Watch, version_in

_APPLY, _MERGE, _JSON = "application/apply-patch+yaml", "application/merge-patch+json", "application/json-patch+json"
_LARGEST = 3 * 1024 * 1024

Answer = tuple[int, dict[str, Any]]


class ApiServer:
    """Answers requests about the objects of one store.

    Whoever has the token may do everything. Clients written in Go send none where there is no TLS, so that it may also
    be the first part of the path, as that of a proxy.
    """

    def __init__(self, store: Store, *, token: str) -> None:
        self._store = store
        self._token = token
        self._lists = Lists()
        self._verbs: dict[str, Callable[[web.Request, Route], Awaitable[Answer]]] = {
            "GET": self._read,
            "POST": self._create,
            "PUT": self._update,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }

    def application(self) -> web.Application:
        """Make the web application."""
        application = web.Application(client_max_size=_LARGEST)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            path = self._authorized(request)
            found = await discovered(request, path)
            if found is not None:
                return found
            route = read_path(path)
            if request.method == "GET" and request.query.get("watch") in ("true", "1"):
                return await self._watch(request, route)
            code, answer = await self._verb(request.method)(request, route)
        except ApiError as error:
            code, answer = error.code, error.status
        return web.json_response(answer, status=code)

    def _verb(self, method: str) -> Callable[[web.Request, Route], Awaitable[Answer]]:
        if method not in self._verbs:
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        return self._verbs[method]

    def _authorized(self, request: web.Request) -> str:
        """See that a request has the token, in its head or first in its path, and return the path without it."""
        prefix = f"/{self._token}"
        if request.path.startswith(f"{prefix}/"):
            return request.path.removeprefix(prefix)
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            raise ApiError(401, "Unauthorized", "Unauthorized")
        return request.path

    async def _read(self, request: web.Request, route: Route) -> Answer:
        is_thin = wants_metadata(request.headers.get("Accept", ""))
        if not route.name:
            return 200, self._list(request, route, is_thin=is_thin)
        live = self._store.get(route.place)
        if route.subresource == "scale":
            return 200, scale_of(live)
        return 200, only_metadata(live) if is_thin else live

    def _list(self, request: web.Request, route: Route, *, is_thin: bool) -> dict[str, Any]:
        query = request.query
        limit = int(query.get("limit") or 0)
        if query.get("continue"):
            return self._lists.next_page(route.resource, query["continue"], limit, is_thin=is_thin)
        wanted = version_in(query)
        if query.get("resourceVersionMatch") == "Exact":
            raise not_done("a list exactly as it was at a version")
        if wanted > self._store.version:
            raise too_large(wanted, self._store.version)
        is_selected = selector(query.get("labelSelector", ""), query.get("fieldSelector", ""))
        items = [live for live in self._store.listed(route.resource.kind, route.namespace) if is_selected(live)]
        # From its cache a server answers everything at once.
        most = 0 if query.get("resourceVersion") == "0" else limit
        return self._lists.page(route.resource, items, str(self._store.version), most, is_thin=is_thin)

    async def _watch(self, request: web.Request, route: Route) -> web.StreamResponse:
        wanted = Wanted.read(route.resource, request.query, is_thin=wants_metadata(request.headers.get("Accept", "")))
        labels, fields = request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
        if route.name:
            fields = ",".join(filter(None, (fields, f"metadata.name={route.name}")))
        watch = Watch(self._store, route, wanted, selector(labels, fields))
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        # Who follows it may hang up at any moment.
        with suppress(ConnectionResetError):
            async for line in watch.lines():
                await response.write(line)
            await response.write_eof()
        return response

    async def _create(self, request: web.Request, route: Route) -> Answer:
        if route.name:
            raise not_done(f"a POST to {request.path}")
        return 201, self._store.create(route.place, await _body(request), _write(request, route))

    async def _update(self, request: web.Request, route: Route) -> Answer:
        body, write = await _body(request), _write(request, route)
        if route.subresource == "scale":
            return 200, self._scaled(route, body, write)
        after, is_new = self._store.update(route.place, body, write)
        return (201 if is_new else 200), after

    def _scaled(self, route: Route, body: Any, write: Write) -> dict[str, Any]:
        replicas = (body.get("spec") or {}).get("replicas", 0) if isinstance(body, dict) else None
        if not isinstance(replicas, int):
            raise bad_request("spec.replicas must be a whole number")
        return scale_of(self._store.scale(route.place, replicas, write))

    async def _patch(self, request: web.Request, route: Route) -> Answer:
        body, write, kind = await _body(request), _write(request, route), request.content_type
        if kind not in (_APPLY, _MERGE, _JSON):
            raise not_done(f"a patch of the type {kind}")
        if route.subresource == "scale":
            if kind != _MERGE:
                raise not_done(f"a patch of the type {kind} of a scale")
            return 200, self._scaled(route, body, write)
        if kind == _APPLY:
            if not write.manager:
                raise bad_request(
                    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
                )
            after, is_new = self._store.apply(route.place, body, write)
            return (201 if is_new else 200), after
        if isinstance(body, list) != (kind == _JSON):
            raise bad_request(f"the body is no patch of the type {kind}")
        return 200, self._store.patch(route.place, body, write)

    async def _delete(self, request: web.Request, route: Route) -> Answer:
        if not route.name:
            raise not_done("the deletion of a whole collection")
        if route.resource.kind == "Namespace":
            raise not_done("the deletion of a namespace")
        options = await _body(request) if request.can_read_body else {}
        policy = options.get("propagationPolicy") or request.query.get("propagationPolicy") or "Background"
        if policy != "Background":
            raise not_done(f"a deletion with the propagation policy {policy}")
        if options.get("dryRun") or request.query.get("dryRun"):
            raise not_done("a dry run of a deletion")
        live = self._store.delete(route.place, Deletion.read(options))
        is_gone = self._store.find(route.place) is None
        return 200, deleted(route.resource, live) if is_gone and not route.resource.shows_deleted else live


def _write(request: web.Request, route: Route) -> Write:
    query = request.query
    is_apply = request.content_type == _APPLY
    agent = "" if is_apply else request.headers.get("User-Agent", "").partition("/")[0]
    return Write(
        manager=query.get("fieldManager") or agent or ("" if is_apply else "unknown"),
        subresource=route.subresource,
        force=query.get("force") == "true",
        is_dry_run=query.get("dryRun") == "All",
    )


async def _body(request: web.Request) -> Any:
    text = await request.text()
    try:
        # An apply may be YAML, of which JSON is a part that is read a hundred times faster.
        return json.loads(text)
    except ValueError as error:
        if request.content_type != _APPLY:
            raise bad_request(f"the object provided is unrecognized: {error}") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {error}") from error
