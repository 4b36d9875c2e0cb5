"""Who had changed what is corrected, as the API server tells it; and that nobody is blamed for our own steps."""

from typing import Any

import pytest

from tests.controller import Controller, running_controller
from tests.e2e.watching import container_of, is_promoted, reaches
from tests.world import Site, eventually
from tests.world.kubernetes import MERGE_PATCH
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B14")

CORRECTED = "drift corrected"


async def edit(site: Site, kind: str, name: str, change: dict[str, Any], *, manager: str, part: str = "") -> None:
    """Change an object as a tool of that name does."""
    path = f"{site.kubernetes.path(kind, name)}{part}?fieldManager={manager}"
    await site.kubernetes.request("PATCH", path, change, content_type=MERGE_PATCH)


async def image(site: Site, value: str) -> dict[str, Any]:
    container = await container_of(site, "llama")
    return {"spec": {"template": {"spec": {"containers": [container | {"image": value}]}}}}


async def test_a_changed_image_is_corrected_and_its_author_named(
    site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("llama")
    await is_promoted(writers, "llama")

    await edit(site, "Deployment", "llama", await image(site, "hacked:v9"), manager="kubectl-edit")
    line = await controller.has_logged(CORRECTED)

    assert line["reason"] == "corrected image on Deployment llama, last written by kubectl-edit"
    assert (line["endpoint"], line["object"], line["manager"]) == ("llama", "Deployment llama", "kubectl-edit")
    assert line["fields"] == ["spec.template.spec.containers[inference].image"]
    await is_promoted(writers, "llama")
    assert len(controller.logged(CORRECTED)) == 1


async def test_a_scaled_deployment_is_corrected_and_its_author_named(
    site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("llama")
    await is_promoted(writers, "llama")

    await edit(site, "Deployment", "llama", {"spec": {"replicas": 3}}, manager="kubectl", part="/scale")
    line = await controller.has_logged(CORRECTED)

    assert line["reason"] == "corrected spec.replicas on Deployment llama, last written by kubectl"


async def test_what_somebody_took_away_is_counted_for_nobody(
    site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("llama")
    await is_promoted(writers, "llama")

    await edit(site, "Service", "llama", {"metadata": {"labels": {"project": None}}}, manager="kubectl-edit")
    line = await controller.has_logged(CORRECTED)

    assert (line["object"], line["manager"]) == ("Service llama", "unknown")


async def test_a_stopped_endpoint_that_somebody_started_by_hand_is_stopped_again(
    site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("llama")
    await is_promoted(writers, "llama")
    writers.say("llama", "stopped")
    await reaches(writers, "llama", "stopped")
    assert controller.logged(CORRECTED) == []

    await edit(site, "Deployment", "llama", {"spec": {"replicas": 2}}, manager="kubectl", part="/scale")
    line = await controller.has_logged(CORRECTED)

    assert line["manager"] == "kubectl"


async def test_nobody_is_blamed_for_what_the_record_asks_for(site: Site, writers: Writers) -> None:
    brief = {"CANARY_WARMUP_SECONDS": "1", "DRAIN_SECONDS": "1"}
    async with running_controller(site, **brief) as controller:
        writers.create("llama")
        await is_promoted(writers, "llama")
        writers.change("llama", port=9000, health_check_path="/ready")
        await is_promoted(writers, "llama")
        writers.change("llama", canary={"image": "acme/server:canary", "weight": 20})
        await eventually(lambda: (writers.status("llama").get("canary") or {}).get("weight") == 20, 20, what="weight")
        writers.change("llama", canary=None, image="acme/server:canary")
        await is_promoted(writers, "llama")
        await eventually(lambda: "canary" not in writers.status("llama"), 20, what="canary gone")
        writers.change("llama", autoscaling={"enabled": True, "min_replicas": 2})
        await reaches(writers, "llama", "running", replicas_ready=2)
        writers.say("llama", "stopped")
        await reaches(writers, "llama", "stopped")
        writers.say("llama", "running")
        await reaches(writers, "llama", "running", published=True)
        writers.change("llama", autoscaling=None, replicas=1)
        await is_promoted(writers, "llama")

        assert controller.logged(CORRECTED) == []
