"""The cluster as somebody with kubectl has it: looking at everything, and changing things by hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from gco_stream.core.models import Manifest
from gco_stream.errors import Conflict
from gco_stream.sandbox import Sandbox
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_api import KubernetesApi
from gco_stream.shell.kubernetes_library import Configuration, config

_PATIENCE = timedelta(seconds=10)
_SHOWN = ("Deployment", "Service", "Ingress", "Pod")
_PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Service": "/api/v1/namespaces/{}/services",
}
EDITOR = "kubectl-edit"
"""The field manager that kubectl gives to changes by ``kubectl edit``."""


class Cluster:
    """One namespace."""

    def __init__(self, sandbox: Sandbox, api: KubernetesApi, namespace: str) -> None:
        self._sandbox = sandbox
        self._api = api
        self._namespace = namespace

    def objects(self) -> Sequence[Manifest]:
        """Look at what can be seen of endpoints: Deployments, Services, Ingresses and pods."""
        return [live for kind in _SHOWN for live in self._sandbox.store.listed(kind, self._namespace)]

    async def edit(self, kind: str, name: str, path: str, value: Any) -> None:
        """Change one field of a Deployment or a Service by hand.

        Args:
            path: A JSON pointer to a field that exists.
        """
        patch = [{"op": "replace", "path": path, "value": value}]
        answer = await self._api.request("PATCH", self._path(kind, name), query={"fieldManager": EDITOR}, body=patch)
        if answer is None:
            raise Conflict(f"there is no {kind} {name} to edit")

    async def delete(self, kind: str, name: str) -> None:
        """Delete a Deployment or a Service by hand."""
        await self._api.request("DELETE", self._path(kind, name))

    def _path(self, kind: str, name: str) -> str:
        return f"{_PATHS[kind].format(self._namespace)}/{name}"


@asynccontextmanager
async def open_cluster(sandbox: Sandbox, namespace: str) -> AsyncIterator[Cluster]:
    """Connect to the sandbox as everybody does."""
    configuration = Configuration()
    await config.load_kube_config(config_file=str(sandbox.kubeconfig), client_configuration=configuration)
    async with Connection(configuration) as connection:
        yield Cluster(sandbox, KubernetesApi(connection, timeout=_PATIENCE), namespace)
