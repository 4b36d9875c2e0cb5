"""The servers that the controller works with die, or stand still, while much is asked of it."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.controller import Controller, running_controller
from tests.e2e.bursts import Bursts
from tests.e2e.converging import BRIEF
from tests.e2e.networks import Network, network_before
from tests.world import Site, World, eventually, running_world
from tests.world.kubernetes import KubernetesError
from tests.world.parts import Parts
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B11")

SECONDS = float(os.environ.get("FAULT_SECONDS", "6"))
# So that who leads goes on leading through all of it.
PATIENT = {"LEASE_DURATION_SECONDS": "90", "LEASE_RENEW_DEADLINE_SECONDS": "60", "LEASE_RETRY_SECONDS": "2"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(world_parts: Parts) -> AsyncIterator[World]:
    """A world of its own, as others would notice what is done to this one."""
    async with running_world(world_parts) as running:
        yield running


@pytest.fixture(autouse=True)
def load_balancer() -> None:
    """Nothing is looked at: an API server that is killed has done more than its log says."""


@pytest.fixture(autouse=True)
def rights() -> None:
    """Nothing is looked at: an API server that has just been started denies everything until it has read Roles."""


@dataclass
class Line:
    """A controller, and the network through which it talks to the world."""

    controller: Controller
    network: Network


@pytest_asyncio.fixture(loop_scope="session")
async def line(world: World, site: Site, tmp_path: Path) -> AsyncIterator[Line]:
    async with (
        network_before(world, site, tmp_path) as network,
        running_controller(site, **{**BRIEF, **PATIENT, **network.environment}) as controller,
    ):
        yield Line(controller, network)


async def answers(world: World) -> bool:
    try:
        return await world.kubernetes.get("Namespace", "default") is not None
    except (OSError, KubernetesError):
        return False


async def test_an_api_server_that_dies_in_the_middle_of_much_work(
    world: World, site: Site, writers: Writers, line: Line
) -> None:
    bursts = Bursts(site, writers)
    await bursts.begin()

    await bursts.blow(10)
    world.processes.kill("kube-apiserver")
    await bursts.blow(20)
    await line.network.stays_calm(SECONDS / 2)
    world.processes.start_again("kube-apiserver")
    await eventually(lambda: answers(world), 60, "the API server back")

    await bursts.have_settled()
    assert len(line.controller.logged("leading")) == 1


async def test_an_api_server_that_stands_still_with_its_connections_open(
    world: World, site: Site, writers: Writers, line: Line
) -> None:
    bursts = Bursts(site, writers, seed=2)
    await bursts.begin()

    await bursts.blow(5)
    with world.processes.paused("kube-apiserver"):
        await bursts.blow(20)
        await line.network.stays_calm(SECONDS)

    await bursts.have_settled()
    assert len(line.controller.logged("leading")) == 1


async def test_a_table_that_stands_still_with_its_connections_open(
    world: World, site: Site, writers: Writers, line: Line
) -> None:
    bursts = Bursts(site, writers, seed=3)
    await bursts.begin()

    await bursts.blow(20, pause=0.01)
    with world.processes.paused("dynamodb-local"):
        await line.network.stays_calm(SECONDS + 5)
    await bursts.blow(5)

    await bursts.have_settled()
    assert len(line.controller.logged("leading")) == 1
