"""Whether this process is alive, and whether it is ready: judged from what can be read of it.

Alive depends on nothing outside: a process that cannot reach the API server or AWS is not cured by being restarted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gco_stream.core.brake import CONFIRMS
from gco_stream.core.vitals import Role, Vitals

# A loop that is so late at every beat can keep neither a lease nor a deadline.
LATE_SECONDS = 5.0
# A pass that is over its deadline, and a leader that has lost the lease, end themselves; this is time enough to.
GRACE_SECONDS = 15.0
# A bookmark comes each minute, and a watch that is silent for longer is begun anew.
SILENT_WATCH_SECONDS = 150.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        detail: What is wrong, or how it is.
    """

    name: str
    is_fine: bool
    detail: str


def liveness(vitals: Vitals) -> tuple[Check, ...]:
    """Say whether the process would be better off restarted."""
    return (_event_loop(vitals), _lease(vitals), _passes(vitals))


def readiness(vitals: Vitals) -> tuple[Check, ...]:
    """Say whether the process does its part: leads and hears of changes, or could take over."""
    return (_caches(vitals), _role(vitals), _scan(vitals), _deletions(vitals))


def is_fine(checks: Sequence[Check]) -> bool:
    """Whether nothing is wrong."""
    return all(check.is_fine for check in checks)


def told(checks: Sequence[Check]) -> str:
    """Tell every check on a line of its own, in the form in which Kubernetes' own servers do."""
    lines = [f"[{'+' if check.is_fine else '-'}] {check.name}: {check.detail}" for check in checks]
    return "\n".join([*lines, "ok" if is_fine(checks) else "failed", ""])


def _event_loop(vitals: Vitals) -> Check:
    is_late = bool(vitals.lags) and min(vitals.lags) > LATE_SECONDS
    detail = f"late by up to {vitals.lag:.3f} s at the last {len(vitals.lags)} beats"
    return Check(name="event loop", is_fine=not is_late, detail=detail)


def _lease(vitals: Vitals) -> Check:
    if vitals.role is Role.STANDBY:
        return Check(name="lease", is_fine=True, detail="not ours")
    overdue = -vitals.certain_seconds
    if overdue > GRACE_SECONDS:
        return Check(name="lease", is_fine=False, detail=f"overdue for {overdue:.0f} s, and this process has not ended")
    return Check(name="lease", is_fine=True, detail=f"certain for {max(0.0, vitals.certain_seconds):.1f} s")


def _passes(vitals: Vitals) -> Check:
    allowed = vitals.work.pass_deadline + GRACE_SECONDS
    stuck = [(name, seconds) for name, seconds in vitals.work.in_hand.items() if seconds > allowed]
    if stuck:
        name, seconds = max(stuck, key=lambda one: one[1])
        others = f", and {len(stuck) - 1} more" if len(stuck) > 1 else ""
        return Check(name="passes", is_fine=False, detail=f"{name} is stuck since {seconds:.0f} s{others}")
    return Check(name="passes", is_fine=True, detail=f"{len(vitals.work.in_hand)} in hand")


def _caches(vitals: Vitals) -> Check:
    missing = [kind.value for kind, watched in vitals.watches.items() if not watched.is_listed]
    if missing:
        return Check(name="caches", is_fine=False, detail="not listed yet: " + ", ".join(missing))
    silent = {kind.value: watched.silent_seconds or 0.0 for kind, watched in vitals.watches.items()}
    deaf = [f"{kind} for {seconds:.0f} s" for kind, seconds in silent.items() if seconds > SILENT_WATCH_SECONDS]
    if deaf:
        return Check(name="caches", is_fine=False, detail="nothing was heard of " + ", ".join(deaf))
    objects = sum(watched.objects for watched in vitals.watches.values())
    return Check(name="caches", is_fine=True, detail=f"{objects} objects")


def _role(vitals: Vitals) -> Check:
    if vitals.role is Role.STOPPING:
        return Check(name="events", is_fine=False, detail="stopping")
    if vitals.role is Role.STANDBY:
        return Check(name="events", is_fine=True, detail=f"standing by, {vitals.leader or 'nobody'} leads")
    if vitals.source is None:
        return Check(name="events", is_fine=False, detail="leading, but not yet following anything")
    return Check(name="events", is_fine=vitals.source.is_ready, detail=vitals.source.detail)


def _scan(vitals: Vitals) -> Check:
    """Say whether the table was ever scanned to its end: before that nothing is known of clashes, and nobody works."""
    complete, failed = (0, 0) if vitals.resyncs is None else (vitals.resyncs.complete, vitals.resyncs.failed)
    if vitals.role is Role.LEADER and complete == 0:
        detail = f"the first scan is not complete, {failed} have failed: nothing is worked on before"
        return Check(name="scan", is_fine=False, detail=detail)
    return Check(name="scan", is_fine=True, detail=f"{complete} complete, {failed} failed")


def _deletions(vitals: Vitals) -> Check:
    """Tell of deletions that wait; they are no reason to be taken for unready."""
    detail = f"{len(vitals.braked)} wait to be confirmed: {CONFIRMS}" if vitals.braked else "none waits"
    return Check(name="deletions", is_fine=True, detail=detail)
