"""The commands as people use them: in a shell, with a controller at work."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.cli.commands import Ended, shell_at
from tests.controller import Controller, running_controller
from tests.e2e.watching import asked, is_promoted, reaches
from tests.world import Site, World, eventually
from tests.writers import Writers

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.json"))
IMAGE = "acme/server:v1"
READS = {"get", "list"}


@dataclass(frozen=True, slots=True)
class Shell:
    """``gco-stream`` as a process of its own, on a site."""

    site: Site

    async def __call__(self, *arguments: str, **more: str) -> Ended:
        return await asyncio.to_thread(shell_at(self.site).apart, *arguments, **more)

    async def endpoint(self, *arguments: str) -> Ended:
        """Change an endpoint, and wait until it is so."""
        ended = await self("endpoint", *arguments, "--wait", "--timeout", "40")
        assert ended.code == 0, ended.err
        return ended


@pytest_asyncio.fixture(loop_scope="session")
async def shell(site: Site) -> Shell:
    return Shell(site)


async def in_step(shell: Shell, *names: str) -> dict[str, dict[str, Any]]:
    """Plan, and return each endpoint's answer by name; the exit code must say the same."""
    ended = await shell("plan", *names, "-o", "json")
    planned = {one["endpoint"]: one for one in json.loads(ended.out)}
    assert ended.code == (0 if all(one["in_step"] for one in planned.values()) else 1), ended.err
    return planned


def here(folder: Path, site: Site, *files: Path) -> str:
    """Write examples into one file, as for this site: its region and its namespace."""
    changes = {"target_regions": ["us-east-1"], "namespace": site.namespace}
    path = folder / "records.json"
    path.write_text(json.dumps([{**json.loads(file.read_text()), **changes} for file in files]))
    return str(path)


@pytest.mark.usefixtures("controller")
class TestWithAController:
    @pytest.mark.parametrize("file", EXAMPLES, ids=[file.stem for file in EXAMPLES])
    async def test_an_example_is_created_and_runs(
        self, shell: Shell, site: Site, writers: Writers, tmp_path: Path, file: Path
    ) -> None:
        ended = await shell.endpoint("create", "-f", here(tmp_path, site, file))

        name = json.loads(file.read_text())["endpoint_name"]
        assert ended.out == f"{name}: created\n"
        assert writers.status(name)["state"] == "running"
        assert f"{name}: us-east-1: running" in ended.err

    async def test_an_endpoint_lives_and_goes(self, shell: Shell, site: Site, writers: Writers) -> None:
        await shell.endpoint("create", "chat", "--image", IMAGE, "--gpu-count", "0")

        await shell.endpoint("scale", "chat", "2")
        assert writers.status("chat")["replicas_ready"] == 2

        noted = await shell.endpoint("set-image", "chat", "acme/server:v2")
        deployment = await site.kubernetes.get("Deployment", "chat")
        assert deployment is not None
        assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "acme/server:v2"
        assert "note:" not in noted.err

        await shell.endpoint("stop", "chat")
        assert writers.status("chat")["state"] == "stopped"
        assert await site.kubernetes.list("Pod", "app=chat") == []

        await shell.endpoint("start", "chat")
        assert writers.status("chat")["replicas_ready"] == 2

        await shell.endpoint("delete", "chat", "--yes")
        assert writers.read("chat") is None
        assert await site.kubernetes.get("Deployment", "chat") is None

    async def test_waiting_ends_with_the_reason_where_it_cannot_come_about(
        self, shell: Shell, writers: Writers
    ) -> None:
        writers.create("chat", {"image": IMAGE, "resources": {"requests": {"cpu": "64"}, "limits": {"cpu": "1"}}})
        await reaches(writers, "chat", "error")

        ended = await shell("endpoint", "scale", "chat", "2", "--wait", "--timeout", "20")

        assert ended.code == 1
        assert "must be less than or equal to cpu limit" in ended.err

    async def test_what_runs_is_in_step(self, shell: Shell, writers: Writers) -> None:
        await shell.endpoint("create", "chat", "--image", IMAGE)
        await is_promoted(writers, "chat")

        ended = await shell("plan")

        assert (ended.code, ended.out) == (0, "1 in step, nothing to do\n")


@pytest.mark.behaviour("B38")
class TestWithoutAController:
    async def test_a_plan_says_what_would_be_made_and_makes_nothing(
        self, shell: Shell, world: World, site: Site, writers: Writers
    ) -> None:
        writers.create("chat", {"image": IMAGE, "env": {"TOKEN": "secret-value"}})

        text = await shell("plan")
        planned = await in_step(shell, "chat")

        changes = planned["chat"]["changes"]
        assert [(c["action"], c["kind"], c["reason"]) for c in changes] == [
            ("create", "Service", "missing"),
            ("create", "Deployment", "missing"),
        ]
        assert (text.code, text.err) == (1, "")
        assert "chat: create Deployment chat: missing" in text.out
        assert "+        image: acme/server:v1" in text.out
        assert "Plan: 2 to create, 0 to change, 0 to delete; 1 of 1 not in step" in text.out
        assert "secret-value" not in text.out + json.dumps(planned)
        assert {verb for verb, _, _ in asked(world, site)} <= READS
        assert asked(world, site) != []
        assert await site.kubernetes.list("Deployment") == []

    async def test_secrets_are_shown_where_they_are_asked_for(self, shell: Shell, writers: Writers) -> None:
        writers.create("chat", {"image": IMAGE, "env": {"TOKEN": "secret-value"}})

        assert "secret-value" in (await shell("plan", "--show-secrets")).out

    async def test_a_record_that_cannot_be_understood_is_not_in_step(self, shell: Shell, writers: Writers) -> None:
        writers.create("chat", {"image": "", "port": 0})
        writers.create("elsewhere", {"image": ""}, target_regions=["eu-west-1"])

        ended = await shell("plan")
        planned = await in_step(shell)

        assert ended.code == 1
        assert "chat: spec.image" in ended.out
        assert "chat: spec.port" in ended.out
        assert planned["elsewhere"]["in_step"]

    async def test_an_empty_table_is_in_step(self, shell: Shell) -> None:
        ended = await shell("plan")

        assert (ended.code, ended.out, ended.err) == (0, "0 in step, nothing to do\n", "")

    @pytest.mark.behaviour("B31")
    async def test_a_plan_follows_an_endpoint_from_in_step_to_out_of_step_and_back(
        self, shell: Shell, world: World, site: Site, writers: Writers
    ) -> None:
        writers.create("chat", {"image": IMAGE, "env": {"A": "1", "B": "2"}})
        async with running_controller(site):
            await is_promoted(writers, "chat")
        assert (await in_step(shell))["chat"]["in_step"]
        before = len(asked(world, site))

        writers.change("chat", image="acme/server:v2", env={"A": "1"})
        text = await shell("plan", "chat")

        assert text.code == 1
        lines = text.out.splitlines()
        changed = [line for line in lines if "gco.io/template-fields" not in line]
        removed = [line.split(maxsplit=1)[1] for line in changed if line.startswith("-  ")]
        added = [line.split(maxsplit=1)[1] for line in changed if line.startswith("+  ")]
        assert len(changed) == len(lines) - 2
        assert removed == ["image: acme/server:v1", "value: (hidden)", "- name: B"]
        assert added == ["image: acme/server:v2"]
        assert "rollout {max_surge: 1, max_unavailable: 0}" in text.err
        assert {verb for verb, _, _ in asked(world, site)[before:]} <= READS

        async with running_controller(site):
            await is_promoted(writers, "chat")
            await eventually(lambda: writers.status("chat").get("state") == "running")
        assert (await in_step(shell))["chat"]["in_step"]

    async def test_a_change_by_hand_is_shown_as_what_would_be_undone(
        self, shell: Shell, site: Site, writers: Writers
    ) -> None:
        writers.create("chat", {"image": IMAGE})
        async with running_controller(site):
            await is_promoted(writers, "chat")
        service = await site.kubernetes.get("Service", "chat")
        assert service is not None
        service["metadata"].pop("managedFields")
        service["spec"]["ports"][0]["targetPort"] = 9999
        await site.kubernetes.apply(service, field_manager="kubectl")

        planned = await in_step(shell, "chat")

        (change,) = planned["chat"]["changes"]
        assert (change["action"], change["kind"]) == ("change", "Service")
        assert [line for line in change["diff"][3:] if line[:1] in "+-"] == [
            "-    targetPort: 9999",
            "+    targetPort: 8000",
        ]

    async def test_an_endpoint_that_is_held_shows_why_and_what_waits(
        self, shell: Shell, site: Site, writers: Writers
    ) -> None:
        writers.create("chat", {"image": IMAGE})
        async with running_controller(site):
            await is_promoted(writers, "chat")
        hold = {"name": "chat", "annotations": {"gco.io/hold": "under repair"}}
        marked = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": hold}
        await site.kubernetes.apply(marked, field_manager="kubectl")
        writers.scale("chat", 3)

        text = await shell("plan")
        planned = await in_step(shell)

        assert "chat: held, nothing is done until gco.io/hold is taken away: under repair" in text.out
        assert planned["chat"]["held"] == "under repair"
        assert [change["kind"] for change in planned["chat"]["changes"]] == ["Deployment"]

    async def test_what_somebody_added_is_named_and_stays(self, shell: Shell, site: Site, writers: Writers) -> None:
        writers.create("chat", {"image": IMAGE})
        async with running_controller(site):
            await is_promoted(writers, "chat")
        container = {"name": "inference", "env": [{"name": "THEIRS", "value": "1"}]}
        theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "chat"}}
        spec = {"template": {"spec": {"containers": [container]}}}
        await site.kubernetes.apply({**theirs, "spec": spec}, field_manager="somebody")

        text = await shell("plan", "chat")

        where = "Deployment chat spec.template.spec.containers[inference].env[THEIRS] by somebody"
        assert f"chat: beside ours, stays: {where}" in text.out.replace("\n", "")
        assert text.code == 0

    async def test_a_deletion_is_planned_as_such(self, shell: Shell, site: Site, writers: Writers) -> None:
        writers.create("chat", {"image": IMAGE})
        async with running_controller(site):
            await is_promoted(writers, "chat")

        writers.say("chat", "deleted")
        planned = await in_step(shell)

        actions = [(c["action"], c["kind"], c["reason"]) for c in planned["chat"]["changes"]]
        assert actions == [("delete", kind, "deleted") for kind in ("Ingress", "Service", "Deployment")]
        for change in planned["chat"]["changes"]:
            assert all(line[:1] == "-" for line in change["diff"][3:])


@pytest.mark.behaviour("B5")
async def test_a_resync_finds_what_no_stream_told(shell: Shell, site: Site, writers: Writers) -> None:
    async with running_controller(site, EVENT_SOURCE="none") as controller:
        writers.create("chat", {"image": IMAGE})

        ended = await shell("resync", "--pid", str(pid_of(controller)), HOSTNAME="")

        assert ended.code == 0, ended.err
        await reaches(writers, "chat", "running")


def pid_of(controller: Controller) -> int:
    return controller.process.pid
