"""What a test of the whole controller starts from: a site, the known writers, and the controller at work."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.controller import Controller, running_controller
from tests.world import Site
from tests.writers import Writers


@pytest_asyncio.fixture(loop_scope="session")
async def writers(site: Site) -> Writers:
    return Writers(site.table, site.namespace)


@pytest_asyncio.fixture(loop_scope="session")
async def controller(site: Site) -> AsyncIterator[Controller]:
    async with running_controller(site) as running:
        yield running
