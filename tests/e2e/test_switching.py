"""The day of the switch, forth and back: no pod is restarted, nobody is unpublished, and one of the two leads."""

import json
from collections.abc import Iterator

import pytest

from gco_stream.core.leadership import LEASE_NAME
from tests.controller import running_controller, started_controller
from tests.e2e.after_the_poller import (
    ADOPTED,
    FLEET,
    SETTINGS,
    frozen,
    leaves,
    owned_by_the_old_client,
    pods,
    rests,
    versions,
)
from tests.e2e.traffic_seen import traffic_seen
from tests.e2e.watching import is_promoted, reaches
from tests.poller import USER_AGENT
from tests.poller_at_work import Poller, polling
from tests.world import Site, World, eventually
from tests.writers import Writers, a_spec

pytestmark = pytest.mark.behaviour("B35")

OURS = "gco-stream"


async def a_fleet(site: Site, writers: Writers) -> None:
    for name, left in FLEET.items():
        await leaves(site, writers, name, **left)


async def all_rest(site: Site, *more: str) -> None:
    for name in (*FLEET, *more):
        await rests(site, name)


async def lease_goes(site: Site) -> None:
    """What the page says to do once the poller's pods are gone: otherwise it takes 45 seconds."""
    await site.kubernetes.delete("Lease", LEASE_NAME)


def writers_in_order(world: World, site: Site) -> Iterator[str]:
    """Whose turn it was, from the writes to endpoints' objects in the API server's audit log: each turn once."""
    last = ""
    for line in world.audited():
        entry = json.loads(line)
        thing = entry.get("objectRef") or {}
        agent = {USER_AGENT: "poller", OURS: "gco-stream"}.get(entry.get("userAgent", ""), "")
        is_write = entry["verb"] in ("create", "patch", "update", "delete") and thing.get("resource") != "events"
        if (
            thing.get("namespace") != site.namespace
            or not agent
            or not is_write
            or entry["stage"] != "ResponseComplete"
        ):
            continue
        if thing.get("resource") == "leases" and entry["responseStatus"]["code"] >= 400:
            continue  # Whoever lost.
        if agent != last:
            yield agent
        last = agent


async def test_no_pod_is_replaced_forth_and_back_and_forth_again(world: World, site: Site, writers: Writers) -> None:
    await a_fleet(site, writers)
    before = await pods(site)
    async with traffic_seen(site.kubernetes, "weighted") as traffic:
        async with running_controller(site, **SETTINGS):
            for name in FLEET:
                await reaches(writers, name, "running", reason=ADOPTED, published=True)
            await all_rest(site)

        async with polling(site) as poller:
            await eventually(lambda: poller.cycles >= 3, 20, "three cycles of the poller")
            await all_rest(site)
            assert {writers.status(name)["state"] for name in FLEET} == {"running"}
            assert not any("published" in writers.status(name) for name in FLEET)
            assert await pods(site) == before

        await lease_goes(site)
        async with running_controller(site, **SETTINGS):
            for name in FLEET:
                await reaches(writers, name, "running", reason=ADOPTED, published=True)
            await all_rest(site)
        assert set(traffic.shares()) == {"80/20"}
        assert not traffic.lost()

    assert await pods(site) == before
    assert await owned_by_the_old_client(site) == []
    assert await frozen(site) == []


async def test_what_we_made_runs_on_under_the_poller(site: Site, writers: Writers) -> None:
    writers.create("llama", a_spec(replicas=2))
    writers.create("spare", a_spec(), desired_state="stopped")
    async with running_controller(site):
        await is_promoted(writers, "llama")
        await reaches(writers, "llama", "running", published=True, replicas_ready=2)
        await reaches(writers, "spare", "stopped")
        await rests(site, "llama")
    before, there = await pods(site), await versions(site)

    async with polling(site) as poller:
        await eventually(lambda: poller.cycles >= 3, 20, "three cycles of the poller")

    assert (await pods(site), await versions(site)) == (before, there)
    assert writers.status("llama").keys() == {"state", "replicas_ready", "replicas_desired", "last_sync"}
    writers.scale("llama", 3)
    await Poller(site).cycle()
    await rests(site, "llama", replicas=3)
    assert before < await pods(site)


async def test_what_the_poller_changes_meanwhile_is_taken_over_again(site: Site, writers: Writers) -> None:
    writers.create("llama", a_spec(gpu_count=0))
    async with running_controller(site):
        await is_promoted(writers, "llama")
    writers.create("later", a_spec(gpu_count=0))
    writers.change("llama", image="vllm/vllm-openai:v0.9.0")
    async with polling(site) as poller:
        await is_promoted(writers, "later")
        await rests(site, "llama")
        await site.kubernetes.delete("Ingress", "inference-llama")
        await eventually(lambda: site.kubernetes.get("Ingress", "inference-llama"), what="the poller's own Ingress")
        assert poller.cycles > 0
    await rests(site, "later")
    before = await pods(site)

    await lease_goes(site)
    async with running_controller(site):
        await reaches(writers, "later", "running", reason=ADOPTED, published=True)
        await reaches(writers, "llama", "running", published=True)
        await rests(site, "llama")
        await rests(site, "later")

    assert await pods(site) == before
    assert await owned_by_the_old_client(site) == []


async def test_neither_another_start_nor_another_leader_replaces_a_pod(site: Site, writers: Writers) -> None:
    await a_fleet(site, writers)
    writers.create("ours", a_spec())
    async with running_controller(site, **SETTINGS) as first:
        await is_promoted(writers, "ours")
        for name in FLEET:
            await reaches(writers, name, "running", reason=ADOPTED)
        await all_rest(site, "ours")
        before, there = await pods(site), await versions(site)
        async with started_controller({**site.environment, **SETTINGS}) as second:
            await second.has_logged("standing by")
            await first.stop()
            await second.has_logged("table scanned")
    async with running_controller(site, **SETTINGS):
        await all_rest(site, "ours")

    assert (await pods(site), await versions(site)) == (before, there)


async def test_the_two_never_lead_together(world: World, site: Site, writers: Writers) -> None:
    await a_fleet(site, writers)

    async with polling(site) as poller:
        await eventually(lambda: poller.cycles >= 2, 20, "two cycles of the poller")
        async with started_controller(site.environment) as waiting:
            await waiting.has_logged("a poller leads, and is waited for")
            cycles = poller.cycles
            await eventually(lambda: poller.cycles >= cycles + 3, 20, "three more")
            assert waiting.logged("leading") == []
    await lease_goes(site)
    async with running_controller(site), polling(site) as poller:
        writers.create("later", a_spec())
        await is_promoted(writers, "later")
        assert poller.cycles == 0
    async with polling(site) as poller:
        await eventually(lambda: poller.cycles >= 1, 20, "it takes what was given back")

    assert list(writers_in_order(world, site)) == ["poller", "gco-stream", "poller"]
