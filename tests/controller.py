"""``gco-stream run`` as a process of its own, on a site."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.world import Site, eventually


@dataclass(slots=True)
class Controller:
    """The running process and what it has logged.

    Attributes:
        may_end_with: The exit codes that are no failure of the test.
    """

    process: asyncio.subprocess.Process
    lines: list[dict[str, Any]] = field(default_factory=list)
    may_end_with: tuple[int, ...] = (0, -signal.SIGKILL)

    def logged(self, message: str, **facts: Any) -> list[dict[str, Any]]:
        """Return the log lines with a message and facts."""
        wanted = {"message": message, **facts}
        return [line for line in self.lines if wanted.items() <= line.items()]

    async def has_logged(self, message: str, deadline: float = 20.0, **facts: Any) -> dict[str, Any]:
        """Wait for a log line, and return the first."""
        found = await eventually(lambda: self.logged(message, **facts), deadline, f"log line {message!r} {facts}")
        return found[0]

    def resync(self) -> None:
        """Send SIGHUP."""
        self.process.send_signal(signal.SIGHUP)

    async def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(30):
            return await self.process.wait()


@asynccontextmanager
async def running_controller(site: Site, **settings: str) -> AsyncIterator[Controller]:
    """Run the controller on a site until the end of the block; it must log JSON only, and end cleanly."""
    async with started_controller({**site.environment, **settings}) as controller:
        await controller.has_logged("table scanned", 60)
        yield controller


@asynccontextmanager
async def started_controller(
    environment: Mapping[str, str], *, module: str = "gco_stream", command: Sequence[str] = ()
) -> AsyncIterator[Controller]:
    """Start the controller, or the command that runs it, and follow its log; whatever it prints must be JSON."""
    process = await asyncio.create_subprocess_exec(
        *(command or (sys.executable, "-m", module, "run")),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=2**20,
    )
    controller = Controller(process)
    async with asyncio.TaskGroup() as group:
        group.create_task(_follow(controller))
        try:
            yield controller
            assert await controller.stop() in controller.may_end_with, controller.lines[-5:]
        finally:
            if process.returncode is None:
                process.kill()
    crashes = [line for line in controller.lines if line["level"] == "ERROR" and "exception" in line]
    assert not crashes, crashes


async def _follow(controller: Controller) -> None:
    assert controller.process.stdout is not None
    async for line in controller.process.stdout:
        controller.lines.append(json.loads(line))
