"""``resync``: which process is asked, and which never."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.commands import Shell, apart, gco_stream
from tests.world.site import Site
from tests.world.world import World

# Its command line looks like the controller's; it says what signal it got.
LISTENS = """
import signal, sys
signal.signal(signal.SIGHUP, lambda *_: (print("resync", flush=True), sys.exit(0)))
signal.signal(signal.SIGUSR1, lambda *_: (print("confirmed", flush=True), sys.exit(0)))
print("ready", flush=True)
signal.pause()
"""

DEAF = """
import signal
print("ready", flush=True)
signal.pause()
"""


@contextmanager
def a_process(*words: str, program: str = LISTENS) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", program, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def controller() -> Iterator[subprocess.Popen[str]]:
    with a_process("gco_stream", "run") as process:
        yield process


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.behaviour("B5")
def test_the_controller_is_asked_by_a_signal(controller: subprocess.Popen[str]) -> None:
    ended = gco_stream("resync", "--pid", str(controller.pid))

    assert ended.code == 0, ended.err
    assert str(controller.pid) in ended.out
    assert heard(controller) == "resync\n"


@pytest.mark.behaviour("B12")
def test_a_confirmation_is_a_signal_of_its_own(controller: subprocess.Popen[str]) -> None:
    ended = gco_stream("resync", "--confirm-deletions", "--pid", str(controller.pid))

    assert ended.code == 0, ended.err
    assert "let go what waits" in ended.out
    assert heard(controller) == "confirmed\n"


@pytest.mark.parametrize("options", [[], ["--confirm-deletions"]], ids=" ".join)
def test_a_controller_that_does_not_listen_yet_is_left_alone(options: list[str]) -> None:
    with a_process("gco_stream", "run", program=DEAF) as starting:
        ended = gco_stream("resync", *options, "--pid", str(starting.pid))

        assert ended.code == 3
        assert ended.told[0] == f"gco-stream: process {starting.pid} does not listen yet"
        assert starting.poll() is None


def test_another_process_is_never_signalled() -> None:
    with a_process("something", "else") as other:
        ended = gco_stream("resync", "--pid", str(other.pid))

        assert ended.code == 2
        assert f"process {other.pid} is no controller" in ended.told[0]
        assert other.poll() is None


def test_process_1_of_a_machine_is_left_alone_unless_it_is_a_controller() -> None:
    ended = gco_stream("resync")

    assert ended.code == 2
    assert "process 1 is no controller" in ended.told[0]


def test_a_process_that_is_not_there_is_unknown() -> None:
    with a_process() as gone:
        pass

    ended = gco_stream("resync", "--pid", str(gone.pid))

    assert ended.code == 3
    assert ended.told[0] == f"gco-stream: there is no process {gone.pid}"


class TestLeader:
    def test_on_a_standby_the_leader_is_named_and_nothing_is_sent(
        self, shell: Shell, world: World, site: Site, controller: subprocess.Popen[str]
    ) -> None:
        hold(world, site, "monitor-7d4-abcde_f00d")

        ended = shell.apart("resync", "--pid", str(controller.pid), HOSTNAME="monitor-7d4-other")

        assert ended.code == 1
        assert ended.told[0] == "gco-stream: this process stands by, the leader is monitor-7d4-abcde"
        assert controller.poll() is None
        os.kill(controller.pid, signal.SIGHUP)
        assert heard(controller) == "resync\n"

    @pytest.mark.parametrize("holder", ["monitor-7d4-abcde_f00d", "", None])
    def test_the_leader_and_one_that_nobody_leads_are_asked(
        self, shell: Shell, world: World, site: Site, controller: subprocess.Popen[str], holder: str | None
    ) -> None:
        if holder is not None:
            hold(world, site, holder)

        ended = shell.apart("resync", "--pid", str(controller.pid), HOSTNAME="monitor-7d4-abcde")

        assert ended.code == 0, ended.err
        assert heard(controller) == "resync\n"

    def test_where_the_leader_cannot_be_found_out_the_process_is_asked_and_that_is_said(
        self, controller: subprocess.Popen[str]
    ) -> None:
        ended = apart("resync", "--pid", str(controller.pid), HOSTNAME="pod")

        assert ended.code == 0
        assert "could not find out who leads" in ended.err
        assert heard(controller) == "resync\n"


def hold(world: World, site: Site, holder: str) -> None:
    """Write the Lease as whoever leads does."""
    manifest = (
        "apiVersion: coordination.k8s.io/v1\nkind: Lease\n"
        f"metadata: {{name: inference-monitor-leader, namespace: {site.namespace}}}\n"
        f'spec: {{holderIdentity: "{holder}", leaseDurationSeconds: 15, renewTime: "2026-03-01T12:00:00.000000Z"}}\n'
    )
    subprocess.run(
        [world.parts.programs["kubectl"], "--kubeconfig", str(world.kubeconfig), "apply", "-f", "-"],
        input=manifest,
        text=True,
        check=True,
        capture_output=True,
    )
