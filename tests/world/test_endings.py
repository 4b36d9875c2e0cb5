"""Nothing of a world outlives it, however it ends, and what fails to start says why."""

import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.world import CannotMake, PartFailed, eventually, running_world
from tests.world.making import find_tool, make_once
from tests.world.parts import Parts
from tests.world.processes import is_alive

ROOT = Path(__file__).parents[2]


async def test_a_world_ends_with_its_block(world_parts: Parts) -> None:
    with suppress(ZeroDivisionError):
        async with running_world(world_parts) as world:
            assert all(map(is_alive, world.pids.values()))
            raise ZeroDivisionError

    assert not any(map(is_alive, world.pids.values()))
    assert not world.folder.exists()


@contextmanager
def world_of_a_shell() -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """`python -m tests.world` once it runs, and the variables that it printed."""
    command = [sys.executable, "-m", "tests.world"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as shell:
        try:
            yield shell, _exported(shell)
        finally:
            shell.kill()


def _exported(shell: subprocess.Popen[str]) -> dict[str, str]:
    assert shell.stdout is not None
    variables: dict[str, str] = {}
    while "PATH" not in variables:
        export, assignment = shlex.split(shell.stdout.readline())
        assert export == "export"
        name, value = assignment.split("=", 1)
        variables[name] = value
    return variables


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_a_world_ends_with_its_process(world_parts: Parts, how: signal.Signals) -> None:
    with world_of_a_shell() as (shell, variables):
        folder = Path(variables["KUBECONFIG"]).parent
        assert len(pids_working_in(folder)) == 6
        shell.send_signal(how)
        shell.wait(10)

    # The guard comes after the process that it guards.
    await eventually(lambda: not pids_working_in(folder), what="all processes gone")
    await eventually(lambda: not folder.exists(), what="the folder gone")


def pids_working_in(folder: Path) -> list[int]:
    """The processes whose working directory that folder is or was (Linux); zombies have none."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str((entry / "cwd").readlink()).startswith(str(folder)):
                found.append(int(entry.name))
    return found


async def test_a_shell_takes_a_world_over_and_ends_it(world_parts: Parts) -> None:
    python = shlex.quote(sys.executable)
    script = f"""
        eval "$({python} -m tests.world &)"
        kubectl get nodes --output=name
        kill $WORLD_PID
        echo $KUBECONFIG
    """
    shell = subprocess.run(["sh", "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)

    *nodes, kubeconfig = shell.stdout.split()
    assert "node/gpu-h100-0" in nodes
    await eventually(lambda: not Path(kubeconfig).parent.exists(), what="the folder gone")


async def test_a_part_that_dies_is_named_with_its_log(world_parts: Parts, tmp_path: Path) -> None:
    broken = tmp_path / "etcd"
    broken.write_text("#!/bin/sh\necho disk is full; exit 3\n")
    broken.chmod(0o755)
    parts = replace(world_parts, programs={**world_parts.programs, "etcd": broken})

    with pytest.raises(PartFailed, match=r"(?s)etcd exited with 3.*disk is full"):
        async with running_world(parts):
            pass


def test_a_part_is_made_whole_and_once(tmp_path: Path) -> None:
    target, made = tmp_path / "part" / "v1", []

    def make(folder: Path) -> None:
        made.append(folder)
        time.sleep(0.2)
        (folder / "program").write_text("")

    asking = [threading.Thread(target=make_once, args=(target, make)) for _ in range(3)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()

    assert len(made) == 1
    assert (target / "program").exists()


def test_a_part_that_fails_to_be_made_is_made_anew(tmp_path: Path) -> None:
    target = tmp_path / "v1"

    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise CannotMake("no")

    with pytest.raises(CannotMake):
        make_once(target, fail)

    assert [entry.name for entry in tmp_path.iterdir()] == ["v1.lock"]


def test_a_missing_tool_says_what_to_install() -> None:
    with pytest.raises(CannotMake, match=r"`no-such-tool` is needed.*install it"):
        find_tool("no-such-tool", "install it")
