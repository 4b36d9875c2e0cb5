"""Kubernetes Events on the real API server, as ``kubectl get events`` and ``kubectl describe`` find them."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.controller import Controller, running_controller
from tests.e2e.watching import is_promoted, reaches
from tests.world import Site, eventually
from tests.world.parts import Parts
from tests.writers import IMAGE, Writers, a_spec

pytestmark = pytest.mark.behaviour("B39")

NEVER = f"{IMAGE}-never-ready"
SETTINGS = {"INFERENCE_UNHEALTHY_THRESHOLD_SECONDS": "2", "CANARY_WARMUP_SECONDS": "0", "DRAIN_SECONDS": "0"}


async def ours(site: Site) -> list[dict[str, Any]]:
    """Return our Events, oldest first."""
    found = await site.kubernetes.list("Event")
    told = (event for event in found if event["reportingController"] == "gco-stream")
    return sorted(told, key=lambda event: int(event["metadata"]["resourceVersion"]))


async def reasons(site: Site, name: str) -> list[str]:
    """Return the reasons of the Events beside a Deployment, oldest first."""
    return [event["reason"] for event in await ours(site) if event["regarding"]["name"] == name]


async def is_told(site: Site, *wanted: str, name: str = "llama") -> None:
    async def told() -> bool:
        return await reasons(site, name) == list(wanted)

    await eventually(told, 15, f"{name}: {wanted}, was {await reasons(site, name)}")


async def runs(writers: Writers, name: str = "llama", **fields: Any) -> None:
    writers.create(name, a_spec(), **fields)
    await reaches(writers, name, "running", published=True)
    await is_promoted(writers, name)


async def test_each_transition_is_told_once_beside_the_deployment(site: Site, writers: Writers) -> None:
    async with running_controller(site, **SETTINGS):
        await runs(writers)
        writers.change("llama", image=NEVER)
        await reaches(writers, "llama", "updating", reason="Withdrawn", published=False)
        writers.change("llama", image=IMAGE)
        await reaches(writers, "llama", "running", published=True)

        # The second update comes within a minute of the first.
        await is_told(site, "Created", "Published", "Updated", "Withdrawn", "Restored")
    events = await ours(site)
    assert [event["type"] for event in events] == ["Normal", "Normal", "Normal", "Warning", "Normal"]
    deployment = await site.kubernetes.get("Deployment", "llama")
    assert deployment is not None
    assert {event["regarding"]["uid"] for event in events} == {deployment["metadata"]["uid"]}


async def test_a_canary_is_told_of_from_its_start_to_its_end(site: Site, writers: Writers) -> None:
    async with running_controller(site, **SETTINGS):
        await runs(writers)

        writers.change("llama", canary={"image": IMAGE.replace("v0.8.0", "v0.9.0"), "weight": 20})
        await reaches(writers, "llama", "running", canary={"replicas_ready": 1, "replicas_desired": 1, "weight": 20})
        writers.change("llama", canary=None)

        await is_told(site, "Created", "Published", "Updated", "CanaryStarted", "CanaryEnded")


async def test_what_was_put_right_is_told_with_who_had_changed_it(
    site: Site, writers: Writers, controller: Controller
) -> None:
    await runs(writers)

    await site.kubernetes.patch("Service", "llama", {"spec": {"selector": {"app": "elsewhere"}}})

    await is_told(site, "Created", "Published", "DriftCorrected")
    told = (await ours(site))[-1]["note"]
    assert "Service llama" in told
    assert "last written by" in told


async def test_holding_and_releasing_are_told(site: Site, writers: Writers, controller: Controller) -> None:
    await runs(writers)

    await site.kubernetes.patch("Deployment", "llama", {"metadata": {"annotations": {"gco.io/hold": "debugging"}}})
    await reaches(writers, "llama", "running", reason="Held")
    await site.kubernetes.patch("Deployment", "llama", {"metadata": {"annotations": {"gco.io/hold": None}}})

    await is_told(site, "Created", "Published", "Held", "Released")
    assert [event["note"] for event in await ours(site) if event["reason"] == "Held"] == ["debugging"]


async def test_an_error_is_told_beside_the_namespace_where_there_is_no_deployment(
    site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("typo", a_spec(port="abc"))
    await reaches(writers, "typo", "error")

    await is_told(site, "InvalidRecord", name=site.namespace)
    (event,) = await ours(site)
    assert event["regarding"]["kind"] == "Namespace"
    assert event["type"] == "Warning"
    assert event["note"].startswith("typo: spec.port is 'abc'")


async def test_labels_that_are_not_taken_are_named(site: Site, writers: Writers, controller: Controller) -> None:
    await runs(writers, labels={"team": "search", "app": "mine", "gco.io/x": "y"})

    await is_told(site, "Created", "LabelsNotTaken", "Published")
    assert [event["note"] for event in await ours(site) if event["reason"] == "LabelsNotTaken"] == [
        "reserved by the platform: app, gco.io/x"
    ]


async def test_kubectl_describe_shows_them(
    site: Site, writers: Writers, controller: Controller, world_parts: Parts, tmp_path: Path
) -> None:
    await runs(writers)
    await is_told(site, "Created", "Published")

    command = [str(world_parts.programs["kubectl"]), "describe", "deployment", "llama", "--namespace", site.namespace]
    environment = {"KUBECONFIG": site.administrator["KUBECONFIG"], "HOME": str(tmp_path)}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    assert "Published" in told.partition("Events:")[2]
