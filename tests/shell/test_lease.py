"""The Lease as it really is at the API server, and a server in trouble."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from gco_stream.core.leadership import Contender, Lease, Sight, StandBy, Terms
from gco_stream.errors import Conflict, Denied, Refused, Transient
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_library import Configuration
from gco_stream.shell.lease import KubernetesLeases
from tests.contracts.test_leases import a_real_desk
from tests.shell.servers import Server, hangs_up, says
from tests.world import Site, World

pytestmark = pytest.mark.behaviour("B4")

NAME = "inference-monitor-leader"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINE = Lease().taken("me", Terms(), at=NOON)


@asynccontextmanager
async def asking(server: Server, *, seconds: float = 5.0) -> AsyncIterator[KubernetesLeases]:
    async with Connection(Configuration(host=server.url)) as api:
        yield KubernetesLeases(api, namespace="ns", timeout=timedelta(seconds=seconds))


async def test_a_lease_says_to_everybody_what_they_expect(world: World, site: Site) -> None:
    async with a_real_desk(world.kubeconfig, site) as desk:
        written = await desk.leases.write(MINE)
        await desk.leases.write(written.renewed_at(NOON + timedelta(seconds=2), Terms()))

    lease = await site.kubernetes.get("Lease", NAME)
    assert lease is not None
    assert lease["metadata"]["annotations"] == {"gco.io/holder": "me"}
    assert lease["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-03-01T12:00:00.000000Z",
        "renewTime": "2026-03-01T12:00:02.000000Z",
        "leaseTransitions": 1,
    }


async def test_what_others_wrote_into_it_survives_a_renewal(world: World, site: Site) -> None:
    async with a_real_desk(world.kubeconfig, site) as desk:
        await desk.leases.write(MINE)
        theirs = {"labels": {"team": "search"}, "annotations": {"note": "x"}}
        await site.kubernetes.patch("Lease", NAME, {"metadata": theirs})
        found = await desk.leases.read()
        assert found is not None
        await desk.leases.write(found.renewed_at(NOON, Terms()))

    lease = await site.kubernetes.get("Lease", NAME)
    assert lease is not None
    assert lease["metadata"]["labels"] == {"team": "search"}
    assert lease["metadata"]["annotations"] == {"gco.io/holder": "me", "note": "x"}


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"holderIdentity": "", "leaseDurationSeconds": 15, "renewTime": "2026-03-01T12:00:00.000000Z"},
        {"holderIdentity": "poller", "leaseDurationSeconds": 15, "renewTime": None},
    ],
    ids=["empty", "no holder", "never renewed"],
)
async def test_a_free_lease_of_a_poller_is_taken(world: World, site: Site, spec: dict[str, object]) -> None:
    manifest = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": NAME}, "spec": spec}
    await site.kubernetes.create(manifest)
    me = Contender(name="me", terms=Terms())

    async with a_real_desk(world.kubeconfig, site) as desk:
        step = me.contend(Sight(lease=await desk.leases.read(), since=0), now=0, at=NOON)
        assert not isinstance(step, StandBy)
        taken = await desk.leases.write(step.lease)

    assert (taken.holder, taken.marked, taken.transitions) == ("me", "me", 1)


async def test_a_poller_that_holds_it_is_recognised(world: World, site: Site) -> None:
    async with a_real_desk(world.kubeconfig, site) as desk:
        await desk.leases.write((await desk.leases.write(MINE)).released(at=NOON))
        spec = {"holderIdentity": "poller", "renewTime": "2026-03-01T12:00:00.123456+00:00"}
        await site.kubernetes.patch("Lease", NAME, {"spec": spec})

        found = await desk.leases.read()

    assert found is not None
    assert (found.holder, found.patience) == ("poller", timedelta(seconds=45))


async def test_a_namespace_that_is_missing_is_trouble_and_no_victory(world: World, site: Site) -> None:
    async with a_real_desk(world.kubeconfig, site, namespace="nowhere") as desk:
        assert await desk.leases.read() is None
        with pytest.raises(Transient, match="no namespace nowhere"):
            await desk.leases.write(MINE)


async def test_an_account_without_rights_is_denied(world: World, site: Site) -> None:
    kubeconfig = world.kubeconfig_for(await site.kubernetes.token_of("gco-service-account"))

    async with a_real_desk(kubeconfig, site) as desk:
        with pytest.raises(Denied):
            await desk.leases.read()
        with pytest.raises(Denied):
            await desk.leases.write(MINE)


@pytest.mark.parametrize(
    ("status", "kind"), [(409, Conflict), (403, Denied), (422, Refused), (429, Transient), (500, Transient)]
)
async def test_each_call_is_sent_once_whatever_comes_of_it(server: Server, status: int, kind: type[Exception]) -> None:
    server.will(says({"kind": "Status", "message": "no"}, status=status))

    async with asking(server) as leases:
        with pytest.raises(kind):
            await leases.write(MINE)

    assert len(server.asked) == 1


async def test_a_broken_connection_is_trouble_and_a_write_not_tried_again_by_itself(server: Server) -> None:
    server.will(hangs_up())

    async with asking(server) as leases:
        with pytest.raises(Transient):
            await leases.write(MINE)

    assert len(server.asked) == 1


async def test_a_silent_server_is_trouble_at_the_deadline(server: Server) -> None:
    server.will(server.hang)
    before = asyncio.get_running_loop().time()

    async with asking(server, seconds=0.2) as leases:
        with pytest.raises(Transient, match="no answer in time"):
            await leases.write(MINE)

    assert asyncio.get_running_loop().time() - before < 2
