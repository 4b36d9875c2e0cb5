"""Replaying: on a real stream, against a real API server, beside a real controller."""

import signal
from pathlib import Path

import pytest

from tests.controller import running_controller
from tests.e2e.retelling import a_day_of_history, captured, gco_stream, image_of, replayed, started
from tests.e2e.watching import asked, changed, history, is_promoted, reaches
from tests.world import Site, World
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B37")

LEASE = "inference-monitor-leader"
BRIEF = {"LEASE_DURATION_SECONDS": "3", "LEASE_RENEW_DEADLINE_SECONDS": "2", "LEASE_RETRY_SECONDS": "0.5"}


class TestDryRun:
    async def test_it_says_what_was_told_and_what_would_change_and_changes_nothing(
        self, world: World, site: Site, writers: Writers
    ) -> None:
        a_day_of_history(writers)
        records = len(history(world, site, "chat"))

        text = await gco_stream(site, "replay")
        ended, answer = await replayed(site)

        assert (text.code, ended.code) == (1, 1)
        assert f"chat: {records} records, 0 of them echoes" in text.out
        assert "chat: told: spec.image: absent → 'acme/server:v8', in 8 steps" in text.out
        assert "chat: create Deployment chat: missing" in text.out
        assert {change["kind"] for change in answer["chat"]["plan"]["changes"]} == {"Deployment", "Service"}
        assert "secret-" not in text.out + ended.out
        assert {verb for verb, _, _ in asked(world, site)} <= {"get", "list"}
        assert len(history(world, site, "chat")) == records

    async def test_secrets_are_shown_where_they_are_asked_for(self, site: Site, writers: Writers) -> None:
        a_day_of_history(writers)

        assert "secret-8" in (await gco_stream(site, "replay", "--show-secrets")).out

    async def test_a_capture_says_the_same_as_the_stream(self, site: Site, writers: Writers, tmp_path: Path) -> None:
        a_day_of_history(writers)
        writers.create("other", {"image": "acme/other:v1"})

        path = await captured(site, tmp_path)
        _, live = await replayed(site)
        _, filed = await replayed(site, "--from", str(path))
        _, one = await replayed(site, "--from", str(path), "--endpoint", "other")

        assert live == filed
        assert one == {"other": live["other"]}

    async def test_what_the_controller_has_done_is_in_step_and_its_own_echoes_are_told_apart(
        self, site: Site, writers: Writers
    ) -> None:
        async with running_controller(site):
            writers.create("chat", {"image": "acme/server:v1", "gpu_count": 0})
            await is_promoted(writers, "chat")

        ended, answer = await replayed(site)

        assert ended.code == 0
        assert answer["chat"]["plan"]["in_step"]
        assert answer["chat"]["looks"] < answer["chat"]["records"]


class TestApply:
    async def test_a_running_controller_is_left_alone_and_named(
        self, world: World, site: Site, writers: Writers
    ) -> None:
        async with running_controller(site, HOSTNAME="pod-a") as controller:
            writers.create("chat", {"image": "acme/server:v1", "gpu_count": 0})
            await is_promoted(writers, "chat")
            before = len(changed(world, site))

            ended = await gco_stream(site, "replay", "--apply", "--yes")

            assert ended.code == 1
            assert "nothing was carried out: pod-a_" in ended.err
            assert len(changed(world, site)) == before
            assert controller.process.returncode is None

    async def test_without_one_the_plan_is_carried_out_and_the_lease_given_back(
        self, site: Site, writers: Writers
    ) -> None:
        writers.create("chat", {"image": "acme/server:v1", "gpu_count": 0})

        ended, answer = await replayed(site, "--apply", "--yes")

        assert ended.code == 0, ended.err
        assert answer["chat"]["carried_out"] is True
        assert await image_of(site, "chat") == "acme/server:v1"
        assert writers.status("chat")["state"] in ("creating", "running")
        lease = await site.kubernetes.get("Lease", LEASE)
        assert lease is not None
        assert lease["spec"]["holderIdentity"] == ""

    async def test_the_lease_of_one_that_died_is_taken_once_it_has_run_out(self, site: Site, writers: Writers) -> None:
        async with running_controller(site, **BRIEF) as controller:
            controller.process.kill()
            await controller.process.wait()
        writers.create("chat", {"image": "acme/server:v1", "gpu_count": 0})

        ended, answer = await replayed(site, "--apply", "--yes")

        assert ended.code == 0, ended.err
        assert "waiting for a sign of life" in ended.err
        assert answer["chat"]["carried_out"] is True

    async def test_a_day_of_history_never_brings_an_old_state_back(
        self, world: World, site: Site, writers: Writers, tmp_path: Path
    ) -> None:
        a_day_of_history(writers)
        writers.create("gone", {"image": "acme/gone:v1", "gpu_count": 0})
        path = await captured(site, tmp_path)
        site.table.delete_item(Key={"endpoint_name": "gone"})
        writers.change("chat", image="acme/server:newest", replicas=2)
        async with running_controller(site):
            await reaches(writers, "chat", "running", replicas_ready=2)
        before, wishes = writers.read("chat"), len(changed(world, site))

        ended, answer = await replayed(site, "--from", str(path), "--apply", "--yes")

        assert ended.code == 0, ended.err
        assert (answer["gone"]["gone"], answer["gone"]["carried_out"]) == (True, True)
        assert await image_of(site, "chat") == "acme/server:newest"
        assert await image_of(site, "gone") is None
        assert writers.read("chat") == before
        assert changed(world, site)[wishes:] == []

    @pytest.mark.behaviour("B52")
    async def test_an_interrupt_gives_the_lease_back(self, site: Site, writers: Writers) -> None:
        # A pod that never becomes ready makes the work last: its endpoint is being deleted while its pod stays.
        writers.create("chat", {"image": "acme/server:v1", "gpu_count": 0})
        async with running_controller(site):
            await is_promoted(writers, "chat")
        stays = {"name": "chat", "finalizers": ["test/stays"]}
        manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": stays}
        await site.kubernetes.apply(manifest, field_manager="kubectl")
        writers.say("chat", "deleted")

        async with started(site, "replay", "--apply", "--yes") as process:
            await reaches(writers, "chat", "deleting")
            process.send_signal(signal.SIGINT)
            _, said = await process.communicate()

        lease = await site.kubernetes.get("Lease", LEASE)
        assert lease is not None
        assert lease["spec"]["holderIdentity"] == ""
        assert process.returncode == 130
        assert said.decode().splitlines()[-1] == (
            "gco-stream: interrupted: 0 of 1 endpoints carried out, the lease is given back"
        )
        freed = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "chat"}}
        await site.kubernetes.apply(freed, field_manager="kubectl")
