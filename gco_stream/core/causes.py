"""Finds why a Deployment's pods are not ready: the one cause that a person would look for first.

Messages say the same as long as the cause is the same. What Kubernetes writes changes with every try, by the time it
will wait, the try's number and how many nodes there are, and every change would be another status written.

Sources: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ and the kubelet's own reasons in
https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/types.go
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from gco_stream.core.models import Manifest, is_leaving

_LONGEST = 300
_OVER = ("Failed", "Succeeded")
_PULL_BACK_OFF = ("ErrImagePull", "ImagePullBackOff")
_PULLS = (*_PULL_BACK_OFF, "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable")
_UNDER_WAY = ("ContainerCreating", "PodInitializing")
_CRASH_LOOP = "CrashLoopBackOff"
# Shells and runtimes add the signal's number to 128.
_SIGNALS = {137: "killed, as by a probe that fails for too long", 139: "segmentation fault", 143: "told to stop"}

_NODES = re.compile(r"0/\d+ nodes are available: (.*?)(?:\. |\.?$)", re.DOTALL)
_LACKS = re.compile(r"Insufficient \S+|Too many pods")
# What follows the question mark of a signed URL is a secret.
_QUERY = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*?(?=:?(?:\s|[\"']|$))")
_REPLICA_SET = re.compile(r'[Rr]eplica ?[Ss]et "([^"]+)-([^"-]+)"')
_POD = re.compile(r" ?\(pod: \"[^\"]*\", container: [^)]*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why pods are not ready.

    Attributes:
        reason: One CamelCase word for the status, e.g. ``ImagePullBackOff``.
        message: One sentence for people, at most 300 characters.
    """

    reason: str
    message: str


class _Order(IntEnum):
    """What a person looks for first: what has to be changed by hand, then what may come by itself."""

    IMAGE = 0
    CONFIGURATION = 1
    INIT = 2
    CRASH = 3
    UNSCHEDULABLE = 4
    REJECTED = 5
    UNDER_WAY = 6
    UNREADY = 7


_Found = tuple[_Order, str, str]


def first_cause(pods: Sequence[Manifest], *, template: str | None = None) -> Cause | None:
    """Find the first cause among a Deployment's pods; None where they are ready, or nothing is wrong yet.

    Only pods of the current version count. While one of any version is still on its way out, it is no cause that a new
    one finds no room: it waits for that of the old one.

    Args:
        pods: All pods of one Deployment, as the API server shows them.
        template: The current version's ``pod-template-hash``; None takes that of the newest pod.
    """
    current = _newest_template(pods) if template is None else template
    staying = [pod for pod in pods if _template(pod) == current and not is_leaving(pod)]
    is_waiting = any(is_leaving(pod) and not _is_over(pod) for pod in pods)
    found = [cause for pod in staying for cause in _causes_of(pod) if not (is_waiting and _is_lack_of_room(cause))]
    if not found:
        return None
    _, reason, message = min(found)
    return Cause(reason=reason, message=_fit(message))


def current_template(deployment: Manifest) -> str | None:
    """Read from its controller's words which version a Deployment brings out: the ``pod-template-hash`` of its pods.

    Returns:
        None if it has not said so yet of what the Deployment asks for now.
    """
    metadata, status = deployment["metadata"], deployment.get("status") or {}
    if status.get("observedGeneration", 0) != metadata.get("generation", 0):
        return None
    said = str(_condition(deployment, "Progressing").get("message") or "")
    named = _REPLICA_SET.search(said)
    return named[2] if named is not None and named[1] == metadata["name"] else None


def refused_pods(deployment: Manifest) -> Cause | None:
    """Find why a Deployment's pods cannot even be made: a quota, a missing service account, a policy."""
    for condition in _conditions(deployment):
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            _, _, said = str(condition.get("message") or "").partition(" is forbidden: ")
            message = said or str(condition.get("message") or "no message")
            return Cause(reason=_word(condition, "FailedCreate"), message=_fit(f"pods cannot be made: {message}"))
    return None


def _newest_template(pods: Sequence[Manifest]) -> str | None:
    """Find the version of the newest pod; of several from the same second, that of one that stays."""
    newest = max(
        pods,
        key=lambda pod: (pod["metadata"].get("creationTimestamp") or "", not is_leaving(pod), _template(pod) or ""),
        default=None,
    )
    return None if newest is None else _template(newest)


def _template(pod: Manifest) -> str | None:
    return (pod["metadata"].get("labels") or {}).get("pod-template-hash")


def _causes_of(pod: Manifest) -> Iterator[_Found]:
    if _is_over(pod):
        yield from _rejected(pod)
        return
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    yield from _unscheduled(pod)
    for of_kind, is_init in (("initContainer", True), ("container", False)):
        wanted = {container["name"]: container for container in spec.get(f"{of_kind}s") or ()}
        for seen in status.get(f"{of_kind}Statuses") or ():
            if not seen.get("ready"):
                yield from _Container(seen=seen, wanted=wanted.get(seen["name"], {}), is_init=is_init).causes()
    yield from _ungated(pod)


def _rejected(pod: Manifest) -> Iterator[_Found]:
    status = pod["status"]
    if status["phase"] == "Failed":
        said = status.get("message") or "no more is known"
        yield _Order.REJECTED, _word(status, "PodFailed"), f"the node gave up a pod: {said}"


def _unscheduled(pod: Manifest) -> Iterator[_Found]:
    condition = _condition(pod, "PodScheduled")
    if condition.get("status") != "False":
        return
    said = str(condition.get("message") or "the scheduler gave no reason")
    nodes = _NODES.match(said)
    # "3 Insufficient cpu, 2 node(s) had …": without the numbers, so that it stays the same as nodes come and go.
    obstacles = re.split(r", (?=\d+ )", nodes[1]) if nodes else [said]
    bare = sorted({re.sub(r"^\d+ ", "", obstacle) for obstacle in obstacles})
    is_lacking = any(_LACKS.search(obstacle) for obstacle in bare)
    reason = "InsufficientCapacity" if is_lacking else _word(condition, "Unschedulable")
    yield _Order.UNSCHEDULABLE, reason, f"no node can take the pod: {', '.join(bare)}"


def _is_lack_of_room(cause: _Found) -> bool:
    return cause[0] is _Order.UNSCHEDULABLE


def _ungated(pod: Manifest) -> Iterator[_Found]:
    """Find conditions that somebody else, such as a load balancer's controller, has not said to be met."""
    if _condition(pod, "ContainersReady").get("status") != "True":
        return
    for gate in (pod.get("spec") or {}).get("readinessGates") or ():
        if _condition(pod, gate["conditionType"]).get("status") != "True":
            yield _Order.UNREADY, "NotReady", f"readiness gate {gate['conditionType']} is not met"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Container:
    """One container that is not ready: what its pod's status and its pod's spec say of it."""

    seen: Mapping[str, Any]
    wanted: Mapping[str, Any]
    is_init: bool

    def causes(self) -> Iterator[_Found]:
        state = self.seen.get("state") or {}
        waiting = state.get("waiting") or {}
        reason = waiting.get("reason")
        ended = state.get("terminated") or (self.seen.get("lastState") or {}).get("terminated")
        if reason in _PULLS:
            yield self._unpulled(waiting)
        elif reason not in (None, _CRASH_LOOP, *_UNDER_WAY):
            yield (
                _Order.CONFIGURATION,
                _word(waiting, "CannotStart"),
                f"{self._name} cannot be started: {_said(waiting)}",
            )
        elif reason == _CRASH_LOOP or (ended and not self._is_fine(ended)):
            yield self._ended(ended or {}, is_again=reason == _CRASH_LOOP)
        elif reason is not None:
            yield from self._not_started(reason)
        elif "running" in state:
            yield self._unready()

    @property
    def _name(self) -> str:
        return f"{'init container' if self.is_init else 'container'} {self.seen['name']}"

    def _is_fine(self, ended: Mapping[str, Any]) -> bool:
        return self.is_init and ended.get("exitCode") == 0

    def _unpulled(self, waiting: Mapping[str, Any]) -> _Found:
        reason = "ImagePullBackOff" if waiting["reason"] in _PULL_BACK_OFF else waiting["reason"]
        image = self.wanted.get("image") or self.seen.get("image")
        why = _why_not_pulled(str(waiting.get("message") or ""))
        return _Order.IMAGE, reason, f'image "{image}" cannot be pulled' + (f": {why}" if why else "")

    def _ended(self, ended: Mapping[str, Any], *, is_again: bool) -> _Found:
        order, code = _Order.INIT if self.is_init else _Order.CRASH, ended.get("exitCode")
        if ended.get("reason") == "OOMKilled":
            limit = ((self.wanted.get("resources") or {}).get("limits") or {}).get("memory")
            return (
                order,
                "OOMKilled",
                f"{self._name} needed more memory than its limit" + (f" {limit}" if limit else ""),
            )
        if ended.get("reason") in ("StartError", "ContainerCannotRun"):
            return _Order.CONFIGURATION, str(ended["reason"]), f"{self._name} cannot be started: {_said(ended)}"
        message = f"{self._name} keeps ending" if is_again or self.seen.get("restartCount") else f"{self._name} ended"
        if code is not None:
            message += f", last with exit code {code}" if "keeps" in message else f" with exit code {code}"
        if code in _SIGNALS:
            message += f" ({_SIGNALS[code]})"
        reason = "InitContainerFailed" if self.is_init else _CRASH_LOOP
        return order, reason, message

    def _not_started(self, reason: str) -> Iterator[_Found]:
        """Say what it may wait for; a server that waits for an init container is none of its own."""
        if self.is_init or reason != "PodInitializing":
            why = "its image is being pulled, or its volumes or its network are not ready"
            yield _Order.UNDER_WAY, reason, f"{self._name} has not been started yet: {why}"

    def _unready(self) -> _Found:
        if self.is_init:
            return _Order.UNDER_WAY, "PodInitializing", f"{self._name} has not finished yet"
        is_starting = self.seen.get("started") is False and "startupProbe" in self.wanted
        kind = "startup" if is_starting else "readiness"
        probe = self.wanted.get(f"{kind}Probe")
        asked = f"its {kind} probe {_describe(probe)} has not succeeded" if probe else "is not ready"
        return _Order.UNREADY, "NotReady", f"{self._name} runs, but {asked}"


def _describe(probe: Mapping[str, Any]) -> str:
    if "httpGet" in probe:
        return f"GET {probe['httpGet'].get('path', '/')} on port {probe['httpGet']['port']}"
    kind = next((kind for kind in ("tcpSocket", "grpc") if kind in probe), None)
    return f"on port {probe[kind]['port']}" if kind else "command"


def _why_not_pulled(message: str) -> str:
    """Cut out the last words of a chain of errors, which say why; those before only say who was asked for what."""
    parts = [part.strip() for part in _QUERY.sub(r"\1", message).split(": ")]
    if len(parts) == 1 and parts[0].startswith("Back-off pulling image"):
        return ""
    *before, last = parts
    is_telling = bool(before) and " " in before[-1] and not re.match(r"(Back-off|failed|Failed|rpc) ", before[-1])
    return f"{before[-1]}: {last}" if is_telling else last


def _said(state: Mapping[str, Any]) -> str:
    return _POD.sub("", _QUERY.sub(r"\1", str(state.get("message") or "no reason was given")))


def _is_over(pod: Manifest) -> bool:
    return (pod.get("status") or {}).get("phase") in _OVER


def _conditions(live: Manifest) -> Sequence[Mapping[str, Any]]:
    return (live.get("status") or {}).get("conditions") or ()


def _condition(live: Manifest, kind: str) -> Mapping[str, Any]:
    return next((condition for condition in _conditions(live) if condition.get("type") == kind), {})


def _word(said: Mapping[str, Any], otherwise: str) -> str:
    """Take a reason as it is if it is one word, as Kubernetes wants it to be."""
    reason = said.get("reason")
    return reason if isinstance(reason, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", reason) else otherwise


def _fit(message: str) -> str:
    """Put a message on one line, cut to what a status may hold."""
    text = " ".join(message.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
