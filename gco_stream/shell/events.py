"""The ``Events`` port on a Kubernetes API server, and what stands there to be read.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from gco_stream.core.events import Announcement
from gco_stream.core.findings import PastEvent
from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.models import EndpointName
from gco_stream.core.times import time_of
from gco_stream.errors import Transient
from gco_stream.meters import Meters
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_api import KubernetesApi

_TIMEOUT = timedelta(seconds=5)
# Of the object's name, which every API server cuts in its own way; Kubernetes takes 128.
_LONGEST_INSTANCE = 128


class KubernetesEvents:
    """Writes Events into one namespace; each is sent once, whatever comes of it."""

    def __init__(self, connection: Connection, *, namespace: str, instance: str, meters: Meters | None = None) -> None:
        self._api = KubernetesApi(connection, timeout=_TIMEOUT, meters=meters)
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


async def events_about(api: KubernetesApi, namespace: str, name: EndpointName) -> tuple[PastEvent, ...]:
    """Read the Events that a controller wrote about an endpoint, oldest first; an API server keeps them for an hour.

    Those of times without a Deployment stand beside the namespace, and their notes begin with the endpoint's name, or
    have it among others.

    Raises:
        Denied, Transient: They cannot be read.
    """
    path = f"/apis/events.k8s.io/v1/namespaces/{quote(namespace)}/events"
    found: list[PastEvent] = []
    for selector, is_about_all in ((f"regarding.name={name}", False), ("regarding.kind=Namespace", True)):
        query = {"fieldSelector": f"reportingController={FIELD_MANAGER},{selector}"}
        listed = await api.request("GET", path, query=query)
        events = map(_past_event, (listed or {}).get("items") or ())
        found.extend(event for event in events if not is_about_all or _names(event.note, name))
    return tuple(sorted(found, key=lambda event: event.at or datetime.min.replace(tzinfo=UTC)))


def _past_event(event: Mapping[str, Any]) -> PastEvent:
    return PastEvent(
        at=time_of(event.get("eventTime")) or time_of(event["metadata"].get("creationTimestamp")),
        reason=str(event.get("reason") or "Event"),
        note=str(event.get("note") or ""),
        is_warning=event.get("type") == "Warning",
    )


def _names(note: str, name: EndpointName) -> bool:
    """Whether a note is about an endpoint: by its beginning, or in a list of names."""
    return note.startswith(f"{name}: ") or name in note.rpartition(": ")[2].split(", ")
