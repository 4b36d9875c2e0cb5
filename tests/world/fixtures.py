"""The world as pytest fixtures: one per session, and a site in it for each test that wants one.

Tests that use them run on the session's event loop, as the world's connections belong to it;
no setting is needed for that, and other tests keep their own loops.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.world.parts import Parts, find_parts, find_promtool
from tests.world.site import Site
from tests.world.world import World, running_world


@pytest.fixture(scope="session")
def world_parts(pytestconfig: pytest.Config) -> Parts:
    """The programs, built if need be, with the progress on the terminal."""
    with _shown(pytestconfig):
        return find_parts()


@pytest.fixture(scope="session")
def promtool(pytestconfig: pytest.Config) -> Path:
    """Prometheus' own tool, built if need be."""
    with _shown(pytestconfig):
        return find_promtool()


def _shown(config: pytest.Config) -> AbstractContextManager[None]:
    capture = config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    shown: AbstractContextManager[None] = capture.global_and_fixture_disabled()
    return shown


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(world_parts: Parts) -> AsyncIterator[World]:
    """The world that all tests of the session share."""
    async with running_world(world_parts) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def site(world: World) -> AsyncIterator[Site]:
    """A namespace and a table for this test alone."""
    async with world.site() as opened:
        yield opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a world (`-m "not world"`), and put them on the loop that it lives on."""
    on_session_loop = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if {"world_parts", "promtool"} & {*fixtures}:
            item.add_marker(pytest.mark.world)
        if "world" in fixtures and pytest_asyncio.is_async_test(item):
            item.add_marker(on_session_loop, append=False)
