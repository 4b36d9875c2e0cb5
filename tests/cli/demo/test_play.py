"""How a story is played and judged: on the emulator and the sandbox, without a controller that would do anything."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from rich.console import Console

from gco_stream.cli.demo.cluster import open_cluster
from gco_stream.cli.demo.embedded import NAMESPACE, REGION, TABLE, environment_of, this_process
from gco_stream.cli.demo.emulator import emulated_dynamodb
from gco_stream.cli.demo.play import Play
from gco_stream.cli.demo.scenes import FAST, Check, Scene, Stage
from gco_stream.cli.demo.transcript import Transcript
from gco_stream.core.models import EndpointName
from gco_stream.core.writing import scaled
from gco_stream.sandbox import Sandbox
from gco_stream.shell.clock import SystemClock
from gco_stream.shell.tables import Tables
from gco_stream.shell.writing import RecordWriter, table_client

pytestmark = [pytest.mark.process, pytest.mark.behaviour("B60")]

IS_THERE = Check("chat", "chat is there", lambda seen: "chat" in seen)
NEVER = Check("chat", "pigs fly", lambda seen: False)


@dataclass
class Theatre:
    play: Play
    file: io.StringIO

    @property
    def text(self) -> str:
        return self.file.getvalue()


@pytest_asyncio.fixture
async def theatre() -> AsyncIterator[Theatre]:
    clock, file = SystemClock(), io.StringIO()
    with emulated_dynamodb() as address:
        async with Sandbox(clock, namespaces=(NAMESPACE,)) as sandbox:
            with this_process(environment_of(address, sandbox.kubeconfig)):
                async with table_client(REGION) as client, open_cluster(sandbox, NAMESPACE) as cluster:
                    await Tables(client, clock).create(TABLE)
                    play = Play(
                        records=RecordWriter(client, TABLE),
                        cluster=cluster,
                        clock=clock,
                        view=Transcript(Console(file=file, width=100)),
                        pace=FAST,
                        region=REGION,
                        namespace=NAMESPACE,
                        patience=0.3,
                        heard=[],
                    )
                    yield Theatre(play, file)


async def create(stage: Stage) -> None:
    await stage.create("chat", {"image": "vllm:v1", "replicas": 2})


async def scale(stage: Stage) -> None:
    await stage.change("chat", lambda item, now: scaled(item, 3, now=now))


def a_scene(*checks: Check, untouched: tuple[str, ...] = ()) -> Scene:
    return Scene(title="A beginning", tells="It begins.", act=create, checks=checks, untouched=untouched)


async def test_a_story_of_which_all_holds_is_played_to_its_end(theatre: Theatre) -> None:
    more = Scene(title="More of it", tells="It goes on.", act=scale, checks=(IS_THERE,))

    assert await theatre.play.play([a_scene(IS_THERE), more])

    assert "new record: image vllm:v1, replicas 2" in theatre.text
    assert "spec.replicas: 2 → 3" in theatre.text
    assert theatre.text.count("✓ chat is there") == 2
    item = await theatre.play.records.get(EndpointName("chat"))
    assert item is not None
    assert item["spec"]["replicas"] == 3


async def test_a_check_that_never_holds_is_named_and_ends_the_story(theatre: Theatre) -> None:
    assert not await theatre.play.play([a_scene(IS_THERE, NEVER), a_scene(IS_THERE)])

    assert "✗ A beginning\n  expected within 0.3 s: pigs fly\n" in theatre.text
    assert "2/2" not in theatre.text
    assert "✓" not in theatre.text


async def test_an_endpoint_that_loses_its_requests_though_nobody_asked_for_it_ends_the_story(theatre: Theatre) -> None:
    assert not await theatre.play.play([a_scene(IS_THERE, untouched=("other",))])

    assert "  expected all the time: other gets the requests for its path\n  seen: nothing of it\n" in theatre.text


async def test_a_story_that_fails_ends_with_the_last_of_table_controller_and_cluster(theatre: Theatre) -> None:
    at = theatre.play.clock.now().isoformat()
    theatre.play.heard += [
        {"timestamp": at, "message": "status written", "endpoint": "chat", "state": state}
        for state in ("creating", "running")
    ]

    await theatre.play.play([a_scene(NEVER)])

    _, _, last = theatre.text.partition("  last seen:\n")
    assert [line.split(" s ", 1)[1] for line in last.splitlines()] == [
        "table      chat   deploying wanted, status not written yet",
        "controller chat   status: running",
        "cluster    chat   no Deployment, no Service, off the load balancer",
    ]


async def test_what_the_controller_logs_is_told_in_the_order_of_its_times(theatre: Theatre) -> None:
    theatre.play.heard += [
        {"timestamp": f"2026-05-20T09:30:0{second}+00:00", "message": message}
        for second, message in ((2, "leading"), (1, "started"))
    ]

    await theatre.play.play([a_scene(IS_THERE)])

    assert theatre.text.index("started") < theatre.text.index("leading")
