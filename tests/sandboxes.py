"""Sandboxes, and a hand in them from outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from gco_stream.sandbox import Directions, Sandbox
from gco_stream.shell.clock import SystemClock
from tests.world.kubernetes import Kubernetes

NAMESPACE = "inference"


@asynccontextmanager
async def a_sandbox(
    *, namespace: str = NAMESPACE, keep: int = 10_000, directions: Directions | None = None
) -> AsyncIterator[tuple[Sandbox, Kubernetes]]:
    """A running sandbox, and its API server as an administrator sees it from one namespace."""
    async with Sandbox(SystemClock(), namespaces=(namespace,), directions=directions, keep=keep) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        async with aiohttp.ClientSession(base_url=sandbox.url, headers=headers) as session:
            yield sandbox, Kubernetes(session, namespace)
