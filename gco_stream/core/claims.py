"""Which records want the same name or path, and which of them may have it.

Everything is kept in memory from what was read of the table: nothing here asks anybody. Claims come in an order: what
is published comes first, then what was created earlier, then the name. From the first to the last, each is granted
unless one before it meets it that

- is granted: one that is blocked blocks nobody by wanting, so nobody waits for a loser; or
- is published: its objects stand, blocked or not, and nobody may get in their way.

A canary is a claim of its own, for it can be new where its endpoint has long been published: it must not push an
endpoint aside that bears its name already. So is a path to which a published endpoint is to move; the one that it has
stays its own until its Ingress has moved.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from math import inf
from typing import Any, NamedTuple

from gco_stream.core.footing import Foothold, Footing, read_foothold
from gco_stream.core.models import EndpointName, Item, Observed
from gco_stream.core.record import DesiredState, ingress_path_of, is_valid_name, regions_of
from gco_stream.core.register import Register, meet
from gco_stream.errors import Problem, Shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING = Observed()


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


class _Part(IntEnum):
    """What of a record a claim is of."""

    ENDPOINT = 0
    LEFT_PATH = 1
    NEW_PATH = 2
    CANARY = 3


class _Rank(NamedTuple):
    """The place of a claim; what is smaller comes first."""

    footing: Footing
    created_at: float
    name: EndpointName
    part: _Part


@dataclass(slots=True, kw_only=True, eq=False)
class _Claim:
    """What one record, or a part of it, wants to be alone with: names and a path.

    Attributes:
        needs: Another claim of the same record that must be granted, too, or None.
    """

    rank: _Rank
    places: tuple[str, ...]
    needs: "_Claim | None" = None
    clash: Clash | None = None
    is_held: bool = False

    @property
    def is_granted(self) -> bool:
        """Whether nothing is in its way, nor in that of what it needs."""
        return self.clash is None and (self.needs is None or self.needs.is_granted)


class Claims:
    """What every record lays claim to in one region.

    A record claims its name, its path with everything below it, and the name of its canary while it has one or one that
    is over still stands; also while it is stopped, and as far as it can be read where it is wrong. One that is
    ``deleted``, that does not target the region, or whose name Kubernetes refuses, claims nothing.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._known: set[EndpointName] = set()
        self._of: dict[EndpointName, tuple[_Claim, ...]] = {}
        self._all: Register[_Claim] = Register()
        self._holding: Register[_Claim] = Register()

    def note(self, item: Item, seen: Observed = _NOTHING) -> frozenset[EndpointName]:
        """Take in a record as it is now.

        Args:
            item: The record.
            seen: What is known of its objects, projections or whole; what is not seen is read from its status.

        Returns:
            The other endpoints whose clash appeared, changed or ended by this: they have to be looked at again.
        """
        name = EndpointName(str(item["endpoint_name"]))
        self._known.add(name)
        if not _lays_claim(name, item, self._region):
            return self._replace(name, ())
        foothold = read_foothold(name, item, _status_of(item, self._region), seen)
        return self._replace(name, _claims_of(name, item, foothold))

    def forget(self, name: EndpointName) -> frozenset[EndpointName]:
        """Drop a record that is gone, and return the endpoints that have to be looked at again."""
        self._known.discard(name)
        return self._replace(name, ())

    def keep_only(self, names: Collection[EndpointName]) -> frozenset[EndpointName]:
        """Drop every record but these, and return the endpoints that have to be looked at again."""
        gone = [name for name in self._known if name not in names]
        return frozenset().union(*(self.forget(name) for name in gone)) - frozenset(gone)

    def knows(self, name: str) -> bool:
        """Whether there is a record of this name, be it deleted, meant for other regions, or wrong."""
        return name in self._known

    def rival_of(self, name: EndpointName) -> Clash | None:
        """Say why an endpoint may not have all that it claims; None if it may, or claims nothing."""
        return next((claim.clash for claim in self._of.get(name, ()) if claim.clash is not None), None)

    def _replace(self, name: EndpointName, new: tuple[_Claim, ...]) -> frozenset[EndpointName]:
        old = self._of.get(name, ())
        if [(claim.rank, claim.places) for claim in old] == [(claim.rank, claim.places) for claim in new]:
            return frozenset()
        concerned: set[_Claim] = set()
        for claim in old:
            concerned |= self._leave(claim)
        for claim in new:
            concerned |= self._enter(claim)
        if new:
            self._of[name] = new
        else:
            self._of.pop(name, None)
        # Claims of one record may meet each other, and those that it has given up are judged no more.
        return self._settle(concerned.difference(old)) - {name}

    def _leave(self, claim: _Claim) -> set[_Claim]:
        """Take a claim away, and return those that may depend on it."""
        self._all.remove(claim, claim.places)
        if not claim.is_held:
            return set()
        self._holding.remove(claim, claim.places)
        return set(self._all.touching(claim.places))

    def _enter(self, claim: _Claim) -> set[_Claim]:
        """Let a claim in, and return those that may depend on it, itself among them."""
        self._all.add(claim, claim.places)
        claim.clash = self._find_clash(claim)
        return set(self._all.touching(claim.places)) if self._hold_or_yield(claim) else {claim}

    def _settle(self, claims: Iterable[_Claim]) -> frozenset[EndpointName]:
        """Judge anew in the order of rank, and follow what comes of it: it can only concern what comes later."""
        waiting = {claim.rank: claim for claim in claims}
        order = list(waiting)
        heapq.heapify(order)
        before: dict[EndpointName, Clash | None] = {}
        while order:
            claim = waiting.pop(heapq.heappop(order))
            before.setdefault(claim.rank.name, self.rival_of(claim.rank.name))
            claim.clash = self._find_clash(claim)
            for later in self._behind(claim, is_moved=self._hold_or_yield(claim)):
                if later.rank not in waiting:
                    waiting[later.rank] = later
                    heapq.heappush(order, later.rank)
        return frozenset(name for name, clash in before.items() if clash != self.rival_of(name))

    def _hold_or_yield(self, claim: _Claim) -> bool:
        """Note whether others must keep away from what a claim wants, and return whether that is new."""
        holds = claim.is_granted or claim.rank.footing is not Footing.NONE
        if holds == claim.is_held:
            return False
        claim.is_held = holds
        (self._holding.add if holds else self._holding.remove)(claim, claim.places)
        return True

    def _behind(self, claim: _Claim, *, is_moved: bool) -> Iterator[_Claim]:
        """Find the later claims that depend on one: its record's on its being granted, all it meets on its holding."""
        met = self._all.touching(claim.places) if is_moved else ()
        return (other for other in (*self._of[claim.rank.name], *met) if other.rank > claim.rank)

    def _find_clash(self, claim: _Claim) -> Clash | None:
        """Find who is in the way; nobody is in that of an endpoint that gives a path up."""
        if claim.rank.part is _Part.LEFT_PATH:
            return None
        met = (other for other in self._holding.touching(claim.places) if other.rank.name != claim.rank.name)
        rivals = (other for other in met if other.rank < claim.rank)
        first = min(rivals, key=lambda rival: rival.rank, default=None)
        return None if first is None else _clash(claim, first)


def _clash(claim: _Claim, rival: _Claim) -> Clash:
    mine, theirs = next((one, other) for one in claim.places for other in rival.places if meet(one, other))
    name = rival.rank.name
    if mine.startswith("/"):
        expected = f"must not be {theirs!r}, nor above or below it, which endpoint {name!r} has"
        problem, contested = Problem("ingress_path", mine, expected), f"path {theirs}"
    elif claim.rank.part is _Part.CANARY:
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


def _claims_of(name: EndpointName, item: Item, foothold: Foothold) -> tuple[_Claim, ...]:
    own = _own_claims(name, item, foothold)
    if not (_has_canary(item) or foothold.has_canary):
        return own
    footing = foothold.footing if foothold.has_canary else Footing.NONE
    rank = _Rank(footing, _created_at(item), name, _Part.CANARY)
    return (*own, _Claim(rank=rank, places=(f"{name}-canary",), needs=own[-1]))


def _own_claims(name: EndpointName, item: Item, foothold: Foothold) -> tuple[_Claim, ...]:
    """Make one claim of name and path, unless the endpoint stands at another path than it wants."""
    created, wanted, left = _created_at(item), _place_of(ingress_path_of(item)), _place_of(foothold.path)
    rank = _Rank(foothold.footing, created, name, _Part.ENDPOINT)
    if not left or left == wanted:
        return (_Claim(rank=rank, places=(name, *wanted)),)
    stays = _Claim(rank=rank, places=(name,))
    leaves = _Claim(rank=rank._replace(part=_Part.LEFT_PATH), places=left)
    if not wanted:
        return (leaves, stays)
    moves = _Rank(Footing.NONE, created, name, _Part.NEW_PATH)
    return (leaves, stays, _Claim(rank=moves, places=wanted, needs=stays))


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


def _status_of(item: Item, region: str) -> Mapping[str, Any]:
    statuses = item.get("region_status")
    status = statuses.get(region) if isinstance(statuses, Mapping) else None
    return status if isinstance(status, Mapping) else {}
