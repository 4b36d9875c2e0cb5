"""Capturing a stream and replaying it: on a real stream, against a real API server, beside a real controller."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Ended, shell_at
from tests.controller import running_controller
from tests.e2e.watching import asked, changed, history, is_promoted, reaches
from tests.world import Site, World, eventually
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B37")

LEASE = "inference-monitor-leader"
BRIEF = {"LEASE_DURATION_SECONDS": "3", "LEASE_RENEW_DEADLINE_SECONDS": "2", "LEASE_RETRY_SECONDS": "0.5"}


async def gco_stream(site: Site, *arguments: str, **more: str) -> Ended:
    return await asyncio.to_thread(shell_at(site).apart, *arguments, **more)


async def captured(site: Site, folder: Path, *arguments: str) -> Path:
    """Capture the whole stream, and return the file."""
    path = folder / "capture.jsonl"
    ended = await gco_stream(site, "capture", str(path), *arguments)
    assert ended.code == 0, ended.err
    return path


async def replayed(site: Site, *arguments: str) -> tuple[Ended, dict[str, dict[str, Any]]]:
    """Replay, and return each endpoint's answer by name."""
    ended = await gco_stream(site, "replay", *arguments, "-o", "json")
    assert ended.out, ended.err
    return ended, {one["endpoint"]: one for one in json.loads(ended.out)}


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def with_rows(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


async def image_of(site: Site, name: str) -> str | None:
    deployment = await site.kubernetes.get("Deployment", name)
    if deployment is None:
        return None
    image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def a_day_of_history(writers: Writers, name: str = "chat") -> None:
    """Write what an endpoint was asked for in the course of a day."""
    writers.create(name, {"image": "acme/server:v1", "replicas": 1, "gpu_count": 0, "env": {"TOKEN": "secret-1"}})
    for number in range(2, 9):
        writers.change(name, image=f"acme/server:v{number}", env={"TOKEN": f"secret-{number}"})
        writers.scale(name, number)
    writers.say(name, "stopped")
    writers.say(name, "deleted")
    writers.say(name, "running")


@asynccontextmanager
async def started(site: Site, *arguments: str, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gco_stream", *arguments),
        env={**os.environ, **site.environment, **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def says(process: asyncio.subprocess.Process, words: str) -> None:
    """Wait until a process has said something on stderr."""
    assert process.stderr is not None
    async with asyncio.timeout(20):
        while words not in (line := (await process.stderr.readline()).decode()):
            assert line, f"it ended and never said {words!r}"


class TestCapture:
    async def test_a_capture_has_every_record_with_its_values_intact(
        self, site: Site, writers: Writers, tmp_path: Path
    ) -> None:
        odd: dict[str, Any] = {"weight": Decimal("1.10"), "tags": {"a", "b"}, "blob": b"\x00\xff", "nothing": None}
        site.table.put_item(Item={"endpoint_name": "odd", **odd})
        writers.create("chat", {"image": "acme/server:v1"})
        site.table.delete_item(Key={"endpoint_name": "odd"})

        lines = lines_of(await captured(site, tmp_path))

        assert [(line["event"], line["keys"]["endpoint_name"]["S"]) for line in lines] == [
            ("INSERT", "odd"),
            ("INSERT", "chat"),
            ("REMOVE", "odd"),
        ]
        image = lines[0]["after"]
        assert (image["weight"], image["blob"], image["nothing"]) == ({"N": "1.1"}, {"B": "AP8="}, {"NULL": True})
        assert sorted(image["tags"]["SS"]) == ["a", "b"]
        assert (lines[0]["before"], lines[2]["before"], lines[2]["after"]) == (None, image, None)
        assert all(line["time"].endswith("+00:00") for line in lines)

    async def test_it_begins_where_it_is_told_to(self, site: Site, writers: Writers, tmp_path: Path) -> None:
        a_day_of_history(writers)
        lines = lines_of(await captured(site, tmp_path))

        rest = tmp_path / "rest.jsonl"
        ended = await gco_stream(site, "capture", str(rest), "--from", lines[5]["sequence"], "-o", "json")
        none = f"{int(lines[-1]['sequence']) + 1000:021}"
        unknown = await gco_stream(site, "capture", str(tmp_path / "x"), "--from", none)

        assert lines_of(rest) == lines[5:]
        assert json.loads(ended.out)["records"] == len(lines) - 5
        assert json.loads(ended.out)["complete"] is True
        assert unknown.code == 1
        assert "no record of the stream has the number" in unknown.err

    async def test_it_follows_for_a_while(self, site: Site, writers: Writers, tmp_path: Path) -> None:
        writers.create("before")
        path = tmp_path / "live.jsonl"

        async with started(site, "capture", str(path), "--from", "latest", "--for", "4s") as process:
            await says(process, "following from here on")
            writers.create("chat")
            assert await process.wait() == 0

        assert [line["keys"]["endpoint_name"]["S"] for line in lines_of(path)] == ["chat"]

    async def test_an_interrupt_ends_it_with_whole_lines(self, site: Site, writers: Writers, tmp_path: Path) -> None:
        path = tmp_path / "live.jsonl"

        async with started(site, "capture", str(path), "--from", "latest") as process:
            await says(process, "following from here on")
            writers.create("chat")
            await eventually(lambda: with_rows(path), what="a record in the file")
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 0

        assert len(lines_of(path)) == 1
        assert path.read_text().endswith("\n")

    async def test_a_stream_can_be_named_and_needs_no_table(self, site: Site, writers: Writers, tmp_path: Path) -> None:
        writers.create("chat")
        arn = str(site.table.latest_stream_arn)
        path = tmp_path / "named.jsonl"

        ended = await gco_stream(
            site, "capture", str(path), "--stream-arn", arn, INFERENCE_ENDPOINTS_TABLE_NAME="no-such-table"
        )

        assert (ended.code, len(lines_of(path))) == (0, 1), ended.err

    async def test_a_table_without_a_stream_is_told_of(self, world: World, tmp_path: Path) -> None:
        async with world.site(stream=False) as site:
            ended = await gco_stream(site, "capture", str(tmp_path / "none.jsonl"))

        assert ended.code == 1
        assert "has no stream" in ended.err
        assert "table enable-stream" in ended.err


class TestDryRun:
    async def test_it_says_what_was_told_and_what_would_change_and_changes_nothing(
        self, world: World, site: Site, writers: Writers
    ) -> None:
        a_day_of_history(writers)
        records = len(history(world, site, "chat"))

        text = await gco_stream(site, "replay")
        ended, answer = await replayed(site)

        assert (text.code, ended.code) == (1, 1)
        assert f"chat: {records} records, 0 of them echoes" in text.out
        assert "chat: told: spec.image: absent → 'acme/server:v8', in 8 steps" in text.out
        assert "chat: create Deployment chat: missing" in text.out
        assert {change["kind"] for change in answer["chat"]["plan"]["changes"]} == {"Deployment", "Service"}
        assert "secret-" not in text.out + ended.out
        assert {verb for verb, _, _ in asked(world, site)} <= {"get", "list"}
        assert len(history(world, site, "chat")) == records

    async def test_secrets_are_shown_where_they_are_asked_for(self, site: Site, writers: Writers) -> None:
        a_day_of_history(writers)

        assert "secret-8" in (await gco_stream(site, "replay", "--show-secrets")).out

    async def test_a_capture_says_the_same_as_the_stream(self, site: Site, writers: Writers, tmp_path: Path) -> None:
        a_day_of_history(writers)
        writers.create("other", {"image": "acme/other:v1"})

        path = await captured(site, tmp_path)
        _, live = await replayed(site)
        _, filed = await replayed(site, "--from", str(path))
        _, one = await replayed(site, "--from", str(path), "--endpoint", "other")

        assert live == filed
        assert one == {"other": live["other"]}

    async def test_what_the_controller_has_done_is_in_step_and_its_own_echoes_are_told_apart(
        self, site: Site, writers: Writers
    ) -> None:
        async with running_controller(site):
            writers.create("chat", {"image": "acme/server:v1", "gpu_count": 0})
            await is_promoted(writers, "chat")

        ended, answer = await replayed(site)

        assert ended.code == 0
        assert answer["chat"]["plan"]["in_step"]
        assert answer["chat"]["looks"] < answer["chat"]["records"]


class TestApply:
    async def test_a_running_controller_is_left_alone_and_named(
        self, world: World, site: Site, writers: Writers
    ) -> None:
        async with running_controller(site, HOSTNAME="pod-a") as controller:
            writers.create("chat", {"image": "acme/server:v1", "gpu_count": 0})
            await is_promoted(writers, "chat")
            before = len(changed(world, site))

            ended = await gco_stream(site, "replay", "--apply")

            assert ended.code == 1
            assert "nothing was carried out: pod-a_" in ended.err
            assert len(changed(world, site)) == before
            assert controller.process.returncode is None

    async def test_without_one_the_plan_is_carried_out_and_the_lease_given_back(
        self, site: Site, writers: Writers
    ) -> None:
        writers.create("chat", {"image": "acme/server:v1", "gpu_count": 0})

        ended, answer = await replayed(site, "--apply")

        assert ended.code == 0, ended.err
        assert answer["chat"]["carried_out"] is True
        assert await image_of(site, "chat") == "acme/server:v1"
        assert writers.status("chat")["state"] in ("creating", "running")
        lease = await site.kubernetes.get("Lease", LEASE)
        assert lease is not None
        assert lease["spec"]["holderIdentity"] == ""

    async def test_the_lease_of_one_that_died_is_taken_once_it_has_run_out(self, site: Site, writers: Writers) -> None:
        async with running_controller(site, **BRIEF) as controller:
            controller.process.kill()
            await controller.process.wait()
        writers.create("chat", {"image": "acme/server:v1", "gpu_count": 0})

        ended, answer = await replayed(site, "--apply")

        assert ended.code == 0, ended.err
        assert "waiting for a sign of life" in ended.err
        assert answer["chat"]["carried_out"] is True

    async def test_a_day_of_history_never_brings_an_old_state_back(
        self, world: World, site: Site, writers: Writers, tmp_path: Path
    ) -> None:
        a_day_of_history(writers)
        writers.create("gone", {"image": "acme/gone:v1", "gpu_count": 0})
        path = await captured(site, tmp_path)
        site.table.delete_item(Key={"endpoint_name": "gone"})
        writers.change("chat", image="acme/server:newest", replicas=2)
        async with running_controller(site):
            await reaches(writers, "chat", "running", replicas_ready=2)
        before, wishes = writers.read("chat"), len(changed(world, site))

        ended, answer = await replayed(site, "--from", str(path), "--apply")

        assert ended.code == 0, ended.err
        assert (answer["gone"]["gone"], answer["gone"]["carried_out"]) == (True, True)
        assert await image_of(site, "chat") == "acme/server:newest"
        assert await image_of(site, "gone") is None
        assert writers.read("chat") == before
        assert changed(world, site)[wishes:] == []

    async def test_an_interrupt_gives_the_lease_back(self, site: Site, writers: Writers) -> None:
        # A pod that never becomes ready makes the work last: its endpoint is being deleted while its pod stays.
        writers.create("chat", {"image": "acme/server:v1", "gpu_count": 0})
        async with running_controller(site):
            await is_promoted(writers, "chat")
        stays = {"name": "chat", "finalizers": ["test/stays"]}
        manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": stays}
        await site.kubernetes.apply(manifest, field_manager="kubectl")
        writers.say("chat", "deleted")

        async with started(site, "replay", "--apply") as process:
            await reaches(writers, "chat", "deleting")
            process.send_signal(signal.SIGINT)
            _, said = await process.communicate()

        lease = await site.kubernetes.get("Lease", LEASE)
        assert lease is not None
        assert lease["spec"]["holderIdentity"] == ""
        assert process.returncode not in (0, None)
        assert b"Traceback" not in said
        freed = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "chat"}}
        await site.kubernetes.apply(freed, field_manager="kubectl")
