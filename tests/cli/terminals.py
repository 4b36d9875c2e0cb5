"""A terminal of a width and a height, with a command on it and somebody who types and reads."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|[=>78]|\][^\x07]*\x07)")
COLORS = re.compile(r"\x1b\[[\d;]*m")


class Terminal:
    """What is on the screen, and what can be done at the keyboard."""

    def __init__(self, process: "subprocess.Popen[bytes]", end: int) -> None:
        self.process = process
        self._end = end
        self.raw = ""

    @property
    def text(self) -> str:
        """What was written, without colors and cursor movements."""
        return _ESCAPES.sub("", self.raw).replace("\r\n", "\n")

    def types(self, text: str) -> None:
        os.write(self._end, text.encode())

    def interrupts(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def shows(self, words: str, within: float = 60) -> None:
        """Read until something is on the screen."""
        deadline = time.monotonic() + within
        while words not in self.text:
            assert self._reads(deadline), f"never showed {words!r}:\n{self.text}"

    def ends(self, within: float = 60) -> int:
        """Read to the end, and return the exit code."""
        deadline = time.monotonic() + within
        while self._reads(deadline):
            pass
        code = self.process.wait(timeout=max(1.0, deadline - time.monotonic()))
        assert "Traceback" not in self.text, self.text
        return code

    def _reads(self, deadline: float) -> bool:
        """Read what comes next; False at the end, which a terminal tells as an error."""
        ready, _, _ = select.select([self._end], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"nothing came in time:\n{self.text}"
        try:
            found = os.read(self._end, 65_536)
        except OSError:
            return False
        self.raw += found.decode(errors="replace")
        return bool(found)


@contextmanager
def at_terminal(
    environment: Mapping[str, str],
    *arguments: str,
    columns: int = 80,
    rows: int = 24,
    program: Sequence[str] = ("-m", "gco_stream"),
) -> Iterator[Terminal]:
    """Run a command, or another Python program, on a terminal of its own; it is ended in the end."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    inherited = {key: os.environ[key] for key in ("PATH", "LANG", "PYTHONPATH") if key in os.environ}
    nowhere = {"HOME": "/absent", "AWS_EC2_METADATA_DISABLED": "true", "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, *program, *arguments],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**inherited, **nowhere, **environment},
        start_new_session=True,
    )
    os.close(its)
    try:
        yield Terminal(process, ours)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)
