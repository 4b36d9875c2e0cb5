"""Time, as the sandbox needs it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time; waits are on the event loop's own, with which it has to go."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...
