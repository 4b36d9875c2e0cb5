"""What the resync counts, for whoever shows it."""

from dataclasses import dataclass


@dataclass(slots=True)
class ResyncCounts:
    """Counters that only rise, and the last duration.

    Attributes:
        complete: Resyncs that went through.
        failed: Scans that broke off and were begun again; none of them has judged anything gone.
        queued: Endpoints that were found not to be as wanted, or could not be compared.
        behind: Endpoints that the watch had missed something of.
        gone: Endpoints that had objects and no record, counted anew by each resync.
        seconds: How long the last complete one took; None before the first.
    """

    complete: int = 0
    failed: int = 0
    queued: int = 0
    behind: int = 0
    gone: int = 0
    seconds: float | None = None
