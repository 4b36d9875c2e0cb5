"""Two processes on one site: one works, the other takes over, and who was deposed writes nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.controller import Controller, started_controller
from tests.e2e.watching import history, is_promoted
from tests.world import Site, World, eventually
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B4")

LEASE = "inference-monitor-leader"
# How long a leader stands still beyond the moment at which another leads.
STANDS_STILL = float(os.environ.get("FAULT_SECONDS", "0"))
BRIEF = {"LEASE_DURATION_SECONDS": "3", "LEASE_RENEW_DEADLINE_SECONDS": "2", "LEASE_RETRY_SECONDS": "0.5"}


class Pair:
    """A leader, and a standby that knows it."""

    def __init__(self, leader: Controller, standby: Controller) -> None:
        self.leader, self.standby = leader, standby


async def a_pair(stack: AsyncExitStack, site: Site, **settings: str) -> Pair:
    environment = {**site.environment, **settings}
    leader = await stack.enter_async_context(started_controller({**environment, "HOSTNAME": "pod-a"}))
    await leader.has_logged("following the stream")
    standby = await stack.enter_async_context(started_controller({**environment, "HOSTNAME": "pod-b"}))
    await standby.has_logged("standing by")
    return Pair(leader, standby)


@pytest_asyncio.fixture(loop_scope="session")
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def holder(site: Site) -> str:
    lease = await site.kubernetes.get("Lease", LEASE)
    assert lease is not None
    name: str = lease["spec"]["holderIdentity"]
    return name


async def test_of_two_processes_one_works(site: Site, writers: Writers, stack: AsyncExitStack) -> None:
    pair = await a_pair(stack, site)

    writers.create("llama")
    await is_promoted(writers, "llama")

    worked = ("following the stream", "table scanned", "plan carried out", "status written", "leading")
    assert [message for message in worked if not pair.leader.logged(message)] == []
    assert [message for message in worked if pair.standby.logged(message)] == []


@pytest.mark.behaviour("B5")
async def test_a_standby_that_is_asked_for_a_resync_says_who_leads(site: Site, stack: AsyncExitStack) -> None:
    pair = await a_pair(stack, site)

    pair.standby.resync()
    line = await pair.standby.has_logged("no resync: another process leads")

    assert line["leader"] == await holder(site)
    assert line["leader"].startswith("pod-a_")


@pytest.mark.behaviour("B5")
async def test_after_a_clean_exit_the_other_works_within_3_seconds(
    site: Site, writers: Writers, stack: AsyncExitStack
) -> None:
    pair = await a_pair(stack, site)

    assert await pair.leader.stop() == 0
    await pair.standby.has_logged("following the stream", deadline=3)

    assert len(pair.leader.logged("lease given back")) == 1
    writers.create("llama")
    await is_promoted(writers, "llama")


async def test_a_standby_ends_at_once_and_leaves_the_lease_alone(site: Site, stack: AsyncExitStack) -> None:
    pair = await a_pair(stack, site)
    before = await holder(site)

    assert await pair.standby.stop() == 0

    assert await holder(site) == before
    assert pair.standby.logged("lease given back") == []


async def test_after_a_kill_the_other_takes_over_when_the_lease_has_run_out(
    site: Site, writers: Writers, stack: AsyncExitStack
) -> None:
    pair = await a_pair(stack, site, **BRIEF)

    pair.leader.process.kill()
    await pair.leader.process.wait()
    writers.create("llama")
    await pair.standby.has_logged("following the stream", deadline=3 + 3)

    await is_promoted(writers, "llama")
    lease = await site.kubernetes.get("Lease", LEASE)
    assert lease is not None
    assert lease["spec"]["leaseTransitions"] == 2


async def test_a_leader_that_slept_too_long_ends_and_writes_nothing(
    world: World, site: Site, writers: Writers, stack: AsyncExitStack
) -> None:
    pair = await a_pair(stack, site, **BRIEF)
    pair.leader.may_end_with = (1,)
    pair.leader.process.send_signal(signal.SIGSTOP)
    await pair.standby.has_logged("following the stream")
    # With its successor out of the way nobody else does the work that is waiting when it wakes.
    pair.standby.process.kill()
    await pair.standby.process.wait()
    writers.create("tempting")
    await asyncio.sleep(STANDS_STILL)

    pair.leader.process.send_signal(signal.SIGCONT)
    async with asyncio.timeout(5):
        assert await pair.leader.process.wait() == 1

    await eventually(lambda: pair.leader.logged("leadership lost, ending at once"), what="a line that says why")
    assert len(history(world, site, "tempting")) == 1
    assert await site.kubernetes.get("Deployment", "tempting") is None
    assert (await holder(site)).startswith("pod-b_")


async def test_a_lease_that_somebody_deletes_stays_with_who_leads(site: Site, stack: AsyncExitStack) -> None:
    pair = await a_pair(stack, site)
    before = await holder(site)

    await site.kubernetes.delete("Lease", LEASE)
    await eventually(lambda: site.kubernetes.get("Lease", LEASE), 5, "the Lease made anew")

    assert await holder(site) == before
    lease = await site.kubernetes.get("Lease", LEASE)
    assert lease is not None
    assert lease["spec"]["leaseTransitions"] == 2
    assert pair.standby.logged("leading") == []
    assert pair.leader.process.returncode is None


async def test_who_leads_by_a_new_lease_counts_from_above_every_status(
    site: Site, writers: Writers, stack: AsyncExitStack
) -> None:
    first = await stack.enter_async_context(started_controller({**site.environment, "HOSTNAME": "pod-a"}))
    writers.create("llama")
    await is_promoted(writers, "llama")
    assert await first.stop() == 0
    before = writers.status("llama")
    await site.kubernetes.delete("Lease", LEASE)

    second = await stack.enter_async_context(started_controller({**site.environment, "HOSTNAME": "pod-b"}))
    await second.has_logged("table scanned")
    writers.create("later")
    await is_promoted(writers, "later")

    lease = await site.kubernetes.get("Lease", LEASE)
    assert lease is not None
    assert (before["epoch"], writers.status("later")["epoch"], lease["spec"]["leaseTransitions"]) == (1, 2, 2)
    assert writers.status("llama") == before
