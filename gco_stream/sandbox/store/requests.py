"""What a write is told beside the object: who writes, and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gco_stream.sandbox.store.errors import other_than_meant
from gco_stream.sandbox.store.kinds import Resource

_WHY = "The object might have been deleted and then recreated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an object is, or should be.

    Attributes:
        namespace: Empty for kinds that have none.
    """

    resource: Resource
    namespace: str
    name: str

    @property
    def key(self) -> tuple[str, str]:
        """Its key among the objects of its namespace."""
        return self.resource.kind, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """How something is written.

    Attributes:
        manager: The field manager.
        subresource: ``status`` or ``scale``, or empty for the object itself.
        force: Whether an apply takes fields from other managers.
        is_dry_run: Whether only the answer is wanted.
    """

    manager: str
    subresource: str = ""
    force: bool = False
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """How something is deleted; source: ``DeleteOptions`` of the API.

    Attributes:
        uid: The one that is meant; None for whichever there is.
        version: The version that is meant; None for whichever there is.
        grace_seconds: How long a pod is given; None for as long as itself says.
    """

    uid: str | None = None
    version: str | None = None
    grace_seconds: int | None = None

    @staticmethod
    def read(options: Mapping[str, Any]) -> "Deletion":
        """Read the body of a DELETE."""
        meant = options.get("preconditions") or {}
        return Deletion(
            uid=meant.get("uid"), version=meant.get("resourceVersion"), grace_seconds=options.get("gracePeriodSeconds")
        )


def check_preconditions(place: Place, live: Mapping[str, Any], deletion: Deletion) -> None:
    """See that the object that would be deleted is the one that is meant.

    Raises:
        ApiError: 409, it is not.
    """
    metadata = live["metadata"]
    for meant, found, name in (
        (deletion.uid, metadata["uid"], "UID"),
        (deletion.version, metadata["resourceVersion"], "ResourceVersion"),
    ):
        if meant is not None and meant != found:
            why = f"the {name} in the precondition ({meant}) does not match the {name} in record ({found}). {_WHY}"
            raise other_than_meant(place.resource, place.name, why)


def grace_of(live: Mapping[str, Any], deletion: Deletion) -> int:
    """Return the seconds that an object is given to end: only a pod on a node is given any."""
    spec = live.get("spec") or {}
    if live["kind"] != "Pod" or not spec.get("nodeName"):
        return 0
    said = deletion.grace_seconds
    seconds: int = spec.get("terminationGracePeriodSeconds", 30) if said is None else said
    return seconds


def is_over(live: Mapping[str, Any]) -> bool:
    """Whether an object that is being deleted has nothing more to wait for."""
    metadata = live["metadata"]
    is_leaving = metadata.get("deletionTimestamp") is not None
    return is_leaving and not metadata.get("finalizers") and not metadata.get("deletionGracePeriodSeconds")
