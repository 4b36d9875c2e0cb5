"""Processes that belong to a world: started, waited for until they answer, and always ended."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LINES_OF_LOG = 20
POLL = 0.03
READY_WITHIN = 60.0
"""Seconds; far above the 2 s that it takes, for machines that are busy with other things."""


class PartFailed(Exception):
    """A part of the world died or never answered; the message ends with the tail of its log."""


@dataclass(frozen=True, slots=True)
class Part:
    """One running process of the world."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]
    command: tuple[str, ...]

    async def until(self, answers: Callable[[], Awaitable[bool]]) -> None:
        """Wait until the part answers.

        Raises:
            PartFailed: It exited instead, or a minute went by.
        """
        give_up = time.monotonic() + READY_WITHIN
        while not await answers():
            if self.process.poll() is not None:
                raise self._failure(f"exited with {self.process.returncode}")
            if time.monotonic() > give_up:
                raise self._failure(f"did not answer within {READY_WITHIN:.0f} s")
            await asyncio.sleep(POLL)

    def _failure(self, what: str) -> PartFailed:
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-LINES_OF_LOG:])
        return PartFailed(f"{self.name} {what}; the end of its log:\n{tail}")


class Processes:
    """The world's processes and the folder that their state and logs are in."""

    def __init__(self, folder: Path, guard: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self._guard = guard
        self._parts: list[Part] = []

    def start(self, name: str, command: Sequence[str | Path]) -> Part:
        """Start one process in a session of its own: a Ctrl-C in the terminal is not meant for it."""
        log, words = self.folder / f"{name}.log", tuple(map(str, command))
        with log.open("ab") as output:
            process = subprocess.Popen(
                words,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._tell_guard(process.pid)
        part = Part(name, log, process, words)
        self._parts.append(part)
        return part

    def kill(self, name: str) -> None:
        """Kill a part, and wait until it is gone."""
        part = self._part(name)
        part.process.kill()
        part.process.wait()

    def start_again(self, name: str) -> None:
        """Start a part that was killed as it was started before; when it answers is for others to see."""
        part = self._part(name)
        self._parts.remove(part)
        self.start(name, part.command)

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Let a part stand still, with its connections open, until the end of the block."""
        process = self._part(name).process
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def _part(self, name: str) -> Part:
        (part,) = (part for part in self._parts if part.name == name)
        return part

    def pids(self) -> dict[str, int]:
        """The process id of each part, by its name."""
        return {part.name: part.process.pid for part in self._parts}

    def end(self) -> None:
        """End everything the way that a crash of this process would: by leaving it to the guard."""
        assert self._guard.stdin is not None
        with suppress(BrokenPipeError):
            self._guard.stdin.close()
        self._guard.wait()
        for part in self._parts:
            part.process.wait()

    def _tell_guard(self, pid: int) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.write(f"{pid}\n".encode())
        self._guard.stdin.flush()


@contextmanager
def guarded_processes() -> Iterator[Processes]:
    """A place to start processes in; all of them are gone, and their folder too, afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="gco-stream-world-"))
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", Path(__file__).with_name("guard.py"), folder],
        stdin=subprocess.PIPE,
        start_new_session=True,
        # Elsewhere than here: whoever waits for our output to end must not wait for the guard.
        stdout=subprocess.DEVNULL,
        cwd="/",
    )
    processes = Processes(folder, guard)
    try:
        yield processes
    finally:
        processes.end()


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1 that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def accepts_connections(port: int) -> Callable[[], Awaitable[bool]]:
    """A question for `Part.until`: does something listen on that port?"""

    async def ask() -> bool:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    return ask


def is_alive(pid: int) -> bool:
    """Does a process with that id exist?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
