"""Ctrl-C at any moment: one line of what was done and what was not, exit code 130, and nothing half-written."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gco_stream.cli.interrupting import Ledger
from gco_stream.core.recording import to_line
from tests.builders import an_item
from tests.cli.captures import a_capture, recorded
from tests.cli.processes import command_started
from tests.cli.test_telling import KEYS
from tests.fakes.line import soon
from tests.shell.servers import Server, says
from tests.shell.test_aws import AMZ_JSON

pytestmark = [pytest.mark.process, pytest.mark.behaviour("B52")]

SPEC = {"M": {"image": {"S": "acme/server:v1"}}}
CHAT = {"endpoint_name": {"S": "chat"}, "target_regions": {"L": [{"S": "us-east-1"}]}, "spec": SPEC}
RECORDS = "".join(
    f"---\n{{endpoint_name: {name}, target_regions: [us-east-1], spec: {{image: acme/server:v1}}}}\n" for name in "abc"
)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server().running() as server:
        yield server


@asynccontextmanager
async def started(*arguments: str, server: Server) -> AsyncIterator[asyncio.subprocess.Process]:
    inherited = {key: os.environ[key] for key in ("PATH", "LANG", "PYTHONPATH") if key in os.environ}
    nowhere = {"HOME": "/absent", "AWS_EC2_METADATA_DISABLED": "true", "REGION": "us-east-1"}
    environment = {**inherited, **nowhere, **KEYS, "AWS_ENDPOINT_URL": server.url}
    async with command_started(*arguments, environment=environment) as process:
        yield process


async def interrupted(process: asyncio.subprocess.Process) -> tuple[int | None, str, list[str]]:
    """Press Ctrl-C, and return how it ended and what it said."""
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), 10)
    return process.returncode, out.decode(), [line.removeprefix("gco-stream: ") for line in err.decode().splitlines()]


async def interrupted_at(number: int, *arguments: str, server: Server) -> tuple[int | None, str, list[str]]:
    """Press Ctrl-C when a server has been asked so often."""
    async with started(*arguments, server=server) as process:
        await soon(lambda: len(server.asked) >= number)
        return await interrupted(process)


async def test_before_anything_is_written_that_is_told(server: Server) -> None:
    server.will(server.hang)

    ended = await interrupted_at(1, "endpoint", "scale", "chat", "3", "--wait", server=server)

    assert ended == (130, "", ["interrupted: nothing was written"])


async def test_a_write_without_an_answer_is_told_as_unknown(server: Server) -> None:
    server.will(says({"Item": CHAT}, kind=AMZ_JSON), server.hang)

    ended = await interrupted_at(2, "endpoint", "scale", "chat", "3", "--wait", server=server)

    told = "interrupted: whether chat was written is not known, `gco-stream endpoint show chat` tells"
    assert ended == (130, "", [told])


@pytest.mark.parametrize(("command", "requests"), [("create", 2), ("apply", 5)])
async def test_of_several_records_each_is_told(server: Server, tmp_path: Path, command: str, requests: int) -> None:
    file = tmp_path / "records.yaml"
    file.write_text(RECORDS)
    server.will(*[says({}, kind=AMZ_JSON)] * (requests - 1), server.hang)

    ended = await interrupted_at(requests, "endpoint", command, "-f", str(file), "--wait", server=server)

    of_b = "whether b was written is not known, `gco-stream endpoint show b` tells"
    assert ended == (130, "a: created\n", [f"interrupted: written: a; {of_b}; not written: c"])


async def test_a_replay_says_that_nothing_was_changed(server: Server) -> None:
    server.will(server.hang)

    assert await interrupted_at(1, "replay", server=server) == (130, "", ["interrupted: nothing was changed"])


async def test_a_long_file_is_not_read_to_its_end(server: Server, tmp_path: Path) -> None:
    line = to_line(recorded(1, None, an_item("chat")))
    file = a_capture(tmp_path, *[line] * 50_000)

    async with started("replay", "--offline", "--from", file, server=server) as process:
        assert process.stderr is not None
        assert (await process.stderr.readline()).startswith(b"gco-stream: 1000 records")
        code, out, told = await interrupted(process)

    assert (code, out, told[-1]) == (130, "", "interrupted: nothing was changed")
    assert not any("50000 records" in each for each in told)


async def test_a_capture_that_has_not_begun_says_so(server: Server, tmp_path: Path) -> None:
    server.will(server.hang)
    file = tmp_path / "capture.jsonl"

    ended = await interrupted_at(1, "capture", str(file), server=server)

    assert ended == (130, "", [f"interrupted: {file} has 0 records, and not all that was asked for"])
    assert file.read_text() == ""


def test_a_ledger_that_is_full_names_all() -> None:
    ledger = Ledger(["a", "b"])
    for _ in range(2):
        with ledger.writing():
            pass

    assert str(ledger) == "written: a, b"
