"""What a look at the surroundings comes to: whether this controller can work here, and what to do where it cannot."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How one thing is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as it should, or nobody could say."""
    UNKNOWN = "unknown"
    """It could not be found out, and matters."""
    FAILED = "failed"
    """It cannot work like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What it is about, in one or two words that stay the same.
        detail: How it is.
        hint: What to do; empty where nothing needs to be done.
    """

    check: str
    verdict: Verdict
    detail: str
    hint: str = ""

    def __str__(self) -> str:
        return self.detail + (f": {self.hint}" if self.hint else "")


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A question that was not answered.

    Attributes:
        is_denied: Whether the one who asks may not know; asking again does not help.
    """

    reason: str
    is_denied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a controller is to work, as its settings say.

    Attributes:
        table_region: The region that the table is in.
        account: Whose permissions in the cluster are judged, ``NAMESPACE/NAME``; empty: those of whoever asks.
    """

    region: str
    cluster: str
    table: str
    table_region: str
    namespace: str
    lease_namespace: str
    account: str = ""


def fine(check: str, detail: str) -> Finding:
    """Say that nothing needs to be done."""
    return Finding(check=check, verdict=Verdict.OK, detail=detail)


def warning(check: str, detail: str, hint: str) -> Finding:
    """Say that it works, but not as it should."""
    return Finding(check=check, verdict=Verdict.WARNING, detail=detail, hint=hint)


def unknown(check: str, detail: str, hint: str) -> Finding:
    """Say that it could not be found out."""
    return Finding(check=check, verdict=Verdict.UNKNOWN, detail=detail, hint=hint)


def failed(check: str, detail: str, hint: str) -> Finding:
    """Say that it cannot work."""
    return Finding(check=check, verdict=Verdict.FAILED, detail=detail, hint=hint)


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the worst verdict; something that fails is worse than something that could not be found out."""
    order = list(Verdict)
    return max((finding.verdict for finding in findings), key=order.index, default=Verdict.OK)
