"""The contract of the ``Leases`` port, on the real API server and on the fake."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio

from gco_stream.core.leadership import Lease, Terms
from gco_stream.errors import Conflict
from gco_stream.ports import Leases
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_library import Configuration, config
from gco_stream.shell.lease import KubernetesLeases
from tests.fakes.lease import FakeLeases
from tests.sandboxes import a_sandbox
from tests.world import Kubernetes, Site, World

pytestmark = pytest.mark.behaviour("B4")

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TERMS = Terms(duration=timedelta(seconds=7))
MINE = Lease().taken("me", TERMS, at=NOON)


class Desk(Protocol):
    """The Lease as the controller sees it, and somebody who takes it away."""

    @property
    def leases(self) -> Leases: ...
    async def remove(self) -> None: ...


class LeasesContract:
    async def test_where_there_is_none_none_is_read(self, desk: Desk) -> None:
        assert await desk.leases.read() is None

    async def test_what_was_created_is_read_as_it_was_answered(self, desk: Desk) -> None:
        written = await desk.leases.write(MINE)

        assert await desk.leases.read() == written
        assert replace(written, version=None) == MINE

    async def test_creating_does_not_touch_what_is_there(self, desk: Desk) -> None:
        written = await desk.leases.write(MINE)

        with pytest.raises(Conflict):
            await desk.leases.write(Lease().taken("other", TERMS, at=NOON))

        assert await desk.leases.read() == written

    async def test_a_write_replaces_what_was_read(self, desk: Desk) -> None:
        first = await desk.leases.write(MINE)

        second = await desk.leases.write(first.renewed_at(NOON + timedelta(seconds=2), TERMS))

        assert second.version != first.version
        assert (second.acquired, second.renewed) == (NOON, NOON + timedelta(seconds=2))
        assert await desk.leases.read() == second

    async def test_a_write_over_what_somebody_changed_loses(self, desk: Desk) -> None:
        first = await desk.leases.write(MINE)
        second = await desk.leases.write(first.renewed_at(NOON + timedelta(seconds=2), TERMS))

        with pytest.raises(Conflict):
            await desk.leases.write(first.taken("other", TERMS, at=NOON))

        assert await desk.leases.read() == second

    async def test_a_write_over_what_somebody_deleted_loses(self, desk: Desk) -> None:
        first = await desk.leases.write(MINE)
        await desk.remove()

        with pytest.raises(Conflict):
            await desk.leases.write(first.renewed_at(NOON + timedelta(seconds=2), TERMS))

        assert await desk.leases.read() is None

    async def test_one_that_was_given_back_names_nobody(self, desk: Desk) -> None:
        first = await desk.leases.write(MINE)

        await desk.leases.write(first.released(at=NOON))

        found = await desk.leases.read()
        assert found is not None
        assert (found.holder, found.marked, found.duration) == ("", "", timedelta(seconds=7))

    @pytest.mark.parametrize("is_there", [False, True], ids=["created", "taken"])
    async def test_of_many_who_write_at_once_one_wins(self, desk: Desk, *, is_there: bool) -> None:
        free = (await desk.leases.write(MINE)).released(at=NOON) if is_there else Lease()

        attempts = [desk.leases.write(free.taken(f"c{number}", TERMS, at=NOON)) for number in range(8)]
        answers = await asyncio.gather(*attempts, return_exceptions=True)

        (won,) = [answer for answer in answers if isinstance(answer, Lease)]
        assert [type(answer) for answer in answers].count(Conflict) == 7
        assert await desk.leases.read() == won


class FakeDesk:
    def __init__(self) -> None:
        self.leases = FakeLeases()

    async def remove(self) -> None:
        self.leases.board.lease = None


class TestFakeLeases(LeasesContract):
    @pytest.fixture
    def desk(self) -> FakeDesk:
        return FakeDesk()


class RealDesk:
    def __init__(self, leases: KubernetesLeases, kubernetes: Kubernetes) -> None:
        self.leases = leases
        self.kubernetes = kubernetes

    async def remove(self) -> None:
        await self.kubernetes.delete("Lease", "inference-monitor-leader")


@asynccontextmanager
async def a_real_desk(
    kubeconfig: Path, site: Site | Kubernetes, *, namespace: str | None = None
) -> AsyncIterator[RealDesk]:
    kubernetes = site.kubernetes if isinstance(site, Site) else site
    configuration = Configuration()
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    async with Connection(configuration) as api:
        leases = KubernetesLeases(api, namespace=namespace or kubernetes.namespace, timeout=timedelta(seconds=5))
        yield RealDesk(leases, kubernetes)


class TestKubernetesLeases(LeasesContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def desk(self, world: World, site: Site) -> AsyncIterator[RealDesk]:
        async with a_real_desk(world.kubeconfig, site) as opened:
            yield opened


class TestSandboxLeases(LeasesContract):
    @pytest_asyncio.fixture
    async def desk(self) -> AsyncIterator[RealDesk]:
        async with a_sandbox() as (sandbox, kubernetes), a_real_desk(sandbox.kubeconfig, kubernetes) as opened:
            yield opened
