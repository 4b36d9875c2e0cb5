"""The controller of autoscalers: bounds, and replicas after the usage that the caller directs.

Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
"""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from gco_stream.sandbox.simulator.directions import Directions
from gco_stream.sandbox.simulator.hands import CONTROLLER, Hands, Object, condition, place_of
from gco_stream.sandbox.store.requests import Write

_TOLERANCE = 0.1
_AT_LEAST, _FACTOR = 4, 2
_TOLD = ("desiredReplicas",)


class Autoscalers:
    """Looks at each autoscaler now and then."""

    def __init__(self, directions: Directions) -> None:
        self._directions = directions
        self._next: datetime | None = None
        self._enough: dict[str, list[tuple[datetime, int]]] = {}

    def look(self, hands: Hands) -> Iterator[datetime]:
        """Do what there is to do now, and say when there is more."""
        if self._next is None:
            self._next = hands.now + timedelta(seconds=self._directions.autoscaling_every)
        there = hands.store.listed("HorizontalPodAutoscaler")
        if self._next <= hands.now:
            for autoscaler in there:
                self._scale(autoscaler, hands)
            self._next = hands.now + timedelta(seconds=self._directions.autoscaling_every)
        if there:
            yield self._next

    def _scale(self, autoscaler: Object, hands: Hands) -> None:
        namespace, name = autoscaler["metadata"]["namespace"], autoscaler["spec"]["scaleTargetRef"]["name"]
        target = hands.store.objects[namespace].get(("Deployment", name))
        if target is None:
            said = ("False", "FailedGetScale", f'deployments.apps "{name}" not found')
            _tell(autoscaler, {"AbleToScale": said}, 0, 0, hands)
            return
        current = target["spec"]["replicas"]
        if current == 0:
            disabled = ("False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
            _tell(autoscaler, {"AbleToScale": _SUCCEEDED, "ScalingActive": disabled}, 0, 0, hands)
            return
        wanted, active = self._wanted(autoscaler, target, hands)
        lowest, highest = autoscaler["spec"]["minReplicas"], autoscaler["spec"]["maxReplicas"]
        count = min(max(wanted, lowest), highest)
        if count != current:
            hands.store.scale(place_of(target), count, Write(manager=CONTROLLER))
        _tell(autoscaler, {"AbleToScale": _SUCCEEDED, **active}, current, count, hands)

    def _wanted(self, autoscaler: Object, target: Object, hands: Hands) -> tuple[int, dict[str, tuple[str, str, str]]]:
        current, ready = target["spec"]["replicas"], (target.get("status") or {}).get("readyReplicas", 0)
        usage = self._directions.usage.get(target["metadata"]["name"])
        if usage is None or not ready:
            why = "the HPA was unable to compute the replica count: failed to get resource metrics"
            return current, {"ScalingActive": ("False", "FailedGetResourceMetric", why)}
        wanted = max(_after(metric, usage, ready, current) for metric in autoscaler["spec"]["metrics"])
        wanted = min(wanted, max(current * _FACTOR, current + _AT_LEAST))
        active = ("True", "ValidMetricFound", "the HPA was able to successfully calculate a replica count")
        return self._steady(autoscaler, wanted, current, hands), {"ScalingActive": active}

    def _steady(self, autoscaler: Object, wanted: int, current: int, hands: Hands) -> int:
        """Go down only to what would have been enough for a while."""
        since = hands.now - timedelta(seconds=self._directions.scale_down_after)
        uid = autoscaler["metadata"]["uid"]
        # Before the first look, as many as there were would have been wanted.
        known = self._enough.setdefault(uid, [(hands.now, current)])
        known.append((hands.now, wanted))
        self._enough[uid] = recent = [one for one in known if one[0] > since] or known[-1:]
        return max(wanted, min(current, max(count for _, count in recent)))


_SUCCEEDED = ("True", "ReadyForNewScale", "recommended size matches current size")


def _after(metric: Object, usage: Mapping[str, float], ready: int, current: int) -> int:
    resource = metric["resource"]
    used, target = usage.get(resource["name"]), resource["target"].get("averageUtilization")
    if used is None or not target:
        return current
    ratio = used / target
    return current if abs(ratio - 1) <= _TOLERANCE else math.ceil(ready * ratio)


def _tell(
    autoscaler: Object, said: Mapping[str, tuple[str, str, str]], current: int, wanted: int, hands: Hands
) -> None:
    conditions = [_condition(autoscaler, kind, one, hands) for kind, one in said.items()]
    status = {"currentReplicas": current, "desiredReplicas": wanted, "conditions": conditions}
    hands.put_status(autoscaler, status)


def _condition(autoscaler: Object, kind: str, said: tuple[str, str, str], hands: Hands) -> Object:
    status, reason, message = said
    before = condition(autoscaler, kind)
    since = before["lastTransitionTime"] if before.get("status") == status else hands.time
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}
