"""The ``Leases`` port on a Kubernetes API server."""

from datetime import timedelta
from urllib.parse import quote

from gco_stream.core.leadership import LEASE_NAME, Lease, lease_manifest, read_lease
from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.errors import Conflict, Transient
from gco_stream.meters import Meters
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_api import KubernetesApi


class KubernetesLeases:
    """Reads and writes the Lease that says who leads.

    Nothing is sent twice by itself: who holds the Lease has its own rhythm, and time that passes counts.
    """

    def __init__(
        self, connection: Connection, *, namespace: str, timeout: timedelta, meters: Meters | None = None
    ) -> None:
        self._api = KubernetesApi(connection, timeout=timeout, meters=meters)
        self._namespace = namespace
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace)}/leases/{LEASE_NAME}"

    async def read(self) -> Lease | None:
        """Read the Lease; None if there is none."""
        found = await self._api.request_once("GET", self._path)
        return None if found is None else read_lease(found)

    async def write(self, lease: Lease) -> Lease:
        """Write the Lease if it is still as it was read, and return it as it then is.

        One that must not exist yet is created by an apply with a ``resourceVersion`` that no object can have: unlike a
        POST, a role can allow that for this one name.
        """
        manifest = lease_manifest(lease)
        if lease.version is None:
            manifest["metadata"]["resourceVersion"] = "1"
            query = {"fieldManager": FIELD_MANAGER, "force": "true"}
            written = await self._api.request_once("PATCH", self._path, query=query, body=manifest)
        else:
            query = {"fieldManager": FIELD_MANAGER}
            written = await self._api.request_once("PUT", self._path, query=query, body=manifest)
        if written is None and lease.version is not None:
            raise Conflict("the lease is gone")
        if written is None:
            raise Transient(f"there is no namespace {self._namespace} for the lease")
        return read_lease(written)
