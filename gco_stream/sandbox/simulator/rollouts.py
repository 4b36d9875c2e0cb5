"""The numbers of a rollout: how many pods of which version there may be, step by step.

Source: https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/deployment/rolling.go
"""

import math
from collections.abc import Sequence
from typing import Any

Object = dict[str, Any]


def bounds(deployment: Object) -> tuple[int, int]:
    """Return how many pods more than wanted there may be, and how many may be unavailable."""
    wanted, strategy = deployment["spec"]["replicas"], deployment["spec"]["strategy"]
    if strategy["type"] == "Recreate":
        return 0, 0
    rolling = strategy["rollingUpdate"]
    surge = _count(rolling["maxSurge"], wanted, is_up=True)
    unavailable = _count(rolling["maxUnavailable"], wanted, is_up=False)
    return surge, min(1 if surge == unavailable == 0 else unavailable, wanted)


def _count(said: Any, wanted: int, *, is_up: bool) -> int:
    if isinstance(said, str) and said.endswith("%"):
        exact = int(said[:-1]) * wanted / 100
        return math.ceil(exact) if is_up else math.floor(exact)
    return int(said)


def of_new(deployment: Object, new: int, total: int) -> int:
    """Return how many pods of the new version there should be, ``new`` being there and ``total`` in all."""
    wanted, (surge, _) = deployment["spec"]["replicas"], bounds(deployment)
    if deployment["spec"]["strategy"]["type"] == "Recreate" or new >= wanted:
        return int(wanted)
    return int(new + max(0, min(wanted + surge - total, wanted - new)))


def of_old(deployment: Object, new: Object, old: Sequence[Object]) -> list[int]:
    """Return how many pods of each old version there should be.

    Pods that are not ready go first; ready ones only while enough are available.
    """
    _, unavailable = bounds(deployment)
    least = deployment["spec"]["replicas"] - unavailable
    counts = [one["spec"]["replicas"] for one in old]
    total = sum(counts) + new["spec"]["replicas"]
    spare = total - least - (new["spec"]["replicas"] - _available(new))
    for at, one in enumerate(old):
        unready = min(max(0, spare), counts[at] - _available(one))
        counts[at], spare = counts[at] - unready, spare - unready
    left = sum(map(_available, (new, *old))) - least if spare > 0 else 0
    for at in range(len(old)):
        gone = min(max(0, left), counts[at])
        counts[at], left = counts[at] - gone, left - gone
    return counts


def _available(replica_set: Object) -> int:
    count: int = (replica_set.get("status") or {}).get("availableReplicas", 0)
    return min(count, int(replica_set["spec"]["replicas"]))
