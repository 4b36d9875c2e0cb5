"""What is told when Ctrl-C ends a command: what was done, what was not, and what nobody knows."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from gco_stream.cli.telling import interrupted


@contextmanager
def told_if_interrupted(say: Callable[[], str]) -> Iterator[None]:
    """Tell how things are when Ctrl-C ends this; whoever knows better within has told it already.

    Raises:
        Unable: It does.
    """
    try:
        yield
    except asyncio.CancelledError:
        raise interrupted(say()) from None


class Ledger:
    """Which of several records have been written, one after the other."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._written = 0
        self._is_in_hand = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write the next one; an answer that does not come any more leaves open whether it is."""
        self._is_in_hand = True
        yield
        self._is_in_hand = False
        self._written += 1

    def __str__(self) -> str:
        rest = self._written + self._is_in_hand
        if rest == 0:
            return "nothing was written"
        written, open_, not_written = (
            self._names[: self._written],
            self._names[self._written : rest],
            self._names[rest:],
        )
        parts = [f"written: {', '.join(written)}"] if written else []
        parts += [f"whether {one} was written is not known, `gco-stream endpoint show {one}` tells" for one in open_]
        parts += [f"not written: {', '.join(not_written)}"] if not_written else []
        return "; ".join(parts)
