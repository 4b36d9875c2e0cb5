"""``make demo`` on a machine that has Python and make, right after the clone."""

import os
import subprocess
from pathlib import Path

import pytest

from gco_stream.cli.demo.story import the_story

ROOT = Path(__file__).parents[3]


def without_other_tools(folder: Path) -> str:
    """Make a PATH on which whatever else the project is built with fails."""
    folder.mkdir()
    for tool in ("go", "java", "mvn", "docker", "kubectl", "aws"):
        (folder / tool).write_text(f"#!/bin/sh\necho {tool} was asked for >&2\nexit 97\n")
        (folder / tool).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.index
@pytest.mark.process
@pytest.mark.behaviour("B60")
@pytest.mark.timeout(600)
def test_a_fresh_clone_comes_to_its_first_scene_with_python_and_make_alone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), str(clone)], check=True)
    environment = {**os.environ, "PATH": without_other_tools(tmp_path / "bin")}

    # Without patience the first scene is the last, which is all that is asked here.
    made = subprocess.run(
        ["make", "demo", "DEMO=--fast --patience 0"],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert the_story()[0].title in made.stdout, made.stdout + made.stderr
    assert "was asked for" not in made.stderr
    assert "Traceback" not in made.stderr
