"""What is used of kubernetes-asyncio: where the API server is, who we are, and connections that trust it.

Importing the package the usual way loads its 767 typed models and 60 API classes, of which nothing is used here: a
third of a second of each start, and 34 MiB for as long as the process lives. So its two package files are passed over,
and the modules behind them are imported as they are.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

_PACKAGE, _CLIENT = "kubernetes_asyncio", "kubernetes_asyncio.client"


def _empty(name: str, within: list[str] | None) -> ModuleType:
    """Make a package in which modules are found, but whose own file is not run."""
    spec = PathFinder.find_spec(name, within)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return module_from_spec(spec)


@contextmanager
def _passed_over() -> Iterator[ModuleType]:
    """Let the packages be empty until the end of the block; whoever imports them later gets them whole."""
    package = _empty(_PACKAGE, None)
    client = _empty(_CLIENT, list(package.__path__))
    sys.modules |= {_PACKAGE: package, _CLIENT: client}
    try:
        yield client
    finally:
        del sys.modules[_PACKAGE], sys.modules[_CLIENT]


def _load() -> tuple[Any, Any, Any]:
    if _CLIENT in sys.modules:
        whole, config = sys.modules[_CLIENT], import_module(f"{_PACKAGE}.config")
        return whole.Configuration, import_module(f"{_CLIENT}.rest").RESTClientObject, config
    with _passed_over() as client:
        configuration = import_module(f"{_CLIENT}.configuration").Configuration
        # Named by those who read configurations, for what is not used here.
        vars(client).update(Configuration=configuration, ApiClient=None)
        return configuration, import_module(f"{_CLIENT}.rest").RESTClientObject, import_module(f"{_PACKAGE}.config")


if TYPE_CHECKING:
    from kubernetes_asyncio import config
    from kubernetes_asyncio.client import Configuration
    from kubernetes_asyncio.client.rest import RESTClientObject
else:
    Configuration, RESTClientObject, config = _load()

__all__ = ["Configuration", "RESTClientObject", "config"]
