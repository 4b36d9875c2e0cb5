"""Servers that answer as told."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.shell.servers import Server


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    async with Server().running() as running:
        yield running
