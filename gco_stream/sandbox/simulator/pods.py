"""What the scheduler and a node make of a pod: where it runs, and how it fares there from moment to moment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gco_stream.sandbox.simulator.directions import Behaviour, Directions
from gco_stream.sandbox.simulator.hands import Hands, Object, condition, is_leaving
from gco_stream.sandbox.simulator.nodes import place

_KUBELET, _SCHEDULER = "kubelet", "kube-scheduler"
_BETWEEN_CRASHES = 5.0


class Scheduler:
    """Gives each pod a node, or says why not."""

    def __init__(self, directions: Directions) -> None:
        self._directions = directions
        self._waiting: dict[str, None] = {}

    def look(self, hands: Hands) -> Iterator[datetime]:
        """Do what there is to do now, those first that have waited longest."""
        there = {pod["metadata"]["uid"]: pod for pod in hands.store.listed("Pod") if not pod["spec"].get("nodeName")}
        self._waiting = {uid: None for uid in (*self._waiting, *there) if uid in there}
        for pod in (there[uid] for uid in self._waiting):
            if not is_leaving(pod):
                self._schedule(pod, hands)
        yield from ()

    def _schedule(self, pod: Object, hands: Hands) -> None:
        node, why = place(pod, self._directions.nodes, hands.store.listed("Pod"))
        if node is not None:
            bound = hands.patch(pod, {"spec": {"nodeName": node.name}}, _SCHEDULER)
            hands.put_status(bound, _with(bound, hands, "PodScheduled", {"status": "True"}), _SCHEDULER)
            return
        said = {"status": "False", "reason": "Unschedulable", "message": why, "observedGeneration": 1}
        hands.put_status(pod, _with(pod, hands, "PodScheduled", said), _SCHEDULER)


def _with(pod: Object, hands: Hands, kind: str, said: Object) -> Object:
    """Return a pod's status with one condition."""
    status = dict(pod["status"])
    others = [one for one in status.get("conditions") or () if one["type"] != kind]
    return {**status, "conditions": [*others, _condition(pod, hands, kind, said)]}


def _condition(pod: Object, hands: Hands, kind: str, said: Object) -> Object:
    before = condition(pod, kind)
    is_same = before.get("status") == said["status"]
    since = before["lastTransitionTime"] if is_same else hands.time
    return {"type": kind, "lastTransitionTime": since, **said}


class Kubelet:
    """Runs the pods of all nodes."""

    def __init__(self, directions: Directions) -> None:
        self._directions = directions
        self._lives: dict[str, _Life] = {}
        self._ends: dict[str, datetime] = {}

    def look(self, hands: Hands) -> Iterator[datetime]:
        """Do what there is to do now, and say when there is more."""
        there = [pod for pod in hands.store.listed("Pod") if pod["spec"].get("nodeName")]
        uids = {pod["metadata"]["uid"] for pod in there}
        self._lives = {uid: life for uid, life in self._lives.items() if uid in uids}
        self._ends = {uid: end for uid, end in self._ends.items() if uid in uids}
        for pod in there:
            due = self._end(pod, hands) if is_leaving(pod) else self._run(pod, hands)
            if due is not None:
                yield due

    def _end(self, pod: Object, hands: Hands) -> datetime | None:
        seconds = self._behaviour(pod).stops_after
        end = self._ends.setdefault(pod["metadata"]["uid"], hands.now + timedelta(seconds=seconds))
        if end > hands.now:
            return end
        hands.delete(pod, at_once=True)
        return None

    def _run(self, pod: Object, hands: Hands) -> datetime | None:
        starts = hands.now + timedelta(seconds=self._directions.starts_after)
        uid, behaviour = pod["metadata"]["uid"], self._behaviour(pod)
        life = self._lives.setdefault(uid, _Life(behaviour=behaviour, starts=starts))
        if life.starts > hands.now:
            return life.starts
        state, due = life.at(hands.now)
        hands.put_status(pod, _status(pod, state, hands, life.starts), _KUBELET)
        return due

    def _behaviour(self, pod: Object) -> Behaviour:
        return self._directions.behaviour_of(pod["spec"]["containers"][0]["image"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """How a pod's containers are at one moment."""

    is_ready: bool
    state: Mapping[str, Any]
    before: Mapping[str, Any]
    restarts: int = 0
    phase: str = "Running"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Life:
    """How a pod fares on its node; what happens when is fixed from its start on."""

    behaviour: Behaviour
    starts: datetime

    def at(self, now: datetime) -> tuple[_State, datetime | None]:
        """Say how it is at a time, and when that changes; None for never."""
        if not self.behaviour.is_pulled:
            waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "{image}": not found'}
            return _State(is_ready=False, state={"waiting": waiting}, before={}, phase="Pending"), None
        if self.behaviour.crashes:
            return self._crashing(now)
        ready, end = self._ready, self._end
        running = {"running": {"startedAt": _written(self.starts)}}
        if ready is None or now < ready:
            return _State(is_ready=False, state=running, before={}), ready
        if end is None or now < end:
            return _State(is_ready=True, state=running, before={}), end
        return _State(is_ready=False, state=_ended(self.starts, end), before={}), None

    @property
    def _ready(self) -> datetime | None:
        after = self.behaviour.ready_after
        return None if after is None else self.starts + timedelta(seconds=after)

    @property
    def _end(self) -> datetime | None:
        after, ready = self.behaviour.ends_after, self._ready
        return None if after is None or ready is None else ready + timedelta(seconds=after)

    def _crashing(self, now: datetime) -> tuple[_State, datetime]:
        restarts, last = 1, self.starts
        following = last + timedelta(seconds=_BETWEEN_CRASHES)
        while following <= now:
            restarts, last = restarts + 1, following
            following = last + timedelta(seconds=_BETWEEN_CRASHES * restarts)
        waiting = {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}
        state = _State(is_ready=False, state={"waiting": waiting}, before=_ended(last, last), restarts=restarts)
        return state, following


def _ended(began: datetime, end: datetime) -> Object:
    times = {"startedAt": _written(began), "finishedAt": _written(end)}
    return {"terminated": {"exitCode": 1, "reason": "Error", **times}}


def _written(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _status(pod: Object, state: _State, hands: Hands, starts: datetime) -> Object:
    """Write the whole status of a pod as its node does."""
    ready = {"status": "True" if state.is_ready else "False"}
    said = {"Initialized": {"status": "True"}, "Ready": ready, "ContainersReady": ready}
    kept = [one for one in pod["status"].get("conditions") or () if one["type"] not in said]
    address = pod["status"].get("podIP") or f"10.128.{hands.store.version // 250 % 250}.{hands.store.version % 250 + 1}"
    init = [_done(container, starts) for container in pod["spec"].get("initContainers") or ()]
    return {
        **pod["status"],
        "phase": state.phase,
        "conditions": [*(_condition(pod, hands, kind, one) for kind, one in said.items()), *kept],
        "containerStatuses": [_container(container, state) for container in pod["spec"]["containers"]],
        **({"initContainerStatuses": init} if init else {}),
        "startTime": pod["status"].get("startTime") or _written(starts),
        "podIP": address,
        "podIPs": [{"ip": address}],
    }


def _container(container: Object, state: _State) -> Object:
    shown = dict(state.state)
    if "message" in shown.get("waiting", {}):
        message = shown["waiting"]["message"].replace("{image}", container["image"])
        shown["waiting"] = {**shown["waiting"], "message": message}
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": state.is_ready,
        "started": state.is_ready,
        "restartCount": state.restarts,
        "state": shown,
        "lastState": dict(state.before),
    }


def _done(container: Object, at: datetime) -> Object:
    times = {"startedAt": _written(at), "finishedAt": _written(at)}
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": True,
        "restartCount": 0,
        "state": {"terminated": {"exitCode": 0, "reason": "Completed", **times}},
        "lastState": {},
    }
