"""The exception tree, named by what the controller does next.

GcoStreamError
├── InvalidSettings      list every problem, exit 2, touch nothing
├── CannotWork           what the settings name is not there or not allowed: say so, exit 2, touch nothing
├── InvalidRecord        status ``error``, wait until the record changes
├── Refused              the API server will never accept this intent: status ``error``, wait for the record
├── Conflict             somebody else was faster: read again, decide again
├── Transient            throttled, unreachable or too slow: back off and try again
│   └── Denied           a permission is missing: back off as well, but say which
├── LostLeadership       another process may lead: write nothing more, end at once
├── IteratorExpired      the place in a shard is known, its iterator is too old: ask for a new one
└── StreamGap            records may have been missed: position the stream anew and scan the table
"""

from collections.abc import Sequence
from dataclasses import dataclass


class GcoStreamError(Exception):
    """Base of everything that this package raises on purpose."""


class Shown(str):
    """Words that stand for a value in a message, as they are."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with something a person wrote: where, what is there, what would be right."""

    field: str
    value: object
    expected: str

    def __str__(self) -> str:
        return f"{self.field} is {shown(self.value)}: {self.expected}"


def shown(value: object, *, limit: int = 80) -> str:
    """Show a value from outside in a message: as Python writes it, on one line, cut to ``limit`` characters."""
    if value is None:
        return "missing"
    text = repr(value) if isinstance(value, str) and not isinstance(value, Shown) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


class _Problems(GcoStreamError):
    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class InvalidSettings(_Problems):
    """The environment cannot be used as it is; carries every problem found."""


class CannotWork(GcoStreamError):
    """What the settings name is not there, or not allowed; what it is has been told."""


class InvalidRecord(_Problems):
    """A record cannot be understood; carries every problem found."""


class Refused(GcoStreamError):
    """The API server will never accept this intent, however often it is sent.

    Attributes:
        reason: One CamelCase word for the status, e.g. ``Invalid``.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Conflict(GcoStreamError):
    """What was read is no longer what is there."""


class Transient(GcoStreamError):
    """Asking again may help.

    Attributes:
        retry_after: Seconds that the server asked us to wait, or None if it did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Denied(Transient):
    """A permission is missing; it may be granted while we run, so the work is tried again."""


class LostLeadership(GcoStreamError):
    """It is not certain any more that this process leads; another may."""


class IteratorExpired(GcoStreamError):
    """A shard iterator is older than its 15 minutes."""


class StreamGap(GcoStreamError):
    """Records may have passed unseen; only a new position and a full scan make up for it."""
