"""What is worth telling people beside an endpoint's objects: each transition once, and none again and again.

Told from the status before and after a pass, so that a pass that was repeated, or a process that took over, tells
nothing twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from gco_stream.core.brake import CONFIRMS, Waiting
from gco_stream.core.drift import Drift
from gco_stream.core.manifests.ownership import is_ours, is_reserved
from gco_stream.core.models import EndpointName, Observed, Scope
from gco_stream.core.plan import Plan
from gco_stream.core.publication import LOAD_BALANCER_FULL, WITHDRAWN
from gco_stream.core.status import RegionStatus, State
from gco_stream.core.wish import Request

LONGEST_NOTE = 1024
"""Bytes that an Event can hold; the API server's own message speaks of characters."""
PAUSE_SECONDS = 60.0
"""Between two Events of one reason about one endpoint."""

_RUNS = (State.CREATING, State.UPDATING, State.RUNNING)
_NOT_THERE = (None, State.DELETING, State.DELETED)
_HELD = "Held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a pass came to.

    Attributes:
        before: What the plan was made from.
        observed: What was there after it.
        status: What was reported; None: nothing was to be said.
        drifts: What was put right on the way.
    """

    request: Request
    plan: Plan
    before: Observed
    observed: Observed
    status: RegionStatus | None
    drifts: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One Event.

    Attributes:
        about: The endpoint; None: all of them.
        reason: One CamelCase word.
        note: One sentence for people.
        uid: Of the endpoint's Deployment, which the Event then stands beside; None: it stands beside the namespace.
    """

    about: EndpointName | None
    reason: str
    note: str
    is_warning: bool = False
    uid: str | None = None
    at: datetime

    @property
    def text(self) -> str:
        """The note as an Event holds it; beside the namespace it says which endpoint is meant."""
        note = " ".join(self.note.split())
        whole = note if self.uid is not None or self.about is None else f"{self.about}: {note}"
        content = whole.encode()
        if len(content) <= LONGEST_NOTE:
            return whole
        return content[: LONGEST_NOTE - len("…".encode())].decode(errors="ignore") + "…"


class _Told(NamedTuple):
    reason: str
    note: str
    is_warning: bool = False


def announcements(account: Account, scope: Scope, *, now: datetime) -> tuple[Announcement, ...]:
    """Tell which transitions a pass has brought about, or found."""
    request, status = account.request, account.status
    if status is None:
        return ()
    name, deployment = request.name, account.observed.deployment(request.name)
    uid = None if deployment is None or not is_ours(deployment, name) else deployment["metadata"].get("uid")
    turn = _Turn(account, request.status(scope.region), status)
    return tuple(
        Announcement(about=name, reason=t.reason, note=t.note, is_warning=t.is_warning, uid=uid, at=now)
        for t in turn.told()
    )


def deletions_braked(waiting: Waiting, *, now: datetime) -> Announcement:
    """Tell that more records are gone than the brake lets through."""
    first = ", ".join(waiting.endpoints[:10])
    note = f"{len(waiting.endpoints)} endpoints have no record and stay until somebody says {CONFIRMS!r}: {first}"
    return Announcement(about=None, reason="DeletionsBraked", note=note, is_warning=True, at=now)


@dataclass(frozen=True, slots=True)
class _Turn:
    """From one status to the next."""

    account: Account
    before: Mapping[str, Any]
    after: RegionStatus

    def told(self) -> Iterator[_Told]:
        yield from self._objects()
        if self.account.drifts:
            yield _Told("DriftCorrected", "; ".join(map(str, self.account.drifts)))
        yield from self._labels()
        yield from self._publication()
        yield from self._canary()
        yield from self._hold()
        yield from self._trouble()

    @property
    def _asks_anew(self) -> bool:
        return self.before.get("observed_spec") != self.after.observed_spec

    @property
    def _was_published(self) -> bool:
        """The poller's status does not say; what it called running was published."""
        return bool(self.before.get("published", self.before.get("state") == State.RUNNING))

    def _objects(self) -> Iterator[_Told]:
        name, plan = self.account.request.name, self.account.plan
        there = self.account.observed.deployment(name)
        if self.after.state not in _RUNS or there is None or plan.held is not None:
            return
        if self.account.before.deployment(name) is None or self.before.get("state") in _NOT_THERE:
            yield _Told("Created", plan.reason or "its objects are there")
        elif "observed_spec" in self.before and self._asks_anew:
            yield _Told("Updated", plan.reason or "the record has changed, its objects need not")

    def _labels(self) -> Iterator[_Told]:
        labels = (self.account.request.item or {}).get("labels")
        reserved = sorted(filter(is_reserved, map(str, labels))) if isinstance(labels, Mapping) else []
        if reserved and self._asks_anew:
            yield _Told("LabelsNotTaken", f"reserved by the platform: {', '.join(reserved)}", is_warning=True)

    def _publication(self) -> Iterator[_Told]:
        publication = self.account.plan.publication
        if self.after.published and not self._was_published:
            is_back = self.before.get("unready_since") is not None
            yield _Told("Restored", "a replica is ready again") if is_back else _Told("Published", "a replica is ready")
        is_gone = self._was_published and not self.after.published
        if is_gone and publication is not None and publication.reason == WITHDRAWN:
            yield _Told(WITHDRAWN, publication.why or "no replica is ready", is_warning=True)
        if self._begins(LOAD_BALANCER_FULL):
            yield _Told(LOAD_BALANCER_FULL, "there is no room on the load balancer", is_warning=True)

    def _canary(self) -> Iterator[_Told]:
        was, canary = self.before.get("canary"), self.after.canary
        if was is None and canary is not None:
            yield _Told("CanaryStarted", f"{canary.get('replicas_desired')} replicas beside the endpoint's own")
        if was is not None and canary is None:
            yield _Told("CanaryEnded", "all traffic is the endpoint's own")

    def _hold(self) -> Iterator[_Told]:
        if self._begins(_HELD):
            yield _Told(_HELD, self.account.plan.held or "somebody asked to leave it as it is")
        if self.before.get("reason") == _HELD and self.after.reason != _HELD:
            yield _Told("Released", "it is kept as its record says again")

    def _trouble(self) -> Iterator[_Told]:
        said = (self.before.get("state"), self.before.get("error"))
        if self.after.state is State.ERROR and said != (State.ERROR, self.after.as_map().get("error")):
            yield _Told(self.after.reason or "Error", self.after.error or "see the record", is_warning=True)

    def _begins(self, reason: str) -> bool:
        return self.after.reason == reason != self.before.get("reason")


class Sparing:
    """Lets one Event of a reason through for each endpoint, and the next no sooner than a minute after it."""

    def __init__(self) -> None:
        self._last: dict[tuple[EndpointName | None, str], float] = {}

    def lets(self, announcement: Announcement, *, now: float) -> bool:
        """Whether to tell it.

        Args:
            now: Seconds of a clock that only goes forward.
        """
        self._last = {key: then for key, then in self._last.items() if now - then < PAUSE_SECONDS}
        key = (announcement.about, announcement.reason)
        if key in self._last:
            return False
        self._last[key] = now
        return True
