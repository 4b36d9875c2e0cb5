"""Says on a terminal what is being waited for, once that takes more than a second."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

_PATIENCE_SECONDS = 1.0


class Progress:
    """What is under way, and how far it is."""

    def __init__(self, what: str) -> None:
        self._status = Console(stderr=True, highlight=False, markup=False).status(f"{what} …")
        self._what = what
        self.done = 0

    def start(self) -> None:
        """Begin to say it."""
        self._status.start()

    def stop(self) -> None:
        """Leave nothing behind."""
        self._status.stop()

    def step(self, of: int) -> None:
        """Take in that one more of so many is done."""
        self.done += 1
        self._status.update(f"{self._what}: {self.done} of {of} …")


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """Say what is being done while it is, where somebody looks at it and it takes its time; inside a loop alone."""
    shown = Progress(what)
    is_seen = sys.stderr.isatty()
    later = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, shown.start) if is_seen else None
    try:
        yield shown
    finally:
        if later is not None:
            later.cancel()
            shown.stop()
