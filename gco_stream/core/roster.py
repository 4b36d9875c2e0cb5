"""How every endpoint was, as far as this process knows: from the table when it began, from its own passes since."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gco_stream.core.models import EndpointName, Item, Kind
from gco_stream.core.publication import LOAD_BALANCER_FULL, WITHDRAWN
from gco_stream.core.record import statuses_in
from gco_stream.core.times import time_of

HELD = "Held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How one endpoint was last.

    Attributes:
        plan: What the last pass did and why, for people; empty if it did nothing, or none has looked yet.
        since: Since when it has had this reason, as Unix time; None where nobody has said.
        added: What others have added to its objects, by kind and field manager, when the last pass looked.
    """

    state: str
    reason: str | None = None
    error: str | None = None
    published: bool = False
    plan: str = ""
    since: float | None = None
    added: Counter[tuple[Kind, str]] = field(default_factory=Counter)


class Roster:
    """The entry of each endpoint that this region has to do with."""

    def __init__(self) -> None:
        self._entries: dict[EndpointName, Entry] = {}

    def introduce(self, item: Item, region: str) -> None:
        """Take a record's own word for an endpoint that no pass has told of; a scan may be late with what it says."""
        name = EndpointName(item["endpoint_name"])
        status = statuses_in(item).get(region)
        if name not in self._entries and isinstance(status, Mapping):
            self.note(name, status, now=time_of(status.get("last_sync")))

    def note(
        self,
        name: EndpointName,
        status: Mapping[str, Any],
        plan: str = "",
        added: Counter[tuple[Kind, str]] | None = None,
        *,
        now: datetime | None = None,
    ) -> None:
        """Take the status that a pass has come to, what it did, and what it found to be added by others."""
        before, reason = self._entries.get(name), _word(status.get("reason"))
        since = None if now is None else now.timestamp()
        self._entries[name] = Entry(
            state=str(status.get("state")),
            reason=reason,
            since=before.since if before is not None and before.reason == reason else since,
            error=_word(status.get("error")),
            published=status.get("published") is True,
            plan=plan,
            added=added or Counter(),
        )

    def forget(self, names: Iterable[EndpointName]) -> None:
        """Drop endpoints whose records are gone."""
        for name in names:
            self._entries.pop(name, None)

    def names(self) -> frozenset[EndpointName]:
        """Return all names."""
        return frozenset(self._entries)

    def entries(self) -> Mapping[EndpointName, Entry]:
        """Return all of them, by name."""
        return dict(sorted(self._entries.items()))

    def states(self) -> Counter[str]:
        """Count the endpoints of each state."""
        return Counter(entry.state for entry in self._entries.values())

    def withdrawn(self) -> int:
        """Count those that the watchdog has taken off the load balancer."""
        return self._with_reason(WITHDRAWN)

    def held(self) -> int:
        """Count those that somebody asked to leave as they are."""
        return self._with_reason(HELD)

    def held_since(self) -> float | None:
        """Return since when the one that has been held longest is, as Unix time; None where none is known to be."""
        held = (entry.since for entry in self._entries.values() if entry.reason == HELD)
        return min((since for since in held if since is not None), default=None)

    def without_room(self) -> int:
        """Count those that get less traffic than they could take for lack of room on the load balancer."""
        return self._with_reason(LOAD_BALANCER_FULL)

    def added(self) -> Counter[tuple[Kind, str]]:
        """Count what others have added beside our fields."""
        return sum((entry.added for entry in self._entries.values()), Counter())

    def _with_reason(self, reason: str) -> int:
        return sum(entry.reason == reason for entry in self._entries.values())


def _word(value: object) -> str | None:
    """Take what others may have written into a status for what it should be."""
    return None if value is None else str(value)
