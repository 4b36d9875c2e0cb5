"""Reads a Deployment's counters.

Readiness is taken from the counters and never from the condition ``Available``, which is True without a single
ready pod where ``maxUnavailable`` allows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gco_stream.core.models import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """How far a Deployment is.

    Attributes:
        desired: Replicas that the Deployment asks for.
        ready: Ready replicas, of any version.
        complete: Every replica is of the current version, available, and no old one is left.
        settled: The last rollout has ended well, though replicas may have been lost since.
        is_only_new: No pod of an earlier version is left.
        overdue: What the controller says when the current rollout exceeded its deadline, else None.
    """

    desired: int
    ready: int
    complete: bool
    settled: bool
    is_only_new: bool
    overdue: str | None


def read_rollout(deployment: Manifest) -> Rollout:
    """Read a Deployment; counters of an earlier generation count as nothing but readiness."""
    spec, status = deployment["spec"], deployment.get("status") or {}
    desired = spec.get("replicas", 1)
    current = status.get("observedGeneration", 0) == deployment["metadata"].get("generation", 0)
    has_all_new = status.get("updatedReplicas", 0) == desired == status.get("replicas", 0)
    # A pod that is lost is missing in all counters for a moment, before the one in its place is counted.
    is_only_new = current and status.get("updatedReplicas", 0) == status.get("replicas", 0)
    progressing = _condition(status, "Progressing")
    return Rollout(
        desired=desired,
        ready=status.get("readyReplicas", 0),
        complete=current and has_all_new and status.get("availableReplicas", 0) >= desired,
        settled=is_only_new and progressing.get("reason") == "NewReplicaSetAvailable",
        is_only_new=is_only_new,
        overdue=_overdue(progressing) if current else None,
    )


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    for condition in status.get("conditions") or ():
        if condition.get("type") == kind:
            found: Mapping[str, Any] = condition
            return found
    return {}


def _overdue(progressing: Mapping[str, Any]) -> str | None:
    if progressing.get("reason") != "ProgressDeadlineExceeded":
        return None
    return str(progressing.get("message") or "the rollout exceeded its progress deadline")
