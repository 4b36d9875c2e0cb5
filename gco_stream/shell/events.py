"""The ``Events`` port on a Kubernetes API server.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from kubernetes_asyncio.client import ApiClient

from gco_stream.core.events import Announcement
from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.errors import Transient
from gco_stream.meters import Meters
from gco_stream.shell.kubernetes_api import KubernetesApi

_TIMEOUT = timedelta(seconds=5)
# Of the object's name, which every API server cuts in its own way; Kubernetes takes 128.
_LONGEST_INSTANCE = 128


class KubernetesEvents:
    """Writes Events into one namespace; each is sent once, whatever comes of it."""

    def __init__(self, client: ApiClient, *, namespace: str, instance: str, meters: Meters | None = None) -> None:
        self._api = KubernetesApi(client, timeout=_TIMEOUT, meters=meters)
        self._namespace = namespace
        self._instance = instance[:_LONGEST_INSTANCE]

    async def write(self, announcement: Announcement) -> None:
        """Write one Event."""
        path = f"/apis/events.k8s.io/v1/namespaces/{quote(self._namespace)}/events"
        if await self._api.request_once("POST", path, body=self._manifest(announcement)) is None:
            raise Transient(f"there is no namespace {self._namespace}")

    def _manifest(self, announcement: Announcement) -> dict[str, Any]:
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"generateName": f"{FIELD_MANAGER}-", "namespace": self._namespace},
            "eventTime": announcement.at.isoformat(timespec="microseconds"),
            "reportingController": FIELD_MANAGER,
            "reportingInstance": self._instance,
            "action": "Reconcile",
            "reason": announcement.reason,
            "type": "Warning" if announcement.is_warning else "Normal",
            "note": announcement.text,
            "regarding": self._regarding(announcement),
        }

    def _regarding(self, announcement: Announcement) -> dict[str, str]:
        """Name the Deployment, or the namespace where there is none; an Event must be about something inside of it."""
        if announcement.uid is None or announcement.about is None:
            return {"apiVersion": "v1", "kind": "Namespace", "name": self._namespace, "namespace": self._namespace}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": announcement.about,
            "namespace": self._namespace,
            "uid": announcement.uid,
        }
