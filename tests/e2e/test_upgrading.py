"""Another version of the controller takes over, on the real Deployment controller: no pod is restarted."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gco_stream.core.manifests.ownership import TEMPLATE_FIELDS, TEMPLATE_VERSION
from gco_stream.core.manifests.pod import VERSION
from tests.controller import Controller, running_controller, started_controller
from tests.e2e.after_the_poller import CANARY, FLEET, SETTINGS, VLLM, leaves, pods, rests, versions
from tests.e2e.watching import container_of, is_promoted, reaches
from tests.next_version import GRACE_SECONDS, NEXT, VARIABLE
from tests.world import Site, eventually
from tests.world.kubernetes import MERGE_PATCH
from tests.writers import Writers, a_spec

pytestmark = pytest.mark.behaviour("B35")

SYNC_SETTING = {"MODEL_SYNC_IMAGE": "acme/aws-cli:99"}
OURS: dict[str, dict[str, Any]] = {
    "llama": {"image": VLLM, "args": ["--model", "m"], "env": {"A": "1", "EMPTY": ""}, "replicas": 2, "gpu_count": 0},
    "synced": {"model_source": "s3://acme-models/m", "gpu_count": 0},
    "shared": {"canary": CANARY, "gpu_count": 0},
}
SHARED = ("shared", "shared-canary")


@asynccontextmanager
async def next_controller(site: Site, **settings: str) -> AsyncIterator[Controller]:
    """Run the next version of the controller, with another image for the model sync."""
    environment = {**site.environment, **SETTINGS, **SYNC_SETTING, **settings}
    async with started_controller(environment, module="tests.next_version") as controller:
        await controller.has_logged("table scanned", 60)
        yield controller


async def are_running(site: Site, writers: Writers, names: Collection[str] = tuple(OURS)) -> None:
    for name in names:
        await reaches(writers, name, "running", published=True)
        await rests(site, name)
    if "shared" in names:
        await eventually(lambda: (writers.status("shared").get("canary") or {}).get("weight") == 20, what="its share")


async def made_by_this_version(site: Site, writers: Writers) -> None:
    async with running_controller(site, **SETTINGS):
        for name, spec in OURS.items():
            writers.create(name, a_spec(**spec))
        await are_running(site, writers)


async def deployment(site: Site, name: str) -> dict[str, Any]:
    found = await site.kubernetes.get("Deployment", name)
    assert found is not None
    return found


async def standing(site: Site, name: str) -> tuple[str, int, Any]:
    """Whose template a Deployment has, its generation, and for how long its pods may end."""
    live = await deployment(site, name)
    version, pod = live["metadata"]["labels"][TEMPLATE_VERSION], live["spec"]["template"]["spec"]
    return version, live["metadata"]["generation"], pod["terminationGracePeriodSeconds"]


async def test_an_upgrade_writes_nothing_and_replaces_nobody(site: Site, writers: Writers) -> None:
    await made_by_this_version(site, writers)
    before, there = await pods(site), await versions(site)

    async with next_controller(site) as controller:
        await are_running(site, writers)
        assert controller.logged("table scanned")[0]["queued"] == 0
    async with running_controller(site, **SETTINGS):
        await are_running(site, writers)

    assert (await pods(site), await versions(site)) == (before, there)


async def test_what_is_not_about_the_pods_leaves_them_as_they_are(site: Site, writers: Writers) -> None:
    await made_by_this_version(site, writers)
    before = await pods(site)

    async with next_controller(site):
        writers.scale("llama", 3)
        writers.scale("synced", 2)
        writers.change("shared", rollout={"max_surge": 2})
        await reaches(writers, "llama", "running", replicas_ready=3)
        await reaches(writers, "synced", "running", replicas_ready=2)
        await is_promoted(writers, "shared")
        await are_running(site, writers)

    assert before < await pods(site)
    assert {(await standing(site, name))[0] for name in (*OURS, "shared-canary")} == {VERSION}


async def test_the_next_edit_of_the_pods_brings_the_template_of_today(site: Site, writers: Writers) -> None:
    await made_by_this_version(site, writers)
    canarys = await standing(site, "shared-canary")

    async with next_controller(site):
        writers.change("llama", args=["--model", "n"])
        writers.change("synced", image="acme/server:v3")
        writers.change("shared", image="acme/server:v3")
        for name in OURS:
            await is_promoted(writers, name)
        await are_running(site, writers)

        container, synced = await container_of(site, "llama"), await deployment(site, "synced")
        assert container["args"] == ["--model", "n", "--root-path", "/inference/llama/next"]
        assert VARIABLE in container["env"]
        assert synced["spec"]["template"]["spec"]["initContainers"][0]["image"] == SYNC_SETTING["MODEL_SYNC_IMAGE"]
        found = [await standing(site, name) for name in OURS]
        assert {(version, seconds) for version, _, seconds in found} == {(NEXT, GRACE_SECONDS)}
        assert await standing(site, "shared-canary") == canarys

        writers.change("shared", canary={**CANARY, "image": "acme/server:v4"})
        await is_promoted(writers, "shared")
        await are_running(site, writers)
        assert [(await standing(site, name))[::2] for name in SHARED] == [(NEXT, GRACE_SECONDS)] * 2


async def test_what_the_poller_made_stays_as_found_across_an_upgrade(site: Site, writers: Writers) -> None:
    for name in ("plain", "vllm", "synced"):
        await leaves(site, writers, name, **FLEET[name])
    async with running_controller(site, **SETTINGS):
        await are_running(site, writers, ("plain", "vllm", "synced"))
    before, there = await pods(site), await versions(site)

    async with next_controller(site):
        await are_running(site, writers, ("plain", "vllm", "synced"))

    assert (await pods(site), await versions(site)) == (before, there)


async def test_what_has_no_label_yet_gets_it_without_a_rollout(site: Site, writers: Writers) -> None:
    await made_by_this_version(site, writers)
    for name in (*OURS, "shared-canary"):
        labels = {"metadata": {"labels": {TEMPLATE_FIELDS: None}}}
        path = site.kubernetes.path("Deployment", name)
        await site.kubernetes.request("PATCH", path, labels, content_type=MERGE_PATCH)
    before = await pods(site), [await standing(site, name) for name in (*OURS, *SHARED)]

    async with running_controller(site, **SETTINGS, **SYNC_SETTING):
        await eventually(lambda: are_labelled(site), what="labels")
        await are_running(site, writers)

    assert (await pods(site), [await standing(site, name) for name in (*OURS, *SHARED)]) == before


async def are_labelled(site: Site) -> bool:
    found = await site.kubernetes.list("Deployment")
    return all(TEMPLATE_FIELDS in live["metadata"]["labels"] for live in found)


@pytest.mark.behaviour("B14")
async def test_an_image_set_by_hand_is_put_right_with_the_template_of_today(site: Site, writers: Writers) -> None:
    await made_by_this_version(site, writers)
    right = await container_of(site, "llama")

    async with next_controller(site) as controller:
        change = {"spec": {"template": {"spec": {"containers": [right | {"image": "hacked:v9"}]}}}}
        path = f"{site.kubernetes.path('Deployment', 'llama')}?fieldManager=kubectl-edit"
        await site.kubernetes.request("PATCH", path, change, content_type=MERGE_PATCH)
        line = await controller.has_logged("drift corrected")
        assert (line["endpoint"], line["manager"]) == ("llama", "kubectl-edit")
        await are_running(site, writers)

    assert (await container_of(site, "llama"))["image"] == right["image"]
    assert (await standing(site, "llama"))[0] == NEXT
