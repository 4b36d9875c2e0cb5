"""How the server in the container is told its path, and where its health is asked for.

Pods and the load balancer must ask for health under the same path, so both take it from ``health_path``.
"""

from gco_stream.core.fields import is_health_path
from gco_stream.core.manifests.images import takes_root_path
from gco_stream.core.record import Endpoint
from gco_stream.errors import InvalidRecord, Problem

_FLAG = "--root-path"


def arguments(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the container's arguments: the user's, with the path added for servers that take one.

    A server behind the shared load balancer sees ``/inference/<name>/…``, because the path is not rewritten.
    Nothing is added where the user runs a command of their own, or says the path themselves.
    """
    spec = endpoint.spec
    if spec.command or not takes_root_path(spec.image) or _says_root_path(spec.args):
        return spec.args
    return (*spec.args, _FLAG, f"/inference/{endpoint.name}")


def health_path(endpoint: Endpoint) -> str:
    """Return the path under which the running server answers for its health."""
    prefix = _root_path((*endpoint.spec.command, *arguments(endpoint))).strip("/")
    return (f"/{prefix}" if prefix else "") + endpoint.spec.health_check_path


def check_health_path(endpoint: Endpoint) -> None:
    """Check the whole path of the health check, the server's own part of it included.

    One that a load balancer does not take stops its whole group.

    Raises:
        InvalidRecord: It cannot be asked for.
    """
    path = health_path(endpoint)
    if not is_health_path(path):
        expected = "must make a health path of characters that a URI may have, at most 1024 of them"
        raise InvalidRecord([Problem(f"spec.args ({_FLAG})", path, expected)])


def _says_root_path(args: tuple[str, ...]) -> bool:
    return any(arg == _FLAG or arg.startswith(f"{_FLAG}=") for arg in args)


def _root_path(args: tuple[str, ...]) -> str:
    for position, arg in enumerate(args):
        if arg.startswith(f"{_FLAG}="):
            return arg.partition("=")[2]
        if arg == _FLAG and position + 1 < len(args):
            return args[position + 1]
    return ""
