"""``gco-stream demo`` from end to end: the story, its failure, its interruption, and what is kept."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gco_stream.cli.demo.story import the_story
from tests.cli.commands import apart
from tests.cli.demo.running import environment_at, exported, running_demo

pytestmark = [pytest.mark.process, pytest.mark.behaviour("B60")]

# Of a machine that is set up for something else, none of which may reach the demo.
ELSEWHERE = {
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "KUBECONFIG": "/absent",
    "REGION": "nowhere",
    "EVENT_SOURCE": "none",
    "HTTP_PROXY": "http://127.0.0.1:9",
}


def test_the_whole_story_comes_about_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--fast", **ELSEWHERE) as demo:
        code = demo.end()

    assert code == 0, demo.text
    titles = [f"{number}/{len(the_story())}  {scene.title}" for number, scene in enumerate(the_story(), start=1)]
    assert [line.rstrip(" ─") for line in demo.lines if "─" in line] == titles
    assert "✗" not in demo.text
    assert "\x1b" not in demo.text
    assert demo.left_behind() == []


def test_a_scene_that_does_not_come_about_is_told_and_fails_the_demo(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--fast", "--patience", "0") as demo:
        code = demo.end()

    assert code == 1
    scene = the_story()[0]
    assert f"  ✗ {scene.title}" in demo.lines
    assert f"  expected within 0 s: {scene.checks[0].text}" in demo.lines
    assert any("table      chat   deploying wanted" in line for line in demo.lines)
    assert the_story()[1].title not in demo.text
    assert demo.left_behind() == []


@pytest.mark.parametrize("moment", ["start on this machine", "controller        started", the_story()[3].title])
def test_ctrl_c_at_any_moment_leaves_nothing_behind(tmp_path: Path, moment: str) -> None:
    with running_demo(tmp_path, "--fast") as demo:
        demo.until(moment)
        os.killpg(demo.process.pid, signal.SIGINT)
        code = demo.end()

    assert code == 130, demo.text
    assert demo.lines[-1] == "gco-stream: interrupted: everything is ended, and nothing is left behind"
    assert "Traceback" not in demo.text
    assert demo.left_behind() == []


def test_what_is_kept_can_be_used_from_another_shell_until_ctrl_c(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--fast", "--keep") as demo:
        demo.until("gco-stream resync")
        environment = exported(demo.lines)

        listed = apart("endpoint", "list", **environment)
        planned = apart("plan", **environment)
        scaled = apart("endpoint", "scale", "chat", "4", "--wait", "--timeout", "60", **environment)

        os.killpg(demo.process.pid, signal.SIGINT)
        code = demo.end()

    assert [listed.code, planned.code, scaled.code] == [0, 0, 0], (listed, planned, scaled)
    assert [line.split()[0] for line in listed.out.splitlines()] == ["NAME", "chat", "embed", "vision"]
    assert code == 0, demo.text
    assert demo.left_behind() == []


def test_what_is_not_installed_is_told_in_one_line_with_what_to_do(tmp_path: Path) -> None:
    hides = tmp_path / "hides"
    hides.mkdir()
    (hides / "sitecustomize.py").write_text("import sys\nsys.modules['moto'] = None\n")

    with running_demo(tmp_path, PYTHONPATH=str(hides)) as demo:
        code = demo.end()

    assert code == 2
    assert demo.lines == [
        "gco-stream: the demo needs what is not installed: moto",
        "gco-stream: hint: pip install 'gco-stream[demo]', or `make setup` in a checkout",
    ]


def test_no_other_command_takes_the_time_to_load_what_the_demo_needs(tmp_path: Path) -> None:
    code = "import gco_stream.cli.main, sys; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", code], env=environment_at(tmp_path), capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"moto", "gco_stream.sandbox", "gco_stream.cli.demo.showing"} & set(loaded)
