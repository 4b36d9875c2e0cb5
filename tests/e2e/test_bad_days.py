"""What must not go wrong: bad records, crowds, big tables, missing streams, foreign objects, and the end."""

import asyncio
import signal

import pytest

from tests.controller import Controller, running_controller, started_controller
from tests.e2e.watching import asked, changed, container_of, history, is_promoted, is_purged, reaches, states
from tests.world import Site, World, eventually
from tests.writers import Writers, a_spec


@pytest.mark.behaviour("B8", "B11")
async def test_a_bad_record_gets_a_clear_error_once_while_others_go_on(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("broken", a_spec(port="abc"))
    writers.create("llama")

    status = await reaches(writers, "broken", "error")
    await is_promoted(writers, "llama")

    assert status["error"] == "spec.port is 'abc': must be a whole number from 1 to 65535"
    assert status["reason"] == "InvalidRecord"
    assert await site.kubernetes.get("Deployment", "broken") is None
    assert len(history(world, site, "broken")) == len(["created", "error"])
    assert len(controller.logged("status written", endpoint="broken")) == 1


@pytest.mark.behaviour("B11")
async def test_a_record_that_breaks_leaves_what_runs_and_recovers_when_it_is_mended(
    site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("llama")
    await is_promoted(writers, "llama")
    before = await site.kubernetes.get("Deployment", "llama")

    writers.change("llama", port="abc", image="vllm/vllm-openai:v2")
    status = await reaches(writers, "llama", "error")

    assert (status["replicas_ready"], status["replicas_desired"], status["published"]) == (1, 1, True)
    assert await site.kubernetes.get("Deployment", "llama") == before
    writers.change("llama", port=8000)
    await is_promoted(writers, "llama")
    assert (await container_of(site, "llama"))["image"] == "vllm/vllm-openai:v2"


@pytest.mark.behaviour("B11")
async def test_what_the_api_server_refuses_is_told_in_one_sentence(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    writers.create("llama", a_spec(resources={"requests": {"memory": "64Gi"}, "limits": {"memory": "16Gi"}}))

    status = await reaches(writers, "llama", "error", reason="Invalid")

    assert 'Invalid value: "64Gi": must be less than or equal to memory limit of 16Gi' in status["error"]
    assert "\n" not in status["error"]
    writers.create("later")
    await is_promoted(writers, "later")
    refused = [request for request in asked(world, site) if request == ("patch", "deployments", "llama")]
    assert len(refused) == 1


@pytest.mark.behaviour("B23")
@pytest.mark.parametrize("state", ["stopped", "deleted"])
async def test_a_broken_spec_never_keeps_gpus_running(
    site: Site, writers: Writers, controller: Controller, state: str
) -> None:
    writers.create("llama")
    await is_promoted(writers, "llama")
    writers.change("llama", image="", port="abc")
    await reaches(writers, "llama", "error")

    writers.say("llama", state)

    if state == "stopped":
        await reaches(writers, "llama", "stopped")
        stopped = await container_of(site, "llama")
        assert stopped["image"] == "vllm/vllm-openai:v0.8.0"
    else:
        await is_purged(writers, "llama")
    assert await site.kubernetes.list("Pod", "app=llama") == []


async def test_fifty_endpoints_at_once(site: Site, writers: Writers, controller: Controller) -> None:
    names = [f"endpoint-{number}" for number in range(50)]

    for name in names:
        writers.create(name, a_spec(gpu_count=1))
    for name in names:
        await is_promoted(writers, name, deadline=60)

    deployments = await site.kubernetes.list("Deployment")
    assert {deployment["status"]["availableReplicas"] for deployment in deployments} == {1}
    assert len(deployments) == len(await site.kubernetes.list("Ingress")) == 50


async def test_every_page_of_a_big_table_is_seen_at_the_start(site: Site, writers: Writers) -> None:
    names = [f"big-{number}" for number in range(45)]
    for name in names:
        writers.create(name, desired_state="stopped", notes="x" * 30_000)
    writers.create("zebra")

    async with running_controller(site):
        await is_promoted(writers, "zebra")
        for name in names:
            await reaches(writers, name, "stopped")

    item = writers.read(names[0])
    assert item is not None
    assert item["notes"] == "x" * 30_000


async def test_a_table_without_a_stream_is_served_by_scans_and_says_so(world: World) -> None:
    async with world.site(stream=False) as site:
        writers = Writers(site.table, site.namespace)
        writers.create("llama")
        async with running_controller(site, RECONCILE_INTERVAL_SECONDS="1") as controller:
            await is_promoted(writers, "llama")
            writers.create("later")
            await is_promoted(writers, "later")

    assert len(controller.logged("the table has no stream: changes are found by resyncs alone")) == 1


async def test_without_an_event_source_scans_alone_do(site: Site, writers: Writers) -> None:
    writers.create("llama")

    async with running_controller(site, EVENT_SOURCE="none", RECONCILE_INTERVAL_SECONDS="3600") as controller:
        await is_promoted(writers, "llama")
        writers.create("later")
        controller.resync()
        await is_promoted(writers, "later")


async def test_our_own_writes_wake_nobody(site: Site, writers: Writers) -> None:
    async with running_controller(site, LOG_LEVEL="DEBUG") as controller:
        writers.create("typo", a_spec(port="abc"))
        await reaches(writers, "typo", "error")
        writers.create("later")
        await is_promoted(writers, "later")

    assert len(controller.logged("pass done", endpoint="typo")) == 1


@pytest.mark.behaviour("B13")
async def test_foreign_objects_with_our_names_are_not_touched(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    labels = {"app": "llama", "project": "gco", "gco.io/type": "inference"}
    spec = {"selector": {"app": "theirs"}, "ports": [{"port": 80}]}
    metadata = {"name": "llama", "labels": labels}
    theirs = await site.kubernetes.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})

    writers.create("llama")
    status = await reaches(writers, "llama", "error", reason="ForeignObject")
    assert "Service llama exists already" in status["error"]
    writers.say("llama", "deleted")
    writers.create("later")
    await is_promoted(writers, "later")
    assert writers.status("llama")["reason"] == "ForeignObject"

    assert await site.kubernetes.get("Service", "llama") == theirs
    assert {name for _, _, name in changed(world, site)} == {"later", "inference-later"}


@pytest.mark.behaviour("B5")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly_in_the_middle_of_work(
    site: Site, writers: Writers, number: signal.Signals
) -> None:
    async with running_controller(site) as controller:
        for index in range(20):
            writers.create(f"endpoint-{index}")
        await eventually(lambda: controller.logged("plan carried out"), what="work has begun")
        controller.process.send_signal(number)
        async with asyncio.timeout(25):
            assert await controller.process.wait() == 0

    assert len(controller.logged("stopped")) == 1
    made = {(d["metadata"]["name"]) for d in await site.kubernetes.list("Deployment")}
    served = {s["metadata"]["name"] for s in await site.kubernetes.list("Service")}
    assert made == served, "a pass was cut off in the middle"


@pytest.mark.behaviour("B5")
async def test_the_next_process_goes_on_where_the_last_was_killed(world: World, site: Site, writers: Writers) -> None:
    brief = {"LEASE_DURATION_SECONDS": "2", "LEASE_RENEW_DEADLINE_SECONDS": "1.5", "LEASE_RETRY_SECONDS": "0.3"}
    async with started_controller({**site.environment, **brief}) as first:
        await first.has_logged("following the stream")
        writers.create("llama", a_spec(image="vllm/vllm-openai:v1-ready-after-2s"))
        await reaches(writers, "llama", "creating")
        first.process.kill()
        await first.process.wait()
        writers.create("missed")
        async with running_controller(site, **brief):
            await is_promoted(writers, "llama")
            await is_promoted(writers, "missed")
    assert states(history(world, site, "llama")) == ["creating", "running"]
