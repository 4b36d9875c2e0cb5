"""The service account's token, and the authority that vouches for the API server, are replaced under way."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.controller import Controller, started_controller
from tests.e2e.bursts import Bursts
from tests.e2e.converging import BRIEF
from tests.e2e.in_a_pod import AccountFiles
from tests.proxy import proxy_before
from tests.world import Site, World, eventually
from tests.world.account import NAME
from tests.world.kubernetes import Kubernetes, KubernetesError, open_session
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B3", "B4")

LEASE = "inference-monitor-leader"
# What is brief, but the lease: who leads is to go on leading.
SETTINGS = {name: value for name, value in BRIEF.items() if not name.startswith("LEASE")}


@pytest.fixture
def account(tmp_path: Path) -> AccountFiles:
    folder = tmp_path / "account"
    folder.mkdir()
    return AccountFiles(folder)


@asynccontextmanager
async def run_in_a_pod(site: Site, account: AccountFiles, server: str) -> AsyncIterator[Controller]:
    environment = {**site.environment, **SETTINGS, **account.environment(server)}
    del environment["KUBECONFIG"]
    async with started_controller(environment, module="tests.e2e.in_a_pod") as controller:
        await controller.has_logged("table scanned", 60)
        yield controller


async def bound_token(site: Site, name: str) -> str:
    """Return a token of the controller's own account that is good as long as there is a Secret of that name."""
    secret = await site.kubernetes.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}})
    return await site.kubernetes.token_of(NAME, bound_to={"apiVersion": "v1", "kind": "Secret", **secret})


async def is_refused(world: World, site: Site, token: str) -> bool:
    plane = world.control_plane
    async with open_session(plane.server, token, plane.certificate) as session:
        try:
            await Kubernetes(session, site.namespace).get("Deployment", "any")
        except KubernetesError as error:
            return error.status == 401
    return False


async def is_put_right(site: Site, name: str) -> None:
    """Change an object by hand, which nothing but its watch tells the controller."""
    await site.kubernetes.patch("Deployment", name, {"metadata": {"labels": {"project": "theirs"}}})

    async def right() -> bool:
        live = await site.kubernetes.get("Deployment", name)
        return live is not None and live["metadata"]["labels"]["project"] == "gco"

    await eventually(right, 15, f"Deployment {name} put right")


async def leads_still(site: Site, controller: Controller) -> bool:
    """Whether the process has led from its start to now, and nobody else in between."""
    lease = await site.kubernetes.get("Lease", LEASE)
    assert lease is not None
    return bool(len(controller.logged("leading")) == lease["spec"]["leaseTransitions"] == 1)


def refused_requests(world: World, since: int) -> list[str]:
    entries = map(json.loads, world.audited(since))
    return [
        f"{entry['verb']} {entry['requestURI']}"
        for entry in entries
        if entry["userAgent"].startswith("gco-stream") and (entry.get("responseStatus") or {}).get("code") == 401
    ]


async def test_a_token_that_is_replaced_and_then_refused(
    world: World, site: Site, writers: Writers, account: AccountFiles
) -> None:
    start, authority = world.audit_log.stat().st_size, world.control_plane.certificate.read_text()
    first, second = await bound_token(site, "first"), await bound_token(site, "second")
    account.put(first, authority)
    bursts = Bursts(site, writers)
    async with (
        proxy_before(world.control_plane.server) as (proxy, server),
        run_in_a_pod(site, account, server) as controller,
    ):
        await bursts.begin()
        await bursts.blow(5)

        account.put(second, authority)
        await bursts.blow(5)
        await site.kubernetes.delete("Secret", "first")
        await eventually(lambda: is_refused(world, site, first), 30, "the first token refused")
        await bursts.blow(10)
        # Watches are asked only at their beginning.
        proxy.cut()
        await bursts.blow(10)

        await is_put_right(site, "steady-0")
        await bursts.have_settled()
        assert await leads_still(site, controller)
    assert refused_requests(world, start) == []


async def test_an_authority_that_is_replaced(
    world: World, site: Site, writers: Writers, account: AccountFiles, tmp_path: Path
) -> None:
    """As it is done where nothing may stop: both are trusted for a while, and the server changes meanwhile."""
    token, plane = await site.kubernetes.token_of(NAME), world.control_plane
    old, new = self_signed(tmp_path, "old"), self_signed(tmp_path, "new")
    shows = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shows.load_cert_chain(*old)
    account.put(token, old[0].read_text())
    bursts = Bursts(site, writers, seed=2)
    trusts = ssl.create_default_context(cafile=str(plane.certificate))
    async with (
        proxy_before(plane.server, shows=shows, trusts=trusts) as (proxy, server),
        run_in_a_pod(site, account, server) as controller,
    ):
        await bursts.begin()
        await bursts.blow(5)

        account.put(token, old[0].read_text() + new[0].read_text())
        await bursts.blow(5)
        shows.load_cert_chain(*new)
        proxy.cut()
        await bursts.blow(5)
        account.put(token, new[0].read_text())
        await bursts.blow(5)

        await is_put_right(site, "steady-0")
        await bursts.have_settled()
        assert await leads_still(site, controller)
