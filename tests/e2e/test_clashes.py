"""Two who want one name or one path: the first stays as it is, the other is told, and made when there is room."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.controller import Controller, running_controller
from tests.e2e.after_the_poller import PLAIN, leaves, rests, versions
from tests.e2e.traffic_seen import traffic_seen
from tests.e2e.watching import changed, is_promoted, is_purged, reaches
from tests.world import Site, World
from tests.writers import Writers, a_spec

pytestmark = pytest.mark.behaviour("B13")

CANARY = {"image": "acme/server:v2", "weight": 20}
SOON = 5.0
"""Seconds within which somebody has what has become free: far less than until the next resync."""


def create(writers: Writers, name: str, **fields: Any) -> None:
    spec = a_spec(image=PLAIN, gpu_count=0, **fields.pop("spec", {}))
    writers.create(name, spec, **fields)


async def runs(site: Site, writers: Writers, name: str, **fields: Any) -> None:
    """Make an endpoint, and wait until nobody has anything left to do about it."""
    create(writers, name, **fields)
    await reaches(writers, name, "running", published=True)
    await is_promoted(writers, name)
    await rests(site, name)


async def is_told(writers: Writers, name: str, sentence: str) -> None:
    status = await reaches(writers, name, "error", reason="Clash")
    assert status["error"] == sentence


@asynccontextmanager
async def untouched(world: World, site: Site, *apps: str) -> AsyncIterator[None]:
    """See that nobody writes to what there is of some apps from here to the end of the block."""
    names = {*apps, *(f"inference-{app}" for app in apps)}
    before = {key: version for key, version in (await versions(site)).items() if key[1] in names}
    written = [request for request in changed(world, site) if request[2] in names]
    assert before, f"there is nothing of {apps}"
    yield
    assert [request for request in changed(world, site) if request[2] in names] == written
    assert {key: version for key, version in (await versions(site)).items() if key[1] in names} == before


async def test_an_endpoint_that_is_called_like_a_canary_waits_until_that_is_over(
    world: World, site: Site, writers: Writers
) -> None:
    async with running_controller(site, CANARY_WARMUP_SECONDS="0.2", DRAIN_SECONDS="0.2"):
        async with traffic_seen(site.kubernetes, "llama") as traffic:
            await runs(site, writers, "llama", spec={"canary": CANARY})
            await traffic.shows("80/20")
            await rests(site, "llama")

            async with untouched(world, site, "llama", "llama-canary"):
                create(writers, "llama-canary")
                expected = (
                    "endpoint_name is 'llama-canary': must be another name, because endpoint 'llama' has a canary"
                )
                await is_told(writers, "llama-canary", f"{expected} of this one")

        writers.change("llama", canary=None)
        await reaches(writers, "llama-canary", "running", deadline=SOON + 2, published=True)

    deployment = await site.kubernetes.get("Deployment", "llama-canary")
    assert deployment is not None
    assert deployment["metadata"]["labels"]["gco.io/endpoint"] == "llama-canary"


async def test_a_canary_that_would_take_an_endpoints_name_waits_until_that_goes(
    world: World, site: Site, writers: Writers
) -> None:
    async with running_controller(site, CANARY_WARMUP_SECONDS="0.2", DRAIN_SECONDS="0.2"):
        await runs(site, writers, "llama-canary")
        await runs(site, writers, "llama", spec={"replicas": 2})

        async with untouched(world, site, "llama-canary"):
            writers.change("llama", canary=CANARY, replicas=1)
            status = await reaches(writers, "llama", "error", reason="Clash", replicas_desired=1)

        assert status["published"] is True, "all but the canary is as the record says"
        assert "'llama-canary'" in status["error"]
        async with traffic_seen(site.kubernetes, "llama") as traffic:
            writers.say("llama-canary", "deleted")
            await is_purged(writers, "llama-canary")
            await traffic.shows("plain", "100/0", "80/20", deadline=SOON)
        await reaches(writers, "llama", "running")


PATHS = {
    "the same": ("/inference/shared", "/inference/shared"),
    "below": ("/inference/shared", "/inference/shared/v2"),
    "above": ("/inference/shared/v2", "/inference/shared"),
    "with a slash": ("/inference/shared", "/inference/shared/"),
}


@pytest.mark.parametrize(("theirs", "ours"), PATHS.values(), ids=PATHS)
async def test_a_path_that_is_published_stays_and_who_comes_later_is_told(
    world: World, site: Site, writers: Writers, controller: Controller, theirs: str, ours: str
) -> None:
    await runs(site, writers, "zebra", ingress_path=theirs)

    async with untouched(world, site, "zebra"):
        create(writers, "alpaca", ingress_path=ours, created_at="2020-01-01T00:00:00+00:00")
        status = await reaches(writers, "alpaca", "error", reason="Clash")

    assert status["error"].startswith(f"ingress_path is '{ours}': must not be '{theirs}'".replace("/'", "'"))
    assert status["error"].endswith("which endpoint 'zebra' has")
    assert await site.kubernetes.get("Deployment", "alpaca") is None


def _deleted(writers: Writers) -> None:
    writers.say("first", "deleted")


def _elsewhere(writers: Writers) -> None:
    writers.retarget("first", "eu-west-1")


def _moved(writers: Writers) -> None:
    table = writers._table
    table.update_item(
        Key={"endpoint_name": "first"},
        UpdateExpression="SET ingress_path = :p",
        ExpressionAttributeValues={":p": "/inference/elsewhere"},
    )


@pytest.mark.parametrize("goes", [_deleted, _elsewhere, _moved], ids=["deleted", "elsewhere", "moved"])
async def test_who_was_told_gets_the_path_as_soon_as_it_is_free(
    site: Site, writers: Writers, controller: Controller, goes: Callable[[Writers], None]
) -> None:
    await runs(site, writers, "first", ingress_path="/inference/shared")
    create(writers, "second", ingress_path="/inference/shared/v2")
    await reaches(writers, "second", "error", reason="Clash")

    goes(writers)

    status = await reaches(writers, "second", "running", deadline=SOON, published=True)
    assert "error" not in status
    await is_promoted(writers, "second")


async def test_of_two_that_were_never_published_the_earlier_wins(world: World, site: Site, writers: Writers) -> None:
    create(writers, "alpaca", ingress_path="/inference/shared", created_at="2026-02-01T00:00:00+00:00")
    create(writers, "zebra", ingress_path="/inference/shared", created_at="2026-01-01T00:00:00+00:00")

    async with running_controller(site):
        await reaches(writers, "zebra", "running", published=True)
        await reaches(writers, "alpaca", "error", reason="Clash")

    assert {name for _, _, name in changed(world, site)} == {"zebra", "inference-zebra"}


async def test_another_start_gives_nobody_else_the_path(world: World, site: Site, writers: Writers) -> None:
    async with running_controller(site):
        await runs(site, writers, "zebra", ingress_path="/inference/shared")
        create(writers, "alpaca", ingress_path="/inference/shared", created_at="2020-01-01T00:00:00+00:00")
        await reaches(writers, "alpaca", "error", reason="Clash")

    async with untouched(world, site, "zebra"), running_controller(site) as controller:
        (scan,) = controller.logged("table scanned")
        create(writers, "later")
        await is_promoted(writers, "later")

    assert scan["queued"] == 0
    assert writers.status("alpaca")["reason"] == "Clash"


async def test_what_the_poller_has_published_stays(world: World, site: Site, writers: Writers) -> None:
    create(
        writers,
        "alpaca",
        ingress_path="/inference/shared",
        desired_state="stopped",
        created_at="2020-01-01T00:00:00+00:00",
        region_status={"us-east-1": {"state": "stopped", "replicas_ready": 0, "replicas_desired": 0}},
    )
    await leaves(site, writers, "zebra", gpu_count=0, path="/inference/shared")

    async with running_controller(site):
        await reaches(writers, "zebra", "running", reason="AdoptedAsFound", published=True)
        writers.say("alpaca", "running")
        await reaches(writers, "alpaca", "error", reason="Clash")

    assert "alpaca" not in {name for _, _, name in changed(world, site)}


async def test_an_endpoint_of_another_region_is_in_nobodys_way(
    site: Site, writers: Writers, controller: Controller
) -> None:
    create(writers, "theirs", ingress_path="/inference/shared", target_regions=["eu-west-1"])

    await runs(site, writers, "ours", ingress_path="/inference/shared")

    assert "error" not in writers.status("ours")
