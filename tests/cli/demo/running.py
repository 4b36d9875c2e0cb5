"""``gco-stream demo`` as a process of its own, and what it leaves behind."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LONGEST = 100.0


@dataclass
class Demo:
    """A running demo.

    Attributes:
        folder: What it has for temporary files.
        lines: What it has printed so far, on either stream.
    """

    process: subprocess.Popen[str]
    folder: Path
    lines: list[str] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def follow(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self._more.notify_all()

    def until(self, words: str) -> None:
        """Wait until it has printed some words."""
        with self._more:
            assert self._more.wait_for(lambda: words in self.text, LONGEST), self.text

    def end(self) -> int:
        """Wait until it has ended, and return its exit code."""
        return self.process.wait(LONGEST)

    def left_behind(self) -> list[str]:
        """Name the processes and the temporary files that are left of it."""
        files = [str(path) for path in self.folder.rglob("*")]
        mark = f"TMPDIR={self.folder}".encode()
        return files + [entry.name for entry in Path("/proc").iterdir() if mark in _environment(entry)]


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def environment_at(folder: Path, **more: str) -> dict[str, str]:
    inherited = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    return {**inherited, "HOME": "/absent", "TMPDIR": str(folder), **more}


@contextmanager
def running_demo(folder: Path, *options: str, **environment: str) -> Iterator[Demo]:
    """Run the demo; one that does not end by itself is killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gco_stream", "demo", *options],
        env=environment_at(folder, **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # As from a shell: Ctrl-C is for all of it.
        start_new_session=True,
    )
    demo = Demo(process, folder)
    reading = threading.Thread(target=demo.follow)
    reading.start()
    try:
        yield demo
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reading.join()
        assert process.stdout is not None
        process.stdout.close()


def exported(lines: list[str]) -> Mapping[str, str]:
    """Read the lines that a shell would."""
    pairs = (line.removeprefix("export ").partition("=") for line in lines if line.startswith("export "))
    return {name: value for name, _, value in pairs}
