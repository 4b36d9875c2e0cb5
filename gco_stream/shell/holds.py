"""The annotation by which people keep the controller from an endpoint, on a Kubernetes API server."""

from urllib.parse import quote

from gco_stream.core.holding import HOLD_MANAGER, holding, releasing
from gco_stream.core.models import EndpointName, Manifest
from gco_stream.errors import Conflict, Refused
from gco_stream.shell.kubernetes_api import KubernetesApi


class Holds:
    """Holds endpoints of one namespace, and releases them."""

    def __init__(self, api: KubernetesApi, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    async def hold(self, name: EndpointName, reason: str) -> None:
        """Hold an endpoint.

        Raises:
            InvalidRecord: There is nothing of it to hold.
            Conflict: Its Deployment was replaced in this moment.
        """
        wanted = holding(await self._read(name), name, reason)
        query = {"fieldManager": HOLD_MANAGER, "force": "true"}
        if await self._api.request("PATCH", self._path(name), query=query, body=wanted) is None:
            raise Conflict(f"the Deployment {name} went in this moment")

    async def release(self, name: EndpointName) -> bool:
        """End a hold, and return whether there was one.

        Raises:
            InvalidRecord: There is nothing of it that could be held.
            Conflict: Somebody else changed the hold in this moment.
        """
        patch = releasing(await self._read(name), name)
        if patch is None:
            return False
        try:
            await self._api.request("PATCH", self._path(name), query={"fieldManager": HOLD_MANAGER}, body=patch)
        except Refused as refused:
            # A test of a JSON patch that fails is answered like a patch that can never be applied.
            raise Conflict(f"somebody else changed the hold of {name} in this moment") from refused
        return True

    async def _read(self, name: EndpointName) -> Manifest | None:
        return await self._api.request("GET", self._path(name))

    def _path(self, name: EndpointName) -> str:
        return f"/apis/apps/v1/namespaces/{quote(self._namespace)}/deployments/{quote(name)}"
