"""Paths on the load balancer: which it takes, and which hides which."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

LONGEST = 128
MOST_VALUES = 5
_TAKEN = re.compile(r"/[A-Za-z0-9_.$/~\"'@:+&;*?-]*")
"""Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html"""


@dataclass(frozen=True)
class Route:
    """One path of one Ingress.

    Attributes:
        stem: The path without what makes it a prefix; empty for everything.
        is_prefix: Whether all below the stem is meant as well.
    """

    path: str
    kind: str
    host: str = ""

    @cached_property
    def stem(self) -> str:
        return self.path.removesuffix("*").rstrip("/") if self.is_prefix else self.path

    @property
    def is_prefix(self) -> bool:
        return self.kind == "Prefix" or (self.kind == "ImplementationSpecific" and self.path.endswith("/*"))

    @property
    def values(self) -> tuple[str, ...]:
        """What the rule compares with; a prefix is two values, as ``/a/*`` alone leaves ``/a`` out."""
        if self.kind != "Prefix":
            return (self.path,)
        return (self.stem, f"{self.stem}/*") if self.stem else ("/*",)

    def above(self) -> Iterator[str]:
        """Every stem that would cover this one, itself first."""
        stem = self.stem
        yield stem
        while stem:
            stem = stem.rpartition("/")[0]
            yield stem


def routes_of(ingress: Mapping[str, Any]) -> Iterator[Route]:
    for rule in ingress["spec"].get("rules") or ():
        for entry in (rule.get("http") or {}).get("paths") or ():
            yield Route(entry.get("path") or "/*", entry["pathType"], rule.get("host") or "")


def wrong_with(route: Route) -> Iterator[str]:
    """Say why the load balancer, or its controller, refuses a path."""
    if not route.path.startswith("/"):
        yield f"the path {route.path!r} does not start with /"
    elif not _TAKEN.fullmatch(route.path):
        yield f"the path {route.path!r} has characters that no rule takes"
    if route.kind != "ImplementationSpecific" and re.search(r"[*?]", route.path):
        yield f"the path {route.path!r} has wildcards, and is a {route.kind} path"
    longest = max(map(len, route.values))
    if longest > LONGEST:
        yield f"the path {route.path[:20]!r}… makes a condition of {longest} characters, more than {LONGEST}"
    wildcards = sum(value.count("*") + value.count("?") for value in (*route.values, route.host))
    if max(len(route.values) + bool(route.host), wildcards) > MOST_VALUES:
        yield f"the path {route.path!r} makes more than {MOST_VALUES} condition values or wildcards"


@dataclass(frozen=True, slots=True)
class Placed:
    """A route, and whose it is.

    Attributes:
        place: The position of the Ingress in its group.
    """

    route: Route
    owner: str
    is_own: bool
    place: int


def hidden(routes: Iterable[Placed]) -> Iterator[str]:
    """Name every path that an earlier Ingress takes the requests of, and those of ours that clash in any order."""
    there: dict[str, list[Placed]] = {}
    everything = list(routes)
    for placed in everything:
        there.setdefault(placed.route.stem, []).append(placed)
    for lower in everything:
        for stem in lower.route.above():
            for upper in there.get(stem, ()):
                if upper.owner != lower.owner and _covers(upper.route, lower.route):
                    yield from _told(upper, lower)


def _covers(upper: Route, lower: Route) -> bool:
    is_below = upper.stem == lower.stem or upper.is_prefix
    return is_below and upper.host in ("", lower.host)


def _told(upper: Placed, lower: Placed) -> Iterator[str]:
    if upper.place < lower.place:
        yield f"the path {lower.route.path} of {lower.owner} is behind {upper.route.path} of {upper.owner}"
    elif upper.is_own and lower.is_own and upper.route.stem != lower.route.stem:
        yield f"the path {lower.route.path} of {lower.owner} lies inside {upper.route.path} of {upper.owner}"
