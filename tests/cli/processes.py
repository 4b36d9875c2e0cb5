"""The command as a process of its own, for tests that press keys or send signals."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager


@asynccontextmanager
async def command_started(*arguments: str, environment: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command until the end of the block, with pipes to what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gco_stream", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
