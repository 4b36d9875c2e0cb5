"""What the demo looks like: with and without a terminal, narrow and wide."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from gco_stream.cli.demo.live import LiveView, picture
from gco_stream.cli.demo.scenes import Check, Problem, Scene, Stage
from gco_stream.cli.demo.sight import Endpoint, Pods
from gco_stream.cli.demo.told import Source, Told
from gco_stream.cli.demo.transcript import Transcript
from gco_stream.core.route import Route

ERASE_LINE = "\x1b[2K"
SINCE = datetime(2026, 5, 20, 9, 30, tzinfo=UTC)
ERROR = "spec.port is '80BO': must be a whole number from 1 to 65535"
SEEN = {
    "chat": Endpoint(
        name="chat",
        item={"desired_state": "running"},
        status={"state": "running"},
        own=Pods(desired=3, ready=2, image="vllm/vllm-openai:v0.20.1", leaving=1),
        canary=Pods(desired=1, ready=1, image="vllm/vllm-openai:v0.21.0"),
        route=Route(primary=80, canary=20),
    ),
    "embed": Endpoint(name="embed", item={"desired_state": "deploying"}, status={"state": "error", "error": ERROR}),
}


async def _nothing(stage: Stage) -> None:
    """Do nothing."""


SCENE = Scene(
    title="More replicas",
    tells="Only the count moves.",
    commands=("gco-stream endpoint scale chat 3",),
    act=_nothing,
    checks=(Check("chat", "chat runs", lambda seen: True),),
    untouched=("chat", "embed"),
)
TOLD = (
    Told(at=SINCE + timedelta(seconds=0.25), source=Source.TABLE, endpoint="chat", text="spec.replicas: 2 → 3"),
    Told(
        at=SINCE + timedelta(seconds=1.5),
        source=Source.CONTROLLER,
        endpoint="chat",
        text="apply Ingress inference-chat: " + "x" * 100,
        may_be_cut=True,
    ),
)


def a_console(width: int = 80, **options: Any) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=width, highlight=False, emoji=False, markup=False, **options), file


def shown(view: Transcript) -> None:
    view.begins(3, 11, SCENE)
    view.tells(TOLD, SINCE)
    view.holds(SCENE, 1.75)


def test_without_a_terminal_each_thing_is_one_whole_line() -> None:
    console, file = a_console()

    shown(Transcript(console))

    lines = file.getvalue().splitlines()
    assert "  $ gco-stream endpoint scale chat 3" in lines
    assert "  0.25 s table      chat   spec.replicas: 2 → 3" in lines
    assert f"  1.50 s controller chat   {TOLD[1].text}" in lines
    assert "  ✓ chat and embed were published all the time" in lines
    assert "  after 1.75 s" in lines
    assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize("width", [80, 200])
def test_on_a_terminal_no_line_is_longer_than_it_is_wide_and_a_plan_takes_one(width: int) -> None:
    console, file = a_console(width, force_terminal=True, no_color=True)

    shown(Transcript(console))

    lines = [line for line in uncolored(file).splitlines() if line.strip()]
    assert max(map(len, lines)) <= width
    (plan,) = [line for line in lines if "apply Ingress" in line]
    assert plan.rstrip().endswith("…" if width == 80 else "x")


@pytest.mark.parametrize("width", [80, 140])
def test_the_picture_shows_pods_shares_and_reasons_whatever_its_width(width: int) -> None:
    console, file = a_console(200)

    console.print(picture("3/11  More replicas", SEEN, [(SCENE.checks[0], True)], width=width))

    text = file.getvalue()
    assert max(map(len, text.splitlines())) == width
    for words in ("●●○◌ + ●", "████████", "80 : 20", "v0.20.1", "spec.port is '80BO'", "✓ chat runs"):
        assert words in text


def test_nothing_is_shown_as_such() -> None:
    console, file = a_console()

    console.print(picture("11/11  Deleted", {}, [], width=80))

    assert "nothing" in file.getvalue()


def test_the_picture_goes_and_the_lines_stay() -> None:
    console, file = a_console(force_terminal=True, no_color=True)

    with LiveView(console) as view:
        shown(view)
        view.sees(SEEN, [])

    assert "╭─ 3/11" in uncolored(file)
    drawn, _, afterwards = file.getvalue().rpartition("╯")
    assert afterwards.count(ERASE_LINE) >= drawn[drawn.rindex("╭") :].count("\n")


def test_a_failure_says_what_is_wrong() -> None:
    console, file = a_console()

    Transcript(console).fails(SCENE, [Problem(expected="within 60 s: chat runs", seen="nothing of it")])

    assert file.getvalue().splitlines() == [
        "  ✗ More replicas",
        "  expected within 60 s: chat runs",
        "  seen: nothing of it",
        "  last seen:",
    ]


def uncolored(file: io.StringIO) -> str:
    return Text.from_ansi(file.getvalue()).plain
