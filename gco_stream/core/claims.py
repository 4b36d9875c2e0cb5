"""Which records want the same name or path, and which of them may have it.

Everything is kept in memory from what was read of the table: nothing here asks anybody. Claims come in an order: what
is published comes first, then what was created earlier, then the name. From the first to the last, each is granted
unless one before it meets it that

- is granted: one that is blocked blocks nobody by wanting, so nobody waits for a loser; or
- is published: its objects stand, blocked or not, and nobody may get in their way.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator

from gco_stream.core.claim import Claim, Clash, Part, claims_of, clash_between
from gco_stream.core.footing import Footing
from gco_stream.core.models import EndpointName, Item, Observed
from gco_stream.core.register import Register

_NOTHING = Observed()


class Claims:
    """What every record lays claim to in one region.

    A record claims its name, its path with everything below it, and the name of its canary while it has one or one that
    is over still stands; also while it is stopped, and as far as it can be read where it is wrong. One that is
    ``deleted``, that does not target the region, or whose name Kubernetes refuses, claims nothing.

    Attributes:
        are_complete: Whether every record has been noted once; until then nobody can be said to be without a rival.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._known: set[EndpointName] = set()
        self._read_meanwhile: set[EndpointName] | None = None
        self.are_complete = False
        self._of: dict[EndpointName, tuple[Claim, ...]] = {}
        self._all: Register[Claim] = Register()
        self._holding: Register[Claim] = Register()

    def note(self, item: Item, seen: Observed = _NOTHING) -> frozenset[EndpointName]:
        """Take in a record as it is now.

        Args:
            item: The record.
            seen: What is known of its objects, projections or whole; what is not seen is read from its status.

        Returns:
            The other endpoints whose clash appeared, changed or ended by this: they have to be looked at again.
        """
        name = EndpointName(str(item["endpoint_name"]))
        self._was_read(name)
        return self._note(name, item, seen)

    def forget(self, name: EndpointName) -> frozenset[EndpointName]:
        """Drop a record that is gone, and return the endpoints that have to be looked at again."""
        self._was_read(name)
        return self._forget(name)

    def begin_scan(self) -> None:
        """Take in that every record is going to be read; a scan that was not complete is over."""
        self._read_meanwhile = set()

    def note_scanned(self, item: Item, seen: Observed = _NOTHING) -> frozenset[EndpointName]:
        """Take in a record as a scan shows it, unless it has been read by itself since the scan began."""
        name = EndpointName(str(item["endpoint_name"]))
        is_old = self._read_meanwhile is not None and name in self._read_meanwhile
        return frozenset() if is_old else self._note(name, item, seen)

    def end_scan(self, names: Collection[EndpointName]) -> frozenset[EndpointName]:
        """Take in that a scan has found these records and no others.

        What it did not find is dropped, but for what has been read by itself since it began.

        Returns:
            The endpoints that have to be looked at again.
        """
        found, self._read_meanwhile = {*names, *(self._read_meanwhile or ())}, None
        self.are_complete = True
        gone = self._known - found
        return frozenset().union(*(self._forget(name) for name in gone)) - gone

    def _was_read(self, name: EndpointName) -> None:
        if self._read_meanwhile is not None:
            self._read_meanwhile.add(name)

    def _note(self, name: EndpointName, item: Item, seen: Observed) -> frozenset[EndpointName]:
        self._known.add(name)
        return self._replace(name, claims_of(name, item, self._region, seen))

    def _forget(self, name: EndpointName) -> frozenset[EndpointName]:
        self._known.discard(name)
        return self._replace(name, ())

    def knows(self, name: str) -> bool:
        """Whether there is a record of this name, be it deleted, meant for other regions, or wrong."""
        return name in self._known

    def rival_of(self, name: EndpointName) -> Clash | None:
        """Say why an endpoint may not have all that it claims; None if it may, or claims nothing."""
        return next((claim.clash for claim in self._of.get(name, ()) if claim.clash is not None), None)

    def _replace(self, name: EndpointName, new: tuple[Claim, ...]) -> frozenset[EndpointName]:
        old = self._of.get(name, ())
        if [(claim.rank, claim.places) for claim in old] == [(claim.rank, claim.places) for claim in new]:
            return frozenset()
        concerned: set[Claim] = set()
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

    def _leave(self, claim: Claim) -> set[Claim]:
        """Take a claim away, and return those that may depend on it."""
        self._all.remove(claim, claim.places)
        if not claim.is_held:
            return set()
        self._holding.remove(claim, claim.places)
        return set(self._all.touching(claim.places))

    def _enter(self, claim: Claim) -> set[Claim]:
        """Let a claim in, and return those that may depend on it, itself among them."""
        self._all.add(claim, claim.places)
        claim.clash = self._find_clash(claim)
        return set(self._all.touching(claim.places)) if self._hold_or_yield(claim) else {claim}

    def _settle(self, claims: Iterable[Claim]) -> frozenset[EndpointName]:
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

    def _hold_or_yield(self, claim: Claim) -> bool:
        """Note whether others must keep away from what a claim wants, and return whether that is new."""
        holds = claim.is_granted or claim.rank.footing is not Footing.NONE
        if holds == claim.is_held:
            return False
        claim.is_held = holds
        (self._holding.add if holds else self._holding.remove)(claim, claim.places)
        return True

    def _behind(self, claim: Claim, *, is_moved: bool) -> Iterator[Claim]:
        """Find the later claims that depend on one: its record's on its being granted, all it meets on its holding."""
        met = self._all.touching(claim.places) if is_moved else ()
        return (other for other in (*self._of[claim.rank.name], *met) if other.rank > claim.rank)

    def _find_clash(self, claim: Claim) -> Clash | None:
        """Find who is in the way; nobody is in that of an endpoint that gives a path up."""
        if claim.rank.part is Part.LEFT_PATH:
            return None
        met = (other for other in self._holding.touching(claim.places) if other.rank.name != claim.rank.name)
        rivals = (other for other in met if other.rank < claim.rank)
        first = min(rivals, key=lambda rival: rival.rank, default=None)
        return None if first is None else clash_between(claim, first)
