"""What is asked before it is done, on terminals and where nobody can answer; and what Ctrl-C leaves behind."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import Shell
from tests.cli.terminals import at_terminal
from tests.writers import Writers, a_spec

pytestmark = [pytest.mark.process, pytest.mark.behaviour("B52")]

STATUS = {"ap-south-1": {"state": "running"}}
DELETE = ("endpoint", "delete", "chat")
FORGET = ("endpoint", "forget-region", "chat", "ap-south-1")


@pytest.mark.parametrize("arguments", [DELETE, FORGET], ids=["delete", "forget-region"])
def test_without_a_terminal_and_without_yes_nothing_is_done(
    shell: Shell, writers: Writers, arguments: tuple[str, ...]
) -> None:
    writers.create("chat", region_status=STATUS)
    before = writers.read("chat")

    ended = shell(*arguments)

    assert (ended.code, ended.out) == (2, "")
    assert "this is asked first" in ended.told[0]
    assert "--yes" in ended.told[1]
    assert writers.read("chat") == before


def test_a_file_that_deletes_is_asked_about_and_one_that_does_not_is_not(
    shell: Shell, writers: Writers, tmp_path: Path
) -> None:
    writers.create("chat")
    file = tmp_path / "chat.json"
    file.write_text(json.dumps({"endpoint_name": "chat", "desired_state": "deleted", "spec": a_spec()}))

    asked = shell("endpoint", "apply", "-f", str(file))
    sure = shell("endpoint", "apply", "-f", str(file), "--yes")
    again = shell("endpoint", "apply", "-f", str(file))

    assert (asked.code, sure.code, again.code) == (2, 0, 0)


@pytest.mark.parametrize(
    ("answer", "code", "state"), [("y\n", 0, "deleted"), ("n\n", 1, "deploying"), ("\n", 1, "deploying")]
)
def test_on_a_terminal_the_answer_decides(shell: Shell, writers: Writers, answer: str, code: int, state: str) -> None:
    writers.create("chat")

    with at_terminal(shell.environment, *DELETE) as terminal:
        terminal.shows("delete chat: its objects in us-east-1, and then its record? [y/N] ")
        terminal.types(answer)
        assert terminal.ends() == code

    assert (writers.read("chat") or {})["desired_state"] == state


def test_ctrl_c_at_the_question_does_nothing(shell: Shell, writers: Writers) -> None:
    writers.create("chat")

    with at_terminal(shell.environment, *DELETE) as terminal:
        terminal.shows("[y/N] ")
        terminal.interrupts()
        assert terminal.ends() == 130

    assert terminal.text.splitlines()[-1] == "gco-stream: interrupted: nothing was written"
    assert (writers.read("chat") or {})["desired_state"] == "deploying"


def test_ctrl_c_while_waiting_says_that_what_was_written_stays(shell: Shell, writers: Writers) -> None:
    writers.create("chat")

    with at_terminal(shell.environment, "endpoint", "scale", "chat", "2", "--wait") as terminal:
        terminal.shows("no status yet")
        terminal.interrupts()
        assert terminal.ends() == 130

    said = " ".join(terminal.text.split())
    assert "gco-stream: interrupted: chat stays as it was written" in said
    assert (writers.read("chat") or {})["spec"]["replicas"] == 2
