"""What the load balancer's controller makes of all Ingresses and Services together: one bad one freezes them all.

Written from what that controller does, apart from ``gco_stream``, so that tests do not compare the code with itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.load_balancer_members import (
    ALB,
    Manifest,
    Member,
    identities,
    wrong_with_member,
)
from tests.load_balancer_paths import Placed, hidden, routes_of, wrong_with

MOST_TARGET_GROUPS = 100
MOST_RULES = 100
_SHARED = re.compile(rf"{re.escape(ALB)}(load-balancer-.*|tags|inbound-cidrs)")
_ORDER = f"{ALB}group.order"


def violations(
    ingresses: Iterable[Manifest], services: Iterable[Manifest], *, own_namespace: str = "gco-inference"
) -> list[str]:
    """Say in sentences everything that freezes the group, or that hides or loses a member's requests.

    Args:
        ingresses: All that exist at one instant; those that are being deleted are members no more.
        services: All that exist at that instant; those that are being deleted still count.
        own_namespace: Where endpoints are; everything elsewhere is the platform's.
    """
    return _violations(in_order(ingresses, own_namespace=own_namespace), services)


def _violations(members: list[Member], services: Iterable[Manifest]) -> list[str]:
    there = {(s["metadata"]["namespace"], s["metadata"]["name"]): s for s in services}
    return [*_wrong_with_members(members, there), *_wrong_with_group(members)]


def in_order(ingresses: Iterable[Manifest], *, own_namespace: str) -> list[Member]:
    """The members of the group, in the order in which their rules are tried."""
    found = [
        Member(ingress, is_own=ingress["metadata"]["namespace"] == own_namespace)
        for ingress in ingresses
        if ingress["spec"].get("ingressClassName") == "alb" and not ingress["metadata"].get("deletionTimestamp")
    ]
    return sorted(found, key=lambda member: (_order_of(member) or 0, member.name.encode()))


def _order_of(member: Member) -> int | None:
    """Return None for what is no order at all."""
    text = str(member.annotations.get(_ORDER, "0"))
    return int(text) if re.fullmatch(r"-?[0-9]{1,4}", text) and -1000 <= int(text) <= 1000 else None


def _wrong_with_members(members: Iterable[Member], services: Mapping[tuple[str, str], Manifest]) -> Iterator[str]:
    for member in members:
        yield from (f"Ingress {member.name}: {problem}" for problem in wrong_with_member(member, services))
        for route in routes_of(member.manifest):
            yield from (f"Ingress {member.name}: {problem}" for problem in wrong_with(route))
        if _order_of(member) is None:
            yield f"Ingress {member.name}: has the order {member.annotations[_ORDER]!r}, not -1000 to 1000"


def _wrong_with_group(members: list[Member]) -> Iterator[str]:
    placed = [
        Placed(route, member.name, member.is_own, place)
        for place, member in enumerate(members)
        for route in routes_of(member.manifest)
    ]
    yield from hidden(placed)
    groups = identities(members)
    if len(groups) > MOST_TARGET_GROUPS:
        yield f"there are {len(groups)} target groups, more than {MOST_TARGET_GROUPS}"
    if len(placed) > MOST_RULES:
        yield f"there are {len(placed)} rules, more than {MOST_RULES}"
    defaults = [member.name for member in members if member.manifest["spec"].get("defaultBackend")]
    if len(defaults) > 1:
        yield f"there are several default backends: of {', '.join(defaults)}"
    yield from _differing(members)


def _differing(members: Iterable[Member]) -> Iterator[str]:
    said: dict[str, dict[str, str]] = {}
    for member in members:
        for annotation, value in member.annotations.items():
            if _SHARED.fullmatch(annotation):
                said.setdefault(annotation, {}).setdefault(value, member.name)
    for annotation, values in said.items():
        if len(values) > 1:
            yield f"{annotation} differs: {', '.join(f'{value!r} by {name}' for value, name in values.items())}"


def traffic_is_lost(ingress: Manifest, ready: Mapping[str, int]) -> str | None:
    """Say that requests go nowhere although they could be answered, or None.

    Args:
        ready: How many replicas are ready behind each Service of the endpoint.
    """
    able = sorted(service for service, count in ready.items() if count > 0)
    given = [t.service for t in Member(ingress, is_own=True).targets if t.has_weight]
    if not able or any(ready.get(service, 0) > 0 for service in given):
        return None
    return f"{', '.join(able)} could answer, but all requests go to {', '.join(given) or 'nobody'}"


class LoadBalancer:
    """A load balancer that sees one instant after the other, and finds what may not change between them.

    A port written in another way makes another target group, with a cut in traffic; an action keeps its name.
    """

    def __init__(self, *, own_namespace: str = "gco-inference") -> None:
        self._own_namespace = own_namespace
        self._ports: dict[tuple[str, str], object] = {}
        self._actions: dict[str, str] = {}

    def show(self, ingresses: Iterable[Manifest], services: Iterable[Manifest]) -> list[str]:
        """Say everything that is wrong at this instant."""
        members = in_order(ingresses, own_namespace=self._own_namespace)
        changed = [problem for member in members if member.is_own for problem in self._changed(member)]
        return [*_violations(members, services), *changed]

    def _changed(self, member: Member) -> Iterator[str]:
        for action in member.actions:
            known = self._actions.setdefault(member.name, action)
            if action != known:
                yield f"Ingress {member.name}: calls its action {action}, which was {known}"
        for target in member.targets:
            port = self._ports.setdefault((member.name, target.service), target.port)
            if target.port != port:
                yield f"Ingress {member.name}: writes the port of {target.service} as {target.port!r}, not {port!r}"


def platform(namespace: str = "gco-system") -> tuple[dict[str, Any], dict[str, Any]]:
    """The platform's own Ingress and Service, which share the load balancer; its last path catches everything.

    Args:
        namespace: Endpoints come first only where their namespace sorts before this one.
    """
    backend = {"service": {"name": "gco-manifest-api", "port": {"number": 80}}}
    paths = [{"path": path, "pathType": "Prefix", "backend": backend} for path in ("/api", "/healthz", "/")]
    ingress = {
        "metadata": {"namespace": namespace, "name": "gco-api"},
        "spec": {"ingressClassName": "alb", "rules": [{"http": {"paths": paths}}]},
    }
    spec = {"type": "ClusterIP", "ports": [{"port": 80}]}
    return ingress, {"metadata": {"namespace": namespace, "name": "gco-manifest-api"}, "spec": spec}
