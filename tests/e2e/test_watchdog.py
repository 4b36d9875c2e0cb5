"""The watchdog on the real Deployment controller: who gets no ready replica for long, and who is left alone."""

import signal
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.controller import running_controller
from tests.e2e.watching import asked, is_promoted, reaches
from tests.world import Site, World, eventually
from tests.writers import IMAGE, Writers, a_spec

THRESHOLD = {"INFERENCE_UNHEALTHY_THRESHOLD_SECONDS": "3"}
NEVER = f"{IMAGE}-never-ready"


async def runs(writers: Writers, name: str, **spec: Any) -> None:
    writers.create(name, a_spec(**spec))
    await reaches(writers, name, "running", published=True)
    await is_promoted(writers, name)


async def ingress_of(site: Site, name: str) -> dict[str, Any] | None:
    return await site.kubernetes.get("Ingress", f"inference-{name}")


async def is_withdrawn(writers: Writers, site: Site, name: str) -> dict[str, Any]:
    """Wait until an endpoint has no Ingress, and return the status that says why."""

    async def gone() -> bool:
        return await ingress_of(site, name) is None

    await eventually(gone, 15, f"{name} withdrawn")
    return await reaches(writers, name, "updating", reason="Withdrawn", published=False)


@pytest.mark.behaviour("B28", "B29")
async def test_an_endpoint_without_a_ready_replica_is_withdrawn_at_the_threshold_and_back_at_once(
    site: Site, writers: Writers
) -> None:
    async with running_controller(site, **THRESHOLD) as controller:
        await runs(writers, "llama")
        await runs(writers, "other")
        before = await ingress_of(site, "other")

        writers.change("llama", image=NEVER)
        waiting = await reaches(writers, "llama", "updating", replicas_ready=0, published=True)
        since = datetime.fromisoformat(waiting["unready_since"])
        said = await is_withdrawn(writers, site, "llama")

        assert said["unready_since"] == waiting["unready_since"]
        withdrawn = datetime.fromisoformat(said["last_sync"])
        assert withdrawn - since >= timedelta(seconds=3)
        assert any("no ready replica for 3 s" in line["reason"] for line in controller.logged("plan carried out"))
        assert await ingress_of(site, "other") == before

        writers.change("llama", image=IMAGE)
        back = await reaches(writers, "llama", "running", published=True)
        assert "unready_since" not in back
        assert await ingress_of(site, "llama") is not None


@pytest.mark.behaviour("B28")
async def test_the_clock_goes_on_while_nobody_is_there_to_look(site: Site, writers: Writers) -> None:
    async with running_controller(site, INFERENCE_UNHEALTHY_THRESHOLD_SECONDS="8") as controller:
        await runs(writers, "llama")
        writers.change("llama", image=NEVER)
        waiting = await reaches(writers, "llama", "updating", replicas_ready=0, published=True)
        controller.process.send_signal(signal.SIGTERM)
        await controller.process.wait()

    async with running_controller(site, INFERENCE_UNHEALTHY_THRESHOLD_SECONDS="8"):
        said = await is_withdrawn(writers, site, "llama")

    assert said["unready_since"] == waiting["unready_since"]
    since, withdrawn = (datetime.fromisoformat(said[field]) for field in ("unready_since", "last_sync"))
    assert timedelta(seconds=8) <= withdrawn - since


@pytest.mark.behaviour("B16", "B28")
async def test_an_endpoint_that_is_to_have_no_replica_is_not_unhealthy(
    world: World, site: Site, writers: Writers
) -> None:
    async with running_controller(site, INFERENCE_UNHEALTHY_THRESHOLD_SECONDS="1") as controller:
        await runs(writers, "llama")
        writers.scale("llama", 0)
        said = await reaches(writers, "llama", "running", replicas_desired=0, published=False)

        assert "unready_since" not in said
        assert "reason" not in said
        writers.scale("llama", 1)
        await reaches(writers, "llama", "running", replicas_ready=1, published=True)
        assert not [line for line in controller.logged("plan carried out") if "no ready replica" in line["reason"]]


@pytest.mark.behaviour("B20", "B28")
async def test_a_canary_without_a_ready_replica_loses_its_share_by_the_same_rule(site: Site, writers: Writers) -> None:
    async with running_controller(site, CANARY_WARMUP_SECONDS="0", **THRESHOLD):
        await runs(writers, "llama", canary={"image": f"{IMAGE}-b", "weight": 20})
        ready = {"replicas_ready": 1, "replicas_desired": 1, "weight": 20}
        await reaches(writers, "llama", "running", canary=ready)

        writers.change("llama", canary={"image": NEVER, "weight": 20})
        waiting = await eventually(lambda: _unready_canary(writers), 10, "the canary's clock")
        assert waiting["weight"] == 20
        await reaches(writers, "llama", "running", reason="CanaryUnavailable")

        lost = writers.status("llama")["canary"]
        assert (lost["weight"], lost["unready_since"]) == (0, waiting["unready_since"])
        ingress = await ingress_of(site, "llama")
        assert ingress is not None
        assert "alb.ingress.kubernetes.io/actions.weighted-routing" not in ingress["metadata"]["annotations"]
        writers.change("llama", canary={"image": f"{IMAGE}-b", "weight": 20})
        await reaches(writers, "llama", "running", canary=ready)


def _unready_canary(writers: Writers) -> dict[str, Any] | None:
    canary: dict[str, Any] = writers.status("llama").get("canary") or {}
    return canary if "unready_since" in canary else None


@pytest.mark.behaviour("B29")
async def test_nothing_is_asked_while_the_clock_runs(world: World, site: Site, writers: Writers) -> None:
    async with running_controller(site, INFERENCE_UNHEALTHY_THRESHOLD_SECONDS="4"):
        await runs(writers, "llama")
        writers.change("llama", image=NEVER)
        await reaches(writers, "llama", "updating", replicas_ready=0, published=True)
        await is_withdrawn(writers, site, "llama")

    deletions = [ask for ask in asked(world, site) if ask[:2] == ("delete", "ingresses")]
    assert len(deletions) == 1
