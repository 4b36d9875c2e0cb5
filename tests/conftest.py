"""Fixtures that every test may use."""

import asyncio

import pytest

pytest_plugins = ["tests.world.fixtures"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "hazard(number): the hazard of docs/stream.md that the test stands against")


def pytest_sessionstart() -> None:
    """Say that the main thread has no event loop: looptime asks for it at every test, and asking would make one."""
    asyncio.set_event_loop(None)
