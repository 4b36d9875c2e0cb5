"""What exit codes mean; the one place that says so."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ends.

    Attributes:
        FINE: It did what was asked, or the answer is yes.
        NO: The answer is no: differences found, no such endpoint, changed meanwhile, not in time, crashed.
        WRONG_USAGE: The command line, a file, a record or the settings are wrong; nothing was touched.
        UNKNOWN: It could not be found out: unreachable, denied, too slow.
        INTERRUPTED: Ctrl-C, as shells have it: 128 and the signal's number.
    """

    FINE = 0
    NO = 1
    WRONG_USAGE = 2
    UNKNOWN = 3
    INTERRUPTED = 130
