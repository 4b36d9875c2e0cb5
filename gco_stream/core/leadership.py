"""Who leads, and what a process does about it: the Lease as it was read, when this version was first seen, and now.

A Lease has run out when nobody has changed it for as long as it is good for, measured by our own clock since *we* first
saw it as it is. Its timestamps are for people: two machines' clocks may differ by more than a Lease lasts.

Source: https://kubernetes.io/docs/concepts/architecture/leases/
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gco_stream.core.epoch import LARGEST
from gco_stream.core.models import Manifest

LEASE_NAME = "inference-monitor-leader"
HOLDER = "gco.io/holder"

# A poller renews once in each of its cycles only: every 15 s plus whatever the cycle takes.
_POLLERS_DURATION = timedelta(seconds=45)
_DEFAULT_DURATION = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long a Lease is good for.

    Attributes:
        duration: Others leave a Lease alone for so long after its last change.
        renew_deadline: A leader that could not renew for so long leads no longer; the difference to ``duration`` is
            what clocks may run apart, and what a write in hand may take.
        retry: Between two renewals, and between two looks of a standby.
    """

    duration: timedelta = _DEFAULT_DURATION
    renew_deadline: timedelta = timedelta(seconds=10)
    retry: timedelta = timedelta(seconds=2)

    @property
    def longest_write(self) -> timedelta:
        """What one write may take at the most: half of what leading is certain for leaves room for a late renewal."""
        return self.renew_deadline / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The Lease.

    Attributes:
        holder: Who leads; empty: nobody.
        marked: Who of ours wrote the holder; a poller leaves it as it is, and so gives itself away.
        duration: How long it is good for.
        acquired: When the holder took it; None if nobody says.
        renewed: When the holder last renewed it; None: never, or given up.
        transitions: How often it was taken, or more, so that it is higher than every earlier leader's.
        version: What it was read as, and what a write of it replaces; None: there is none, and a write creates it.
        manifest: The object as it was read; what others wrote into it stays.
    """

    holder: str = ""
    marked: str = ""
    duration: timedelta = _DEFAULT_DURATION
    acquired: datetime | None = None
    renewed: datetime | None = None
    transitions: int = 0
    version: str | None = None
    manifest: Manifest = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_free(self) -> bool:
        """Whether nobody claims to lead."""
        return not self.holder or self.renewed is None

    @property
    def patience(self) -> timedelta:
        """How long others leave it alone after its last change."""
        return max(self.duration, _POLLERS_DURATION) if self.is_pollers else self.duration

    @property
    def is_pollers(self) -> bool:
        """Whether a poller holds it: some process that is none of ours."""
        return bool(self.holder) and self.marked != self.holder

    def taken(self, me: str, terms: Terms, *, at: datetime) -> "Lease":
        """Make what whoever takes it writes."""
        taken = replace(self, holder=me, marked=me, duration=terms.duration, acquired=at, renewed=at)
        return replace(taken, transitions=self.transitions + 1)

    def renewed_at(self, at: datetime, terms: Terms) -> "Lease":
        """Make what its holder writes to keep it."""
        return replace(self, marked=self.holder, duration=terms.duration, renewed=at)

    def counted_from(self, transitions: int) -> "Lease":
        """Return the same with so many transitions at least."""
        return replace(self, transitions=max(self.transitions, transitions))

    def released(self, *, at: datetime) -> "Lease":
        """Make what its holder writes to give it back; the duration stays, for whoever reads it without more ado."""
        return replace(self, holder="", marked="", renewed=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The Lease as we last saw it; None: there is none.

    Attributes:
        since: When we first saw it like this, in seconds of our own clock. To be taken after the answer has come: taken
            before, a slow answer would let a Lease run out before its holder has lost it.
        kept: Until when a holder may lead from whom somebody took the Lease by hand.
        transitions: The most that any Lease we saw had.
    """

    lease: Lease | None
    since: float
    kept: float = -math.inf
    transitions: int = 0

    def then(self, lease: Lease | None, *, now: float) -> "Sight":
        """Make of it what a new look shows."""
        before = self.lease.version if self.lease else None
        if lease is not None and lease.version == before:
            return replace(self, lease=lease)
        transitions = max(self.transitions, 0 if lease is None else lease.transitions)
        return Sight(lease=lease, since=now, kept=self._kept(lease, now), transitions=transitions)

    def _kept(self, lease: Lease | None, now: float) -> float:
        """Say until when a holder may lead who did not let go; it may have renewed right before others deleted it."""
        if self.lease is None or self.lease.is_free:
            return self.kept
        # Whoever empties it by hand leaves the mark that it was ours.
        is_given_back = lease is not None and not lease.holder and lease.marked != self.lease.holder
        return -math.inf if is_given_back else now + self.lease.patience.total_seconds()

    @property
    def holder(self) -> str:
        """Who leads, as far as is seen."""
        return self.lease.holder if self.lease else ""

    def runs_out(self) -> float:
        """Say when it can be taken, in seconds of our own clock."""
        if self.lease is None or self.lease.is_free:
            return max(self.since, self.kept)
        return self.since + self.lease.patience.total_seconds()


@dataclass(frozen=True, slots=True)
class Acquire:
    """Take the Lease; writing this over what was seen decides whether it was us."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Renew:
    """Keep the Lease that is ours."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class StandBy:
    """Somebody else leads.

    Attributes:
        until: When the Lease runs out if it is never changed again, in seconds of our own clock.
    """

    holder: str
    until: float


@dataclass(frozen=True, slots=True)
class StepDown:
    """We led, and somebody else does now."""

    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One process that may lead.

    Attributes:
        name: No two processes have the same.
    """

    name: str
    terms: Terms

    def contend(self, sight: Sight, *, now: float, at: datetime) -> Acquire | Renew | StandBy:
        """Decide what to do while not leading; a Lease that is ours already is one whose answer got lost."""
        lease = (sight.lease or Lease()).counted_from(sight.transitions)
        if lease.holder == self.name:
            return Renew(lease.renewed_at(at, self.terms))
        if now >= sight.runs_out():
            return Acquire(lease.taken(self.name, self.terms, at=at))
        return StandBy(lease.holder, sight.runs_out())

    def defend(self, sight: Sight, held: Lease, *, at: datetime) -> Acquire | Renew | StepDown:
        """Decide what to do while leading, where the Lease is not as we last wrote it.

        Somebody may have deleted or emptied it by hand: nobody leads then but us, so it is taken anew. Its count goes
        on, whatever became of it.
        """
        lease = (sight.lease or replace(held, holder="", version=None, manifest={})).counted_from(held.transitions)
        if lease.holder == self.name:
            return Renew(lease.renewed_at(at, self.terms))
        if not lease.holder:
            return Acquire(lease.taken(self.name, self.terms, at=at))
        return StepDown(lease.holder)

    def leads_until(self, sent: float) -> float:
        """Say until when leading is certain, after a write that succeeded was sent at ``sent``.

        It counts from before the request: the write may have been done at any time after that.
        """
        return sent + self.terms.renew_deadline.total_seconds()


def read_lease(manifest: Manifest) -> Lease:
    """Read a Lease as the API server has it; absent fields and nulls are as good as never written."""
    metadata, spec = manifest["metadata"], manifest.get("spec") or {}
    seconds = spec.get("leaseDurationSeconds")
    return Lease(
        holder=spec.get("holderIdentity") or "",
        marked=(metadata.get("annotations") or {}).get(HOLDER, ""),
        duration=_DEFAULT_DURATION if seconds is None else timedelta(seconds=seconds),
        acquired=_time(spec.get("acquireTime")),
        renewed=_time(spec.get("renewTime")),
        transitions=spec.get("leaseTransitions") or 0,
        version=metadata["resourceVersion"],
        manifest=manifest,
    )


def lease_manifest(lease: Lease) -> dict[str, Any]:
    """Make the object that says so: over the one that was read, or for one that does not exist yet."""
    metadata: Mapping[str, Any] = lease.manifest.get("metadata") or {}
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != HOLDER}
    ours = {
        "holderIdentity": lease.holder,
        "leaseDurationSeconds": round(lease.duration.total_seconds()),
        "acquireTime": _micro_time(lease.acquired),
        "renewTime": _micro_time(lease.renewed),
        "leaseTransitions": min(lease.transitions, LARGEST + 1),
    }
    return {
        **lease.manifest,
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            **{k: v for k, v in metadata.items() if k != "managedFields"},
            "name": LEASE_NAME,
            "annotations": {**annotations, **({HOLDER: lease.marked} if lease.marked else {})},
            **({"resourceVersion": lease.version} if lease.version else {}),
        },
        "spec": {**(lease.manifest.get("spec") or {}), **ours},
    }


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _micro_time(time: datetime | None) -> str | None:
    """Write a MicroTime: the API server takes six digits and a zone, and nothing else."""
    return None if time is None else time.astimezone(UTC).isoformat(timespec="microseconds")
