"""Every ``gco-stream`` command that a page shows, run as it stands there, one page after the other."""

import asyncio
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from gco_stream.cli.main import app
from tests.cli.commands import shell_at
from tests.controller import Controller
from tests.house import tracked_files
from tests.world import Site

ROOT = Path(__file__).parents[2]
# One is what --help says, the other is run in the order of a migration by its own test.
OTHERWISE = ("docs/commands.md", "docs/migration.md")
PAGES = [name for name in tracked_files(ROOT) if re.match(r"(docs|k8s|examples)/[^/]+\.md|README", name)]
# What a controller that leads, an endpoint held, or pods on their way make of them.
MAY_SAY_NO = ("plan", "explain", "check", "replay")
# Made into what this test has.
STANDS_FOR = {"NAME": "chat"}


def shown(page: str) -> list[str]:
    """The commands of a page's sh blocks, without what is said beside them."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line.partition("  #")[0].strip() for line in lines if line.startswith("gco-stream ")]


def mentioned(page: str) -> set[str]:
    """The commands that a page's sentences name."""
    return set(re.findall(r"`gco-stream ([a-z][^`…]*)`", (ROOT / page).read_text()))


def words(line: str, controller: Controller) -> list[str]:
    """A line's words, for this test's endpoint and its controller."""
    known = {**STANDS_FOR, "PID": str(controller.process.pid)}
    given = [known.get(word, word) for word in shlex.split(line)[1:]]
    return [*given, "--timeout", "60"] if "--wait" in given else given


def understood(line: str) -> bool:
    """Whether a command exists, with its options."""
    found: Any = get_command(app)
    given = shlex.split(line.replace("'", ""))
    while given and given[0] in getattr(found, "commands", {}):
        found = found.commands[given.pop(0)]
    options = {name for parameter in found.params for name in parameter.opts}
    return not hasattr(found, "commands") and {word for word in given if word.startswith("--")} <= options


def examples_in(folder: Path, site: Site) -> None:
    """Put the examples where the pages say they are, as for this test's namespace."""
    (folder / "examples").mkdir()
    for file in (ROOT / "examples").glob("*.json"):
        item = {**json.loads(file.read_text()), "namespace": site.namespace}
        (folder / "examples" / file.name).write_text(json.dumps(item))


@pytest.mark.behaviour("B38")
async def test_what_the_pages_show_can_be_done(
    site: Site, controller: Controller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples_in(tmp_path, site)
    monkeypatch.chdir(tmp_path)
    lines = list(dict.fromkeys(line for page in PAGES if page not in OTHERWISE for line in shown(page)))
    assert len(lines) > 10

    for line in lines:
        given = words(line, controller)
        ended = await asyncio.to_thread(shell_at(site).apart, *given)
        assert ended.code == 0 or (ended.code == 1 and given[0] in MAY_SAY_NO), f"{line}\n{ended.out}{ended.err}"


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page: str) -> None:
    assert [line for line in sorted(mentioned(page)) if not understood(line)] == []
