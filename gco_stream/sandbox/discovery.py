"""What an API server says of itself: that it is alive, which version it is, which kinds it knows."""

from collections.abc import Iterator
from typing import Any

from aiohttp import web

from gco_stream.sandbox.store.kinds import RESOURCES, Resource

VERSION: dict[str, Any] = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.1+gco-stream-sandbox",
    "platform": "sandbox",
}
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


async def discovered(request: web.Request, path: str) -> web.Response | None:
    """Answer a request that is about no object; None if it is about one."""
    path = path.rstrip("/")
    if path in ("/healthz", "/livez", "/readyz"):
        return web.Response(text="ok")
    if path == _REVIEW and request.method == "POST":
        # Whoever has the token may do everything.
        review: dict[str, Any] = {**(await request.json()), "status": {"allowed": True}}
        return web.json_response(review, status=201)
    told = _told(path)
    return None if told is None else web.json_response(told)


def _told(path: str) -> dict[str, Any] | None:
    if path == "/version":
        return VERSION
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(_groups())}
    version = path.removeprefix("/apis/").removeprefix("/api/")
    resources = [resource for resource in RESOURCES.values() if resource.api_version == version]
    if path.startswith("/api") and resources:
        listed = [one for resource in resources for one in _listed(resource)]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": listed}
    return None


def _groups() -> Iterator[dict[str, Any]]:
    for resource in {resource.group: resource for resource in RESOURCES.values() if resource.group}.values():
        version = {"groupVersion": resource.api_version, "version": resource.version}
        yield {"name": resource.group, "versions": [version], "preferredVersion": version}


def _listed(resource: Resource) -> Iterator[dict[str, Any]]:
    common = {"namespaced": resource.is_namespaced, "kind": resource.kind}
    singular = {"singularName": resource.kind.lower(), "shortNames": list(resource.short)}
    yield {"name": resource.plural, **singular, **common, "verbs": _VERBS}
    if resource.has_status:
        yield {"name": f"{resource.plural}/status", "singularName": "", **common, "verbs": ["get", "patch", "update"]}
    if resource.has_scale:
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale", "namespaced": True}
        yield {"name": f"{resource.plural}/scale", "singularName": "", **scale, "verbs": ["get", "patch", "update"]}
