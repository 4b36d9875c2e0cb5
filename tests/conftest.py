"""Fixtures that every test may use."""

import asyncio

pytest_plugins = ["tests.world.fixtures"]


def pytest_sessionstart() -> None:
    """Say that the main thread has no event loop: looptime asks for it at every test, and asking would make one."""
    asyncio.set_event_loop(None)
