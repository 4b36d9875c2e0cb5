"""Who takes the load balancer's target groups, while several endpoints are being published at once.

A count says what was there at some moment while it went on. So it also has to see what was about to be taken when it
began, and whatever is taken before somebody decides by it. Nobody is counted twice: everything goes by name.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from gco_stream.core.models import EndpointName, ingress_name

TargetGroups = Mapping[str, int]
"""How many target groups each published endpoint has, by the name of its Ingress."""

NOTHING: TargetGroups = MappingProxyType({})


class Room:
    """What is about to be taken, for those who count."""

    def __init__(self) -> None:
        self._taking: dict[str, int] = {}
        self._counts: list[dict[str, int]] = []

    @contextmanager
    def counting(self) -> Iterator[TargetGroups]:
        """Gather, for as long as somebody counts, what the count may not show."""
        taken = dict(self._taking)
        self._counts.append(taken)
        try:
            yield taken
        finally:
            self._counts = [other for other in self._counts if other is not taken]

    @contextmanager
    def taking(self, name: EndpointName, target_groups: int) -> Iterator[None]:
        """Keep target groups for one endpoint until they are there."""
        for counted in (self._taking, *self._counts):
            counted[ingress_name(name)] = target_groups
        try:
            yield
        finally:
            del self._taking[ingress_name(name)]


def taken_by_others(name: EndpointName, *counts: TargetGroups) -> int:
    """Add up what all but one endpoint have, or are about to have."""
    others = {one for counted in counts for one in counted} - {ingress_name(name)}
    return sum(max(counted.get(one, 0) for counted in counts) for one in others)
