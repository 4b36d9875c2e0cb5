"""How the simulated controllers read and write: through the store, as everybody else."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gco_stream.sandbox.store.kinds import RESOURCES
from gco_stream.sandbox.store.requests import Deletion, Place, Write
from gco_stream.sandbox.store.store import Store

Object = dict[str, Any]

CONTROLLER = "kube-controller-manager"


class Hands:
    """One store, and the time of one look at it."""

    def __init__(self, store: Store, now: datetime) -> None:
        self.store = store
        self.now = now

    @property
    def time(self) -> str:
        """The time as objects have it."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def owned(self, kind: str, owner: Object) -> list[Object]:
        """List the objects of a kind that an object controls."""
        uid, namespace = owner["metadata"]["uid"], owner["metadata"]["namespace"]
        return [live for live in self.store.listed(kind, namespace) if _owner(live) == uid]

    def create(self, body: Object, manager: str = CONTROLLER) -> Object:
        """Make an object."""
        return self.store.create(place_of(body), body, Write(manager=manager))

    def patch(self, live: Object, patch: Mapping[str, Any], manager: str = CONTROLLER, subresource: str = "") -> Object:
        """Change an object by a merge patch."""
        return self.store.patch(place_of(live), dict(patch), Write(manager=manager, subresource=subresource))

    def put_status(self, live: Object, status: Object, manager: str = CONTROLLER, **annotations: str) -> Object:
        """Replace an object's status, if it differs."""
        had = live["metadata"].get("annotations") or {}
        if live.get("status") == status and annotations.items() <= had.items():
            return live
        noted = {"annotations": {**had, **annotations}} if annotations else {}
        body = {**live, "metadata": {**live["metadata"], **noted}, "status": status}
        after, _ = self.store.update(place_of(live), body, Write(manager=manager, subresource="status"))
        return after

    def scale(self, live: Object, replicas: int) -> Object:
        """Set the replicas of an object."""
        return self.patch(live, {"spec": {"replicas": replicas}})

    def delete(self, live: Object, *, at_once: bool = False) -> None:
        """Delete an object; a pod on a node is given its time, unless ``at_once``."""
        self.store.delete(place_of(live), Deletion(grace_seconds=0 if at_once else None))


def place_of(live: Object) -> Place:
    """Return where an object is."""
    metadata = live["metadata"]
    return Place(
        resource=RESOURCES[live["kind"]], namespace=metadata.get("namespace", ""), name=metadata.get("name", "")
    )


def is_leaving(live: Object) -> bool:
    """Whether an object is being deleted."""
    return "deletionTimestamp" in live["metadata"]


def read_time(text: str) -> datetime:
    """Read a time as objects have it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def condition(live: Object, kind: str) -> Object:
    """Return one condition of an object; empty if it does not have it."""
    conditions = (live.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one["type"] == kind), {})


def reference_to(owner: Object) -> Object:
    """Return what makes an object one that another controls."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _owner(live: Object) -> str | None:
    for reference in live["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            uid: str = reference["uid"]
            return uid
    return None
