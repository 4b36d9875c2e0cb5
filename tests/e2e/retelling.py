"""Capturing and replaying as people do, and a day of history to do it with."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.cli.commands import Ended, shell_at
from tests.cli.processes import command_started
from tests.world import Site
from tests.writers import Writers


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
    async with command_started(*arguments, environment={**os.environ, **site.administrator, **more}) as process:
        yield process


async def says(process: asyncio.subprocess.Process, words: str) -> None:
    """Wait until a process has said something on stderr."""
    assert process.stderr is not None
    async with asyncio.timeout(20):
        while words not in (line := (await process.stderr.readline()).decode()):
            assert line, f"it ended and never said {words!r}"
