"""The network loses what is sent, or is slow, and the controller is killed again and again."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.bursts import Bursts, kept_running
from tests.e2e.converging import BRIEF
from tests.e2e.networks import Network, network_before
from tests.e2e.watching import is_promoted
from tests.proxy import Way
from tests.world import Site, World
from tests.writers import Writers

KILLS = int(os.environ.get("FAULT_KILLS", "5"))
CHANGES = 200
CALM_LEASE = {"LEASE_DURATION_SECONDS": "15", "LEASE_RENEW_DEADLINE_SECONDS": "10", "LEASE_RETRY_SECONDS": "2"}
# What is lost on its way there is like a server that stands still.
WAYS = tuple(Way) if os.environ.get("FAULT_THOROUGH") else (Way.BACK,)


@pytest_asyncio.fixture(loop_scope="session")
async def network(world: World, site: Site, tmp_path: Path) -> AsyncIterator[Network]:
    async with network_before(world, site, tmp_path) as network:
        yield network


@pytest.mark.behaviour("B4", "B11")
@pytest.mark.parametrize("way", WAYS)
async def test_an_api_server_to_which_nothing_gets_through_one_way(
    site: Site, writers: Writers, network: Network, way: Way
) -> None:
    """What is lost on the way back has been done, and nobody was told."""
    bursts = Bursts(site, writers)
    async with kept_running(site, **BRIEF, **network.environment) as kept:
        await bursts.begin()

        await bursts.blow(5)
        network.kubernetes.lose(way)
        await bursts.blow(15)
        await network.stays_calm(5)
        network.kubernetes.lose()

        await bursts.have_settled()
        await kept.follows(nth=2)
    assert kept.all[0].logged("leadership lost, ending at once")


@pytest.mark.behaviour("B11")
@pytest.mark.parametrize("way", WAYS)
async def test_a_table_to_which_nothing_gets_through_one_way(
    site: Site, writers: Writers, network: Network, way: Way
) -> None:
    bursts = Bursts(site, writers, seed=2)
    async with kept_running(site, **{**BRIEF, **CALM_LEASE}, **network.environment) as kept:
        await bursts.begin()

        await bursts.blow(5)
        network.dynamodb.lose(way)
        await bursts.blow(15)
        await network.stays_calm(9)
        network.dynamodb.lose()

        await bursts.have_settled()
    assert len(kept.all) == 1


@pytest.mark.behaviour("B4", "B11")
async def test_a_network_on_which_every_answer_takes_two_seconds(
    site: Site, writers: Writers, network: Network
) -> None:
    """With the lease as it is by default, who leads goes on leading."""
    network.kubernetes.delay = network.dynamodb.delay = 1.0
    async with kept_running(site, **network.environment) as kept:
        writers.create("llama")

        await is_promoted(writers, "llama", 60)
    assert len(kept.all) == 1


@pytest.mark.behaviour("B5")
async def test_a_controller_that_is_killed_at_any_moment_of_many_changes(site: Site, writers: Writers) -> None:
    bursts, chance = Bursts(site, writers, seed=4), random.Random(4)
    async with kept_running(site, **BRIEF) as kept:
        await bursts.begin()

        for number in range(KILLS):
            await bursts.blow(CHANGES // KILLS, pause=0.02)
            await asyncio.sleep(chance.uniform(0.0, 0.1))
            kept.last.process.kill()
            await kept.follows(nth=number + 2)

        await bursts.have_settled()
    # On a slow machine one may lose its lease as well.
    assert len(kept.all) > KILLS
