"""What a test of the whole controller starts from: a site, the known writers, and the controller at work."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.controller import Controller, running_controller
from tests.instants import writes, wrong_instants
from tests.rights import denied
from tests.world import Site, World
from tests.writers import Writers


@pytest.fixture(autouse=True)
def audit(request: pytest.FixtureRequest, world: World) -> Iterator[None]:
    """See what was asked of the API server during the test.

    A load balancer could have served all endpoints at every instant; what a test spoils by hand is taken to be as the
    controller has left it, where ``by_hand`` names it. And the controller asked for nothing that the shipped Role does
    not grant: it runs with nothing else.
    """
    start = world.audit_log.stat().st_size
    yield
    lines = world.audited(start)
    by_hand = [name for mark in request.node.iter_markers("by_hand") for name in mark.args]
    found = [*wrong_instants(writes(lines), by_hand=by_hand), *denied(lines)]
    assert not found, "\n".join(found)


@pytest_asyncio.fixture(loop_scope="session")
async def writers(site: Site) -> Writers:
    return Writers(site.table, site.namespace)


@pytest_asyncio.fixture(loop_scope="session")
async def controller(site: Site) -> AsyncIterator[Controller]:
    async with running_controller(site) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def ingress_class(world: World) -> None:
    """What every cluster with a load balancer has."""
    named = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "alb"}}
    await world.kubernetes.apply({**named, "spec": {"controller": "ingress.k8s.aws/alb"}})
