"""Making a thing once per machine, however many processes ask for it at once."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROGRESS_EVERY = 10.0
"""Seconds between two lines of progress."""
LINES_OF_LOG = 15


class CannotMake(Exception):
    """A part is missing and cannot be made here; the message says what to do about it."""


def cache_root() -> Path:
    """Where the parts are kept: outside any checkout, so that a fresh clone finds them."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "gco-stream"


def digest(*files: Path) -> str:
    """Eight characters that change whenever the content of one of the files does."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.read_bytes())
    return whole.hexdigest()[:8]


def make_once(target: Path, make: Callable[[Path], None]) -> Path:
    """Return `target`, letting `make` fill a folder that becomes it, unless it is there already.

    `target` appears whole or not at all, and is made by one process at a time.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with only_one_process(target.with_name(f"{target.name}.lock")):
        if not target.exists():
            _make_whole(target, make)
    return target


def _make_whole(target: Path, make: Callable[[Path], None]) -> None:
    unfinished = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        make(unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def only_one_process(lock: Path) -> Iterator[None]:
    """Hold the lock file; it is let go by the kernel, too, should this process die."""
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that is making {lock.stem}")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def find_tool(name: str, install: str) -> str:
    """The full path of a program on PATH.

    Raises:
        CannotMake: It is not installed; `install` says how to get it.
    """
    found = shutil.which(name)
    if found is None:
        raise CannotMake(f"`{name}` is needed for the test world and is not on PATH: {install}")
    return found


def run_showing_progress(what: str, command: Sequence[str], *, cwd: Path, **environment: str) -> str:
    """Run a long command, say now and then that it still runs, and return its output.

    Raises:
        CannotMake: It failed; the message ends with the last lines of what it wrote.
    """
    say(what)
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **environment}, stdout=output, stderr=output
        ) as running:
            _wait_aloud(what, running, began)
        output.seek(0)
        text = output.read()
    if running.returncode != 0:
        tail = "\n".join(text.splitlines()[-LINES_OF_LOG:])
        raise CannotMake(f"{what}: `{command[0]}` exited with {running.returncode}\n{tail}")
    say(f"{what}: done in {time.monotonic() - began:.0f} s")
    return text


def _wait_aloud(what: str, running: subprocess.Popen[bytes], began: float) -> None:
    try:
        while True:
            try:
                running.wait(PROGRESS_EVERY)
                return
            except subprocess.TimeoutExpired:
                say(f"{what}: {time.monotonic() - began:.0f} s")
    except BaseException:
        running.terminate()
        raise


def say(line: str) -> None:
    """Tell the person who waits; standard output is kept for what programs read."""
    print(f"[world] {line}", file=sys.stderr, flush=True)
