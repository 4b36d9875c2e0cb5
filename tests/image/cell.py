"""Runs a command as a container would: ``python -m tests.image.cell PLAN``, which becomes that command.

What it sees is a read-only root with nothing in it but what the plan names: no shell, no home, no place to write. It
runs as another user, who may gain nothing. Needs root, or a kernel that lets anybody make user namespaces. Linux only.

Sources: user_namespaces(7), mount(2), mount_namespaces(7).
"""

import ctypes
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

CANNOT = 125
"""Exit code where the kernel does not allow it."""

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
_PR_SET_NO_NEW_PRIVS = 38
# A mount keeps these of the one that it is made from: another user may not take them away.
_KEPT = os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC


class CannotConfine(Exception):
    """The kernel does not allow it here; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run, and on what.

    Attributes:
        root: An empty folder, which becomes the root.
        seen: Folders and files that are to be seen there, each with where it is now; links are made anew.
        user: Number of the user and the group.
        command: Program and arguments.
        environment: All variables.
    """

    root: str
    seen: dict[str, str]
    user: int
    command: list[str]
    environment: dict[str, str]

    def text(self) -> str:
        """The plan as an argument."""
        return json.dumps(asdict(self))


def run(plan: Plan) -> None:
    """Become the command.

    Raises:
        CannotConfine: Nothing has been run.
    """
    is_root = os.geteuid() == 0
    _leave(plan.user, is_root=is_root)
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", plan.root, "tmpfs", 0)
    for path, source in plan.seen.items():
        _show(Path(source), Path(plan.root + path))
    _mount("none", plan.root, "", _MS_REMOUNT | _MS_BIND | _MS_RDONLY)
    os.chroot(plan.root)
    os.chdir("/")
    if is_root:
        os.setgroups([])
        os.setresgid(plan.user, plan.user, plan.user)
        os.setresuid(plan.user, plan.user, plan.user)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Whoever is not root loses every capability by this.
    os.execve(plan.command[0], plan.command, plan.environment)


def _leave(user: int, *, is_root: bool) -> None:
    """Get mounts of our own; whoever is not root becomes somebody else in a user namespace for that."""
    if is_root:
        _call("unshare", _CLONE_NEWNS)
        return
    outside_user, outside_group = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER | _CLONE_NEWNS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {outside_user} 1")
    Path("/proc/self/gid_map").write_text(f"{user} {outside_group} 1")


def _show(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    if source.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    _mount(str(source), str(target), "", _MS_BIND | _MS_REC)
    _mount("none", str(target), "", _MS_REMOUNT | _MS_BIND | _MS_RDONLY | os.statvfs(target).f_flag & _KEPT)


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    _call("mount", source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None)


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        raise CannotConfine(f"{name}: {os.strerror(ctypes.get_errno())}")


def main() -> int:
    """Read the plan, and become its command."""
    try:
        run(Plan(**json.loads(sys.argv[1])))
    except (CannotConfine, PermissionError) as trouble:
        print(f"cannot confine: {trouble}", file=sys.stderr)
    return CANNOT


if __name__ == "__main__":
    sys.exit(main())
