"""Ends a world's processes as soon as the process that started them is gone, however it went.

Runs as a program of its own. Standard input is a pipe whose other end only the starter holds,
so it ends with the starter even when that is killed outright. Each line is one process group.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress


def end_all(groups: Iterable[int]) -> None:
    """Kill every process group; there is nothing in a world worth saving."""
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def guard(folder: str) -> None:
    """Collect process groups until the starter is gone, then end them and remove the folder."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups = [int(line) for line in sys.stdin]
    end_all(groups)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    guard(sys.argv[1])
