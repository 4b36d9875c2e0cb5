"""What one record lays claim to: its name, its path, the name of its canary.

A canary is a claim of its own, for it can be new where its endpoint has long been published: it must not push an
endpoint aside that bears its name already. So is a path to which a published endpoint is to move; the one that it has
stays its own until its Ingress has moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from math import inf
from typing import NamedTuple

from gco_stream.core.footing import Foothold, Footing, read_foothold
from gco_stream.core.models import EndpointName, Item, Observed
from gco_stream.core.record import DesiredState, ingress_path_of, is_valid_name, regions_of, status_in
from gco_stream.core.register import meet
from gco_stream.errors import Problem, Shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Why an endpoint may not have what its record claims.

    Attributes:
        rival: The endpoint that has it.
        field: The record's field that is in the way; with ``spec.canary``, all but the canary is granted.
        contested: For people, e.g. ``name llama-canary`` or ``path /inference/llama``.
        message: One sentence that names the field, its value and what would be right.
    """

    rival: EndpointName
    field: str
    contested: str
    message: str


class Part(IntEnum):
    """What of a record a claim is of."""

    ENDPOINT = 0
    LEFT_PATH = 1
    NEW_PATH = 2
    CANARY = 3


class Rank(NamedTuple):
    """The place of a claim; what is smaller comes first."""

    footing: Footing
    created_at: float
    name: EndpointName
    part: Part


@dataclass(slots=True, kw_only=True, eq=False)
class Claim:
    """What one record, or a part of it, wants to be alone with: names and a path.

    Attributes:
        needs: Another claim of the same record that must be granted, too, or None.
    """

    rank: Rank
    places: tuple[str, ...]
    needs: "Claim | None" = None
    clash: Clash | None = None
    is_held: bool = False

    @property
    def is_granted(self) -> bool:
        """Whether nothing is in its way, nor in that of what it needs."""
        return self.clash is None and (self.needs is None or self.needs.is_granted)


def claims_of(name: EndpointName, item: Item, region: str, seen: Observed) -> tuple[Claim, ...]:
    """Make the claims of a record, none if it lays claim to nothing in a region.

    Args:
        seen: What is known of the endpoint's objects.
    """
    if not _lays_claim(name, item, region):
        return ()
    return _claims_of(name, item, read_foothold(name, item, status_in(item, region), seen))


def clash_between(claim: Claim, rival: Claim) -> Clash:
    """Say why a claim cannot be granted because of one that comes first."""
    mine, theirs = next((one, other) for one in claim.places for other in rival.places if meet(one, other))
    name = rival.rank.name
    if mine.startswith("/"):
        expected = f"must not be {theirs!r}, nor above or below it, which endpoint {name!r} has"
        problem, contested = Problem("ingress_path", mine, expected), f"path {theirs}"
    elif claim.rank.part is Part.CANARY:
        expected = f"must be absent while there is an endpoint {name!r}, whose name the canary would take"
        problem, contested = Problem("spec.canary", Shown("set"), expected), f"name {mine}"
    else:
        expected = f"must be another name, because endpoint {name!r} has a canary of this one"
        problem, contested = Problem("endpoint_name", mine, expected), f"name {mine}"
    return Clash(rival=name, field=problem.field, contested=contested, message=str(problem))


def _lays_claim(name: EndpointName, item: Item, region: str) -> bool:
    regions = regions_of(item)
    is_wanted = item.get("desired_state") != DesiredState.DELETED and (regions is None or region in regions)
    return is_wanted and is_valid_name(name)


def _claims_of(name: EndpointName, item: Item, foothold: Foothold) -> tuple[Claim, ...]:
    own = _own_claims(name, item, foothold)
    if not (_has_canary(item) or foothold.has_canary):
        return own
    footing = foothold.footing if foothold.has_canary else Footing.NONE
    rank = Rank(footing, _created_at(item), name, Part.CANARY)
    return (*own, Claim(rank=rank, places=(f"{name}-canary",), needs=own[-1]))


def _own_claims(name: EndpointName, item: Item, foothold: Foothold) -> tuple[Claim, ...]:
    """Make one claim of name and path, unless the endpoint stands at another path than it wants."""
    created, wanted, left = _created_at(item), _place_of(ingress_path_of(item)), _place_of(foothold.path)
    rank = Rank(foothold.footing, created, name, Part.ENDPOINT)
    if not left or left == wanted:
        return (Claim(rank=rank, places=(name, *wanted)),)
    stays = Claim(rank=rank, places=(name,))
    leaves = Claim(rank=rank._replace(part=Part.LEFT_PATH), places=left)
    if not wanted:
        return (leaves, stays)
    moves = Rank(Footing.NONE, created, name, Part.NEW_PATH)
    return (leaves, stays, Claim(rank=moves, places=wanted, needs=stays))


def _place_of(path: str | None) -> tuple[str, ...]:
    place = "" if path is None else path.rstrip("/")
    return (place,) if place.startswith("/") else ()


def _has_canary(item: Item) -> bool:
    """Whether it has one, readable or not: what a broken one left running bears its name."""
    spec = item.get("spec")
    return isinstance(spec, Mapping) and spec.get("canary") is not None


def _created_at(item: Item) -> float:
    """Read when a record was made, in seconds; one that does not say so comes last."""
    try:
        time = datetime.fromisoformat(str(item.get("created_at")))
    except ValueError:
        return inf
    return inf if time.tzinfo is None else (time - _EPOCH).total_seconds()
