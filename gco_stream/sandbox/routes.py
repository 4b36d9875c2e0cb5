"""Which object, or which collection, a path of the API is about."""

from dataclasses import dataclass

from gco_stream.sandbox.store.errors import ApiError
from gco_stream.sandbox.store.kinds import BY_PATH, Resource
from gco_stream.sandbox.store.requests import Place

_SUBRESOURCES = ("status", "scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a path is about.

    Attributes:
        namespace: Empty for kinds that have none; None for all namespaces.
        name: Empty for a collection.
        subresource: ``status``, ``scale``, or empty.
    """

    resource: Resource
    namespace: str | None
    name: str = ""
    subresource: str = ""

    @property
    def place(self) -> Place:
        """The one object; with an empty name where there is none yet."""
        return Place(resource=self.resource, namespace=self.namespace or "", name=self.name)


def read_path(path: str) -> Route:
    """Read a path such as ``/apis/apps/v1/namespaces/default/deployments/llama/status``.

    Raises:
        ApiError: 404, there is nothing of that kind.
    """
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"]:
        version, rest = "/".join(parts[1:2]), parts[2:]
    else:
        version, rest = "/".join(parts[1:3]), parts[3:]
    namespace: str | None = None
    if rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in _SUBRESOURCES:
        namespace, rest = rest[1], rest[2:]
    resource = BY_PATH.get((version, rest[0] if rest else ""))
    if resource is None or len(rest) > 3 or resource.is_namespaced < (namespace is not None):
        raise nothing_there()
    name, subresource = (*rest[1:], "", "")[:2]
    if (name and resource.is_namespaced and namespace is None) or not _has(resource, subresource):
        raise nothing_there()
    return Route(
        resource=resource,
        namespace=namespace if resource.is_namespaced else "",
        name=name,
        subresource=subresource,
    )


def nothing_there() -> ApiError:
    """The server knows no such path."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def _has(resource: Resource, subresource: str) -> bool:
    return {"": True, "status": resource.has_status, "scale": resource.has_scale}.get(subresource, False)
