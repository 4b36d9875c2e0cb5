"""One Ingress on the load balancer, held against the Services that it names."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.load_balancer_actions import Action, Target, is_integer, read_action

ALB = "alb.ingress.kubernetes.io/"
ACTION = f"{ALB}actions."
USE_ANNOTATION = "use-annotation"
LONGEST_HEALTH_PATH = 1024
_HEALTH_PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*")
_OWN_ANNOTATIONS = frozenset(
    f"{ALB}{name}"
    for name in (
        *("healthcheck-interval-seconds", "healthcheck-path", "healthcheck-timeout-seconds", "group.order"),
        *("healthy-threshold-count", "unhealthy-threshold-count", "success-codes", "target-type"),
    )
)

_MISSING = Action(wrong=("is not there: all its requests are answered 503",))

Manifest = Mapping[str, Any]
Services = Mapping[tuple[str, str], Manifest]
"""By namespace and name."""


@dataclass(frozen=True)
class Member:
    """One Ingress of the group."""

    manifest: Manifest
    is_own: bool

    @property
    def namespace(self) -> str:
        return str(self.manifest["metadata"]["namespace"])

    @cached_property
    def name(self) -> str:
        return f"{self.namespace}/{self.manifest['metadata']['name']}"

    @property
    def annotations(self) -> Mapping[str, Any]:
        return annotations_of(self.manifest)

    @cached_property
    def backends(self) -> list[Manifest]:
        spec = self.manifest["spec"]
        paths = [p for rule in spec.get("rules") or () for p in (rule.get("http") or {}).get("paths") or ()]
        default = [spec["defaultBackend"]] if spec.get("defaultBackend") else []
        return [*(path["backend"] for path in paths), *default]

    @cached_property
    def actions(self) -> list[str]:
        """The names of the actions that its paths use."""
        named = [backend["service"] for backend in self.backends if "service" in backend]
        return list(dict.fromkeys(s["name"] for s in named if s["port"].get("name") == USE_ANNOTATION))

    @cached_property
    def said(self) -> list[tuple[str, Action]]:
        """For each backend, and each action in use, what it is called and what it says."""
        return [*self._plain(), *self._acting()]

    def _plain(self) -> Iterator[tuple[str, Action]]:
        for backend in self.backends:
            service = backend.get("service")
            if service is None:
                yield "a backend", Action(wrong=("is no Service",))
            elif service["port"].get("name") != USE_ANNOTATION:
                port = service["port"].get("number", service["port"].get("name"))
                yield f"its backend {service['name']}", Action(targets=(Target(service["name"], port),))

    def _acting(self) -> Iterator[tuple[str, Action]]:
        for action in self.actions:
            text = self.annotations.get(f"{ACTION}{action}")
            yield f"its action {action}", _MISSING if text is None else read_action(text)

    @cached_property
    def targets(self) -> list[Target]:
        return [target for _, action in self.said for target in action.targets]


def annotations_of(manifest: Manifest) -> Mapping[str, Any]:
    return manifest["metadata"].get("annotations") or {}


def wrong_with_member(member: Member, services: Services) -> Iterator[str]:
    """Say what about one Ingress freezes the group, or leaves its requests without an answer."""
    for what, action in member.said:
        yield from (f"{what} {problem}" for problem in action.wrong)
        for target in action.targets:
            yield from _wrong_with_target(member, target, services, is_alone=len(action.targets) == 1)
    yield from _wrong_with_health(member.annotations)
    if member.is_own:
        yield from _unwise(member)


def _wrong_with_target(member: Member, target: Target, services: Services, *, is_alone: bool) -> Iterator[str]:
    service = services.get((member.namespace, target.service))
    if service is None:
        then = "all its requests are answered 503" if is_alone else "the group is frozen"
        yield f"names the Service {target.service!r}, which is not there: {then}"
        return
    spec = service["spec"]
    if not any(str(target.port) in (str(port["port"]), port.get("name")) for port in spec.get("ports") or ()):
        yield f"names the port {target.port!r}, which the Service {target.service} does not have"
    annotations = {**member.annotations, **annotations_of(service)}
    kind, how = spec.get("type", "ClusterIP"), annotations.get(f"{ALB}target-type", "ip")
    fitting = {"ip": ("ClusterIP", "NodePort", "LoadBalancer"), "instance": ("NodePort", "LoadBalancer")}
    if kind not in fitting.get(how, ()):
        yield f"names the Service {target.service} of type {kind}, which cannot have targets of type {how}"
    if annotations_of(service):
        yield from (f"{problem}, for the Service {target.service}" for problem in _wrong_with_health(annotations))


def _wrong_with_health(annotations: Mapping[str, Any]) -> Iterator[str]:
    interval = annotations.get(f"{ALB}healthcheck-interval-seconds", "15")
    timeout = annotations.get(f"{ALB}healthcheck-timeout-seconds", "5")
    path = annotations.get(f"{ALB}healthcheck-path", "/")
    if not (is_plain(interval) and is_plain(timeout)):
        yield f"has the health check interval {interval!r} and timeout {timeout!r}: both must be plain integers"
    elif not (5 <= int(interval) <= 300 and int(interval) > int(timeout)):
        yield f"has the health check interval {interval}, outside 5 to 300 s, or not longer than {timeout} s"
    if not _HEALTH_PATH.fullmatch(path) or len(path) > LONGEST_HEALTH_PATH:
        yield f"has the health check path {path[:40]!r} of {len(path)} characters, which the load balancer refuses"


def is_plain(text: str) -> bool:
    return re.fullmatch(r"[0-9]+", text) is not None


def _unwise(member: Member) -> Iterator[str]:
    """Say what builds, and is all the same nothing that an endpoint's Ingress should say."""
    for what, action in member.said:
        yield from (f"{what} {problem}" for problem in action.unwise)
        for port in (target.port for target in action.targets):
            # Written otherwise, the target group would be another one.
            if not is_integer(port) or port != 80:
                yield f"{what} names the port {port!r}, not the number 80"
    used = {f"{ACTION}{action}" for action in member.actions}
    for annotation in sorted(key for key in member.annotations if key.startswith(ALB)):
        if annotation.startswith(ACTION):
            if annotation not in used:
                yield f"has the annotation {annotation}, which no path of it uses"
        elif annotation not in _OWN_ANNOTATIONS:
            yield f"has the annotation {annotation}, which is not for an endpoint to set"


def identities(members: Iterable[Member]) -> set[str]:
    """The target groups of a group, by what makes them the same after a change."""
    return {f"{member.name}-{target.service}:{target.port}" for member in members for target in member.targets}
