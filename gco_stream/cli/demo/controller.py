"""``gco-stream run`` as a process of its own, and what it logs."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from gco_stream.cli.telling import Unable
from gco_stream.settings import Settings

LogLine = Mapping[str, Any]

# Longer than the controller itself waits for work in hand.
_END_SECONDS = 25.0
_LONGEST_LINE = 2**20
# What could lead the controller anywhere but to the demo's own table and cluster, or have it behave otherwise.
_FOREIGN = ("AWS_", "KUBE")
_SETTINGS = frozenset(str(field.alias) for field in Settings.model_fields.values())


class Controller:
    """The running process.

    Attributes:
        hear: Told each line of its log.
    """

    def __init__(self, process: Process, hear: Callable[[LogLine], None]) -> None:
        self._process = process
        self._is_told = False
        self._last = ""
        self.hear = hear

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def follow(self) -> None:
        """Hear its log until it ends.

        Raises:
            Unable: It ended, and nobody told it to.
        """
        if self._process.stdout is not None:
            async for line in self._process.stdout:
                self._hear(line.decode(errors="replace"))
        code = await self._process.wait()
        if not self._is_told:
            raise Unable(f"the controller ended with exit code {code}: {self._last}")

    async def end(self) -> int:
        """Tell it to stop, and return its exit code; one that takes too long is killed."""
        self._is_told = True
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(_END_SECONDS):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()

    def _hear(self, text: str) -> None:
        self._last = text.strip() or self._last
        try:
            line = json.loads(text)
        except ValueError:
            return
        if isinstance(line, dict):
            self.hear(line)


def apart_from(environment: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with ours instead of whatever would lead elsewhere."""
    kept = (key for key in environment if not key.startswith(_FOREIGN) and key not in _SETTINGS)
    return {**{key: environment[key] for key in kept}, **ours}


@asynccontextmanager
async def running_controller(settings: Mapping[str, str], hear: Callable[[LogLine], None]) -> AsyncIterator[Controller]:
    """Run the controller until the end of the block.

    Raises:
        Unable: It ended by itself, or not as it should.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gco_stream", "run"),
        env=apart_from(os.environ, settings),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        limit=_LONGEST_LINE,
        # Ctrl-C is for the demo alone, which then ends everything in order.
        start_new_session=True,
    )
    controller = Controller(process, hear)
    try:
        async with asyncio.TaskGroup() as group:
            following = group.create_task(controller.follow())
            try:
                yield controller
            finally:
                code = await controller.end()
            await following
            if code:
                raise Unable(f"the controller was told to stop, and ended with exit code {code}")
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
