"""Canaries on the real Deployment controller: who gets requests, from the start of a canary to its end."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.controller import Controller, running_controller
from tests.e2e.traffic_seen import TrafficSeen, traffic_seen
from tests.e2e.watching import container_of, is_promoted, reaches
from tests.world import Site, eventually
from tests.writers import IMAGE, Writers, a_spec

NEW = IMAGE.replace("v0.8.0", "v0.9.0")
SLOW = f"{NEW}-ready-after-2s"
SETTINGS = {"CANARY_WARMUP_SECONDS": "0.5", "DRAIN_SECONDS": "0.5", "INFERENCE_UNHEALTHY_THRESHOLD_SECONDS": "3"}


@pytest_asyncio.fixture(loop_scope="session")
async def controller(site: Site) -> AsyncIterator[Controller]:
    async with running_controller(site, **SETTINGS) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def traffic(site: Site, controller: Controller) -> AsyncIterator[TrafficSeen]:
    async with traffic_seen(site.kubernetes, "llama") as seen:
        yield seen


async def runs(writers: Writers, **spec: Any) -> None:
    """Wait until the endpoint ``llama`` runs without a canary."""
    writers.create("llama", a_spec(**spec))
    await reaches(writers, "llama", "running", published=True)
    await is_promoted(writers, "llama")


async def is_gone(site: Site, kind: str, name: str) -> None:
    async def gone() -> bool:
        return await site.kubernetes.get(kind, name) is None

    await eventually(gone, 15, f"{kind} {name} gone")


async def canary_container(site: Site) -> dict[str, Any]:
    return await container_of(site, "llama-canary")


@pytest.mark.behaviour("B20")
async def test_a_canary_gets_its_share_once_its_pods_can_have_been_registered(
    site: Site, writers: Writers, traffic: TrafficSeen
) -> None:
    await runs(writers, replicas=2)

    writers.change("llama", canary={"image": NEW, "weight": 20})
    await traffic.shows("plain", "100/0", "80/20")

    status = await reaches(
        writers, "llama", "running", canary={"replicas_ready": 1, "replicas_desired": 1, "weight": 20}
    )
    assert status["published"] is True
    container = await canary_container(site)
    assert container["image"] == NEW
    assert container["args"][-2:] == ["--root-path", "/inference/llama"]
    service = await site.kubernetes.get("Service", "llama-canary")
    assert service is not None
    assert service["spec"]["selector"] == {"app": "llama-canary"}
    assert not traffic.lost()


@pytest.mark.behaviour("B20")
async def test_whatever_is_changed_reaches_a_canary_that_runs(
    site: Site, writers: Writers, traffic: TrafficSeen
) -> None:
    await runs(writers, canary={"image": NEW, "weight": 20})
    await traffic.shows("100/0", "80/20")

    writers.change("llama", canary={"image": f"{NEW}-b", "weight": 35, "replicas": 2}, env={"A": "1"})
    await traffic.shows("80/20", "65/35")

    await reaches(writers, "llama", "running", canary={"replicas_ready": 2, "replicas_desired": 2, "weight": 35})
    container = await canary_container(site)
    assert container["image"] == f"{NEW}-b"
    assert {"name": "A", "value": "1"} in container["env"]
    assert not traffic.lost()


@pytest.mark.behaviour("B20")
async def test_a_canary_that_never_gets_ready_gets_nothing(site: Site, writers: Writers, traffic: TrafficSeen) -> None:
    await runs(writers)

    writers.change("llama", canary={"image": f"{NEW}-never-ready", "weight": 20})
    await reaches(writers, "llama", "running", reason="CanaryUnavailable")

    assert traffic.shares()[-1:] == ["plain"]


@pytest.mark.behaviour("B21")
async def test_a_rollback_takes_the_share_away_lets_the_last_requests_end_and_removes_the_canary(
    site: Site, writers: Writers, traffic: TrafficSeen
) -> None:
    await runs(writers, canary={"image": NEW, "weight": 20})
    await traffic.shows("100/0", "80/20")

    writers.change("llama", canary=None)
    await traffic.shows("80/20", "100/0", "plain")

    await is_gone(site, "Deployment", "llama-canary")
    await is_gone(site, "Service", "llama-canary")
    assert (await container_of(site, "llama"))["image"] == IMAGE
    await reaches(writers, "llama", "running", published=True)
    assert "canary" not in writers.status("llama")


@pytest.mark.behaviour("B21")
async def test_a_promoted_canary_carries_the_traffic_while_the_one_replica_is_replaced(
    site: Site, writers: Writers, traffic: TrafficSeen
) -> None:
    await runs(writers, canary={"image": SLOW, "weight": 20})
    await traffic.shows("100/0", "80/20")

    writers.change("llama", image=SLOW, canary=None)
    await traffic.shows("80/20", "0/100", "100/0", "plain")

    await is_gone(site, "Deployment", "llama-canary")
    await is_promoted(writers, "llama")
    assert not traffic.lost()


@pytest.mark.behaviour("B21", "B28")
async def test_a_promoted_canary_stands_in_for_an_endpoint_that_does_not_get_ready(
    site: Site, writers: Writers, traffic: TrafficSeen
) -> None:
    await runs(writers, canary={"image": f"{NEW}-ready-after-6s", "weight": 20})
    await traffic.shows("100/0", "80/20")

    writers.change("llama", image=f"{NEW}-ready-after-6s", canary=None)
    await traffic.shows("80/20", "0/100", "-/100", "0/100", "100/0", "plain", deadline=30)

    await is_gone(site, "Deployment", "llama-canary")
    assert not traffic.lost()


@pytest.mark.behaviour("B21")
async def test_a_promoted_canary_leaves_the_shares_alone_while_the_endpoint_keeps_a_ready_replica(
    site: Site, writers: Writers, traffic: TrafficSeen
) -> None:
    await runs(writers, replicas=3, canary={"image": SLOW, "weight": 20})
    await traffic.shows("100/0", "80/20")

    writers.change("llama", image=SLOW, canary=None)
    await traffic.shows("80/20", "100/0", "plain", deadline=30)

    assert not traffic.lost()


@pytest.mark.behaviour("B21", "B23")
async def test_stopping_takes_the_ingress_and_the_pods_of_both(
    site: Site, writers: Writers, traffic: TrafficSeen
) -> None:
    await runs(writers, canary={"image": NEW, "weight": 20})
    await traffic.shows("100/0", "80/20")

    writers.say("llama", "stopped")
    await reaches(writers, "llama", "stopped", replicas_ready=0)

    assert traffic.shares()[-1] == "-"
    assert await site.kubernetes.list("Pod", "app in (llama,llama-canary)") == []
    writers.say("llama", "running")
    await traffic.shows("100/0", "80/20")


@pytest.mark.behaviour("B26")
async def test_deleting_takes_everything_of_the_canary_too(site: Site, writers: Writers, traffic: TrafficSeen) -> None:
    await runs(writers, canary={"image": NEW, "weight": 20})
    await traffic.shows("100/0", "80/20")

    writers.say("llama", "deleted")
    await eventually(lambda: writers.read("llama") is None, 20, "purged")

    for kind, name in (("Deployment", "llama-canary"), ("Service", "llama-canary"), ("Ingress", "inference-llama")):
        assert await site.kubernetes.get(kind, name) is None
