"""What the controller counts as it happens; this counts nothing, and ``shell.metrics`` is what shows it."""

from enum import Enum


class Ending(Enum):
    """How a pass ended; the value is the result that controller-runtime would call it."""

    SUCCESS = "success"
    AGAIN_LATER = "requeue_after"
    AGAIN_AT_ONCE = "requeue"
    FAILED = "error"
    REFUSED = "terminal"
    TIMED_OUT = "timeout"
    CRASHED = "panic"


class Meters:
    """Counts nothing."""

    def pass_ended(self, ending: Ending) -> None:
        """Count a pass."""

    def queued(self) -> None:
        """Count a name that somebody asked to look at."""

    def handed_out(self, waited: float) -> None:
        """Measure for how long a name was due before somebody took it, in seconds."""

    def handed_back(self, worked: float, *, is_again: bool) -> None:
        """Measure for how long it was worked on, and count whether it wants another look by itself."""

    def answered(self, method: str, code: str, host: str, seconds: float) -> None:
        """Count a request to the API server, and measure it; the code of one without an answer is ``<error>``."""

    def fulfilled(self, until: str, seconds: float) -> None:
        """Measure for how long somebody waited for what they had written into a record."""

    def announced(self, outcome: str) -> None:
        """Count an Event: ``written``, ``failed``, ``spared`` or ``dropped``."""
