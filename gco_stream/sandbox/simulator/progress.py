"""What the controller of Deployments says of a rollout: counters, whether enough is available, how it goes on.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from gco_stream.sandbox.simulator.hands import Hands, Object, condition, read_time
from gco_stream.sandbox.simulator.rollouts import bounds

REVISION = "deployment.kubernetes.io/revision"

Said = tuple[str, str, str]

_DONE = "NewReplicaSetAvailable"


def tell(
    deployment: Object, new: Object | None, old: Sequence[Object], hands: Hands, *, is_new: bool = False
) -> datetime | None:
    """Write the status, and say when the rollout will have taken too long."""
    versions = [*([new] if new is not None else []), *old]
    counters = _counters(deployment, new, versions)
    progressing, due = _progress(deployment, new, counters, hands, is_new=is_new)
    conditions = [_available(deployment, counters, hands), *([progressing] if progressing else [])]
    failure = condition(new, "ReplicaFailure") if new is not None else {}
    if failure:
        conditions.append({**failure, "lastUpdateTime": failure["lastTransitionTime"]})
    status: Object = {field: number for field, number in counters.items() if number or field == "terminatingReplicas"}
    status |= {"observedGeneration": deployment["metadata"]["generation"], "conditions": conditions}
    revision = {REVISION: new["metadata"]["annotations"][REVISION]} if new is not None else {}
    hands.put_status(deployment, status, **revision)
    return due


def _counters(deployment: Object, new: Object | None, versions: Sequence[Object]) -> dict[str, int]:
    def total(field: str) -> int:
        return sum((one.get("status") or {}).get(field, 0) for one in versions)

    available = total("availableReplicas")
    wanted = sum(one["spec"]["replicas"] for one in versions)
    return {
        "replicas": total("replicas"),
        "updatedReplicas": (new.get("status") or {}).get("replicas", 0) if new is not None else 0,
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, wanted - available),
        "terminatingReplicas": total("terminatingReplicas"),
    }


def _available(deployment: Object, counters: dict[str, int], hands: Hands) -> Object:
    _, unavailable = bounds(deployment)
    if counters["availableReplicas"] >= deployment["spec"]["replicas"] - unavailable:
        said = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        said = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    return _condition(deployment, "Available", said, hands)


def _condition(deployment: Object, kind: str, said: Said, hands: Hands, *, moved: bool = False) -> Object:
    status, reason, message = said
    before = condition(deployment, kind)
    is_same = (before.get("status"), before.get("reason")) == (status, reason) and not moved
    since = before["lastTransitionTime"] if before.get("status") == status else hands.time
    updated = before["lastUpdateTime"] if is_same else hands.time
    times = {"lastUpdateTime": updated, "lastTransitionTime": since}
    return {"type": kind, "status": status, "reason": reason, "message": message, **times}


def _progress(
    deployment: Object, new: Object | None, counters: dict[str, int], hands: Hands, *, is_new: bool
) -> tuple[Object | None, datetime | None]:
    """Say how the rollout goes on, and when it will have taken too long."""
    before = condition(deployment, "Progressing")
    if new is None or (
        before.get("reason") == _DONE and counters["replicas"] == counters["updatedReplicas"] and not is_new
    ):
        return before or None, None
    said = _moved(deployment, new, counters, is_new=is_new)
    if said is not None:
        progressing = _condition(deployment, "Progressing", said, hands, moved=said[1] != _DONE)
        return progressing, None if said[1] == _DONE else _deadline(deployment, progressing)
    if not before or before["status"] != "True":
        return before or None, None
    due = _deadline(deployment, before)
    if due > hands.now:
        return before, due
    late = ("False", "ProgressDeadlineExceeded", f'ReplicaSet "{new["metadata"]["name"]}" has timed out progressing.')
    return _condition(deployment, "Progressing", late, hands), None


def _moved(deployment: Object, new: Object, counters: dict[str, int], *, is_new: bool) -> Said | None:
    """Say that a rollout has begun, is done, or has come closer; None where it has not."""
    name, wanted = new["metadata"]["name"], deployment["spec"]["replicas"]
    if is_new:
        return "True", "NewReplicaSetCreated", f'Created new replica set "{name}"'
    if all(counters[field] == wanted for field in ("replicas", "updatedReplicas", "availableReplicas")):
        return "True", _DONE, f'ReplicaSet "{name}" has successfully progressed.'
    if _is_closer(deployment.get("status") or {}, counters):
        return "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'
    return None


def _deadline(deployment: Object, progressing: Object) -> datetime:
    seconds = deployment["spec"]["progressDeadlineSeconds"]
    return read_time(progressing["lastUpdateTime"]) + timedelta(seconds=seconds)


def _is_closer(before: Object, counters: dict[str, int]) -> bool:
    old = counters["replicas"] - counters["updatedReplicas"]
    was_old = before.get("replicas", 0) - before.get("updatedReplicas", 0)
    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old < was_old or any(counters[field] > before.get(field, 0) for field in grown)
