"""Whether the objects of endpoints without a record may go: a few at a time, and many only where a person says so.

A record that is gone may mean that somebody removed one by hand, or that a script, a restore or a wrong table took all
of them away; each single look says the same. So they are gathered for a moment and judged together, before the first
object goes. Times are seconds of any clock that only goes forward. What was let go and what waits is forgotten with the
process. So nothing goes before its first complete scan has been judged as a whole, and of what only that scan says one
endpoint goes at the most, and never the last: a restart must not let go what the process before it held back.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from gco_stream.core.models import EndpointName

CONFIRMS = "gco-stream resync --confirm-deletions"
"""What a person types to let go what waits."""
GATHER_SECONDS = 5.0
WINDOW_SECONDS = 300.0

Known = Callable[[], Collection[EndpointName]]
"""Says which endpoints have objects here, when that matters."""


@dataclass(frozen=True, slots=True)
class Released:
    """What is ours of it may go."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """Ask again in so many seconds: more of its kind may follow."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Braked:
    """Nothing may go: until somebody confirms it, or until a complete scan or the stream says that it is gone."""


Verdict = Released | Gathering | Braked


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Endpoints without a record whose objects stay until somebody confirms that they may go.

    Attributes:
        endpoints: In order of their names.
        known: How many endpoints had objects here when the brake took hold.
        since: When it did.
    """

    endpoints: tuple[EndpointName, ...]
    known: int
    since: float

    def facts(self) -> dict[str, object]:
        """Say for a log how many they are, which are the first, and what lets them go."""
        shown = [str(name) for name in self.endpoints[:10]]
        return {"endpoints": len(self.endpoints), "known": self.known, "first": shown, "confirm": CONFIRMS}


class Brake:
    """What was let go when, and what waits for a confirmation.

    While anything waits, everything that is found gone waits with it.
    """

    def __init__(self, limit: int = 5) -> None:
        """Let at most ``limit`` endpoints go within the window without asking."""
        self._limit = limit
        self._has_scanned = False
        self._removed: set[EndpointName] = set()
        self._gathering: dict[EndpointName, float] = {}
        self._going: set[EndpointName] = set()
        self._let_go: dict[EndpointName, float] = {}
        self._waiting: set[EndpointName] = set()
        self._since = 0.0
        self._known = 0
        self._told = 0
        self._accepted: frozenset[EndpointName] | None = None

    @property
    def waiting(self) -> Waiting | None:
        """What waits for a confirmation; None if nothing does."""
        if not self._waiting:
            return None
        return Waiting(endpoints=tuple(sorted(self._waiting)), known=self._known, since=self._since)

    def news(self) -> Waiting | None:
        """Return what waits if people have not been told of it, or of half as many only; they are then."""
        if len(self._waiting) < max(1, 2 * self._told):
            return None
        self._told = len(self._waiting)
        return self.waiting

    def note_removed(self, name: EndpointName) -> None:
        """Take in that the stream told of a record's removal."""
        self._removed.add(name)

    def note_scan(
        self, gone: Collection[EndpointName], known: Collection[EndpointName], *, now: float
    ) -> frozenset[EndpointName]:
        """Judge what a complete scan did not find, as a whole.

        Args:
            gone: Endpoints that had objects here before the scan began, and have no record.
            known: All endpoints that have objects here.
            now: The time.

        Returns:
            The endpoints that have to be looked at: what may go, and what waits although its record was found.
        """
        is_first, self._has_scanned = not self._has_scanned, True
        fresh = {name for name in gone if name not in self._going and name not in self._waiting}
        back = {name for name in self._waiting if name not in gone}
        unseen = fresh - self._removed
        is_much_to_begin_with = is_first and (len(unseen) >= 2 or (bool(unseen) and unseen >= set(known)))
        if is_much_to_begin_with or self._is_too_much(fresh | self._gathering.keys(), known, now):
            self._hold(fresh | self._gathering.keys(), known, now)
            return frozenset(back)
        self._removed |= fresh
        self._gathering |= {name: now for name in fresh if name not in self._gathering}
        return frozenset(fresh | back | (self._going & set(gone)))

    def ask(self, name: EndpointName, known: Known, *, now: float) -> Verdict:
        """Say whether the objects of an endpoint may go whose record a consistent read has just not found."""
        if name in self._going:
            return Released()
        if name in self._waiting or name not in self._removed:
            return Braked()
        if not self._has_scanned:
            return Gathering(GATHER_SECONDS)
        if self._waiting:
            self._waiting.add(name)
            return Braked()
        self._gathering.setdefault(name, now)
        quiet = max(self._gathering.values()) + GATHER_SECONDS
        if now < quiet and not self._is_over_limit(self._gathering.keys(), now):
            return Gathering(quiet - now)
        self._judge(known(), now)
        return Released() if name in self._going else Braked()

    def forget(self, name: EndpointName) -> None:
        """Take in that an endpoint has a record, or nothing left that could go."""
        self._removed.discard(name)
        self._gathering.pop(name, None)
        self._going.discard(name)
        self._waiting.discard(name)
        if not self._waiting:
            self._told = 0

    def accept(self) -> None:
        """Take in that somebody confirms what waits at this moment, and nothing that is found later."""
        self._accepted = frozenset(self._waiting) | (self._accepted or frozenset())

    def confirm(self) -> tuple[EndpointName, ...]:
        """Let go what was accepted and still waits, once; it does not count against what may go without asking."""
        confirmed = self._waiting & (self._waiting if self._accepted is None else self._accepted)
        self._accepted = None
        self._going |= confirmed
        self._waiting -= confirmed
        self._told = 0
        return tuple(sorted(confirmed))

    def _judge(self, known: Collection[EndpointName], now: float) -> None:
        batch = set(self._gathering)
        if self._is_too_much(batch, known, now):
            self._hold(batch, known, now)
        else:
            self._gathering.clear()
            self._going |= batch
            self._let_go |= dict.fromkeys(batch, now)

    def _hold(self, batch: Collection[EndpointName], known: Collection[EndpointName], now: float) -> None:
        if not self._waiting:
            self._since, self._known = now, len(set(known) | set(batch))
        self._waiting |= set(batch)
        self._gathering.clear()

    def _is_too_much(self, batch: Collection[EndpointName], known: Collection[EndpointName], now: float) -> bool:
        if not batch:
            return False
        lost = self._lately(now) | set(batch)
        is_everything = len(lost) >= 2 and lost >= set(known)
        return bool(self._waiting) or is_everything or self._is_over_limit(batch, now)

    def _is_over_limit(self, batch: Collection[EndpointName], now: float) -> bool:
        return len(self._lately(now) | set(batch)) > self._limit

    def _lately(self, now: float) -> set[EndpointName]:
        self._let_go = {name: at for name, at in self._let_go.items() if now - at < WINDOW_SECONDS}
        return set(self._let_go)
