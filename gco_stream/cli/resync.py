"""``gco-stream resync``: asks the running controller for a full resync."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from gco_stream.cli.command import Shape, command
from gco_stream.cli.exits import Exit
from gco_stream.cli.printing import print_line
from gco_stream.cli.telling import Unable, tell, wrong_usage
from gco_stream.errors import InvalidSettings, Transient
from gco_stream.settings import read_settings

_OURS = ("gco-stream", "gco_stream")


@command
def resync(
    shape: Shape,
    pid: Annotated[int, typer.Option("--pid", metavar="PID", min=1, help="The controller's process.")] = 1,
    confirm_deletions: Annotated[
        bool, typer.Option("--confirm-deletions", help="Let go, once, what waits because its records are gone.")
    ] = False,
) -> None:
    """Ask the running controller for a full resync: every record and every object is compared anew.

    In a pod the controller is process 1. On one that stands by nothing is done, and the leader's pod is named.

    Where many records are gone at once, the controller takes nothing down and logs "deletions wait for a confirmation"
    with the names; --confirm-deletions is that confirmation, for those that wait at this moment.

    Example: kubectl -n gco-system exec deploy/inference-monitor -- gco-stream resync
    """
    number = signal.SIGUSR1 if confirm_deletions else signal.SIGHUP
    _check(pid, number)
    leader = asyncio.run(_other_leader())
    if leader is not None:
        pod = leader.rpartition("_")[0] or leader
        raise Unable(f"this process stands by, the leader is {pod}", hint=f"ask there: kubectl exec {pod} -- …")
    _send(pid, number)
    asked = "to let go what waits, and for a resync" if confirm_deletions else "for a resync"
    print_line(f"process {pid} was asked {asked}; its log tells the rest", shape)


def _check(pid: int, number: signal.Signals) -> None:
    """Make sure that the process is a controller, and listens: a signal ends whoever does not expect it.

    Raises:
        Unable: It is none, or there is none, or it does not listen yet.
    """
    proc = Path("/proc")
    if not (proc / "self").exists():
        if pid == 1:
            raise wrong_usage("--pid is needed on this system", hint="`pgrep -f 'gco.stream run'` finds it")
        return
    try:
        words = (proc / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError as error:
        raise Unable(f"there is no process {pid}", code=Exit.UNKNOWN, hint="--pid says which") from error
    if "run" not in words or not any(ours in word for ours in _OURS for word in words):
        said = " ".join(words).strip()[:80] or "unnamed"
        raise wrong_usage(f"process {pid} is no controller: {said}", hint="--pid says which one is")
    if not _expects((proc / str(pid) / "status").read_text(), number):
        raise Unable(f"process {pid} does not listen yet", code=Exit.UNKNOWN, hint="ask again when it has started")


def _expects(status: str, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal: a bit for each, the lowest for signal 1; see proc(5)."""
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), None)
    return caught is None or bool(int(caught, 16) >> (number - 1) & 1)


async def _other_leader() -> str | None:
    """Return who leads, if it is known and not a process of this pod."""
    from gco_stream.shell.world import connected

    me = os.environ.get("HOSTNAME", "").strip()
    if not me:
        return None
    try:
        settings = read_settings(os.environ)
        async with connected(settings) as world:
            lease = await world.leases.read()
    except (InvalidSettings, Transient) as error:
        tell(f"note: could not find out who leads: {error}")
        return None
    holder = lease.holder if lease is not None else ""
    return holder if holder and holder.rpartition("_")[0] != me else None


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError as error:
        raise Unable(f"there is no process {pid}", code=Exit.UNKNOWN, hint="--pid says which") from error
    except PermissionError as error:
        hint = "run it as the same user: kubectl exec does"
        raise Unable(f"not allowed to signal process {pid}", code=Exit.UNKNOWN, hint=hint) from error
