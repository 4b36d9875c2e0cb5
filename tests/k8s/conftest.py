"""The controller's namespace in the world."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.k8s.applying import SELECTOR, kubectl
from tests.k8s.built import NAMESPACES, OVERLAYS
from tests.world import Kubernetes, World, eventually


@pytest_asyncio.fixture(loop_scope="session")
async def system(world: World) -> AsyncIterator[Kubernetes]:
    """The controller's namespace, which enforces ``restricted``; the controller is gone from it afterwards."""
    await kubectl(world, "apply", "--validate=strict", "-k", str(NAMESPACES))
    system = world.kubernetes.within("gco-system")
    try:
        yield system
    finally:
        await kubectl(world, "delete", "--ignore-not-found", "-k", str(OVERLAYS["irsa"]))

        async def is_empty() -> bool:
            return not await system.list("Pod", SELECTOR)

        await eventually(is_empty, 20, "the controller's pods gone")
