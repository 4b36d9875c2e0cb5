"""``docs/migration.md``, command by command, from the poller to us and back."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.controller import running_controller
from tests.e2e.after_the_poller import ADOPTED, FLEET, SETTINGS, leaves, owned_by_the_old_client, pods, rests
from tests.e2e.watching import reaches
from tests.poller_at_work import polling
from tests.world import Kubernetes, Site, World, eventually
from tests.world.kubernetes import open_session
from tests.world.parts import Parts
from tests.writers import Writers

pytestmark = [pytest.mark.behaviour("B35"), pytest.mark.usefixtures("ingress_class")]

ROOT = Path(__file__).parents[2]
ACCOUNT, ROLE = "gco-inference-monitor-sa", "gco-inference-monitor-role"
LEFT = ("plain", "vllm", "weighted")


def blocks() -> dict[str, list[str]]:
    """The commands of each section, block by block."""
    sections = re.split(r"^## ", (ROOT / "docs" / "migration.md").read_text(), flags=re.M)
    return {text.partition("\n")[0]: re.findall(r"^```sh\n(.*?)^```", text, flags=re.M | re.S) for text in sections}


@dataclass(frozen=True)
class Page:
    """A shell in a checkout, in which the page's blocks are run one after the other."""

    folder: Path
    environment: Mapping[str, str]

    async def run(self, block: str, *, code: int = 0) -> str:
        """Run a block to its end, and return what it printed."""
        ended = await asyncio.to_thread(
            subprocess.run,
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=self.folder,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == code, f"{block}\n{ended.stdout}"
        return ended.stdout


def page_at(site: Site, system: str, parts: Parts, folder: Path) -> Page:
    """Make a checkout whose manifests have the site's namespaces, and an overlay of one's own."""
    shutil.copytree(ROOT / "k8s", folder / "k8s")
    shutil.copytree(folder / "k8s" / "overlays" / "irsa", folder / "k8s" / "overlays" / "mine")
    for path in (folder / "k8s").rglob("*.yaml"):
        text = path.read_text().replace("gco-system", system)
        path.write_text(re.sub(r"\bgco-inference\b(?!-)", site.namespace, text))
    programs = f"{parts.programs['kubectl'].parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    named = {"SYSTEM_NAMESPACE": system, "OVERLAY": "k8s/overlays/mine", "PATH": programs, "HOME": str(folder)}
    return Page(folder, {**site.administrator, **SETTINGS, **named})


@asynccontextmanager
async def the_pollers(world: World, site: Site, system: str) -> AsyncIterator[Site]:
    """Install the poller as the platform does, and see the site with its account's eyes."""
    inside = site.kubernetes.within(system)
    await inside.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": system}})
    await inside.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}})
    await site.kubernetes.create(_role())
    await site.kubernetes.create(_binding(system))
    await inside.create(_deployment())
    token = await inside.token_of(ACCOUNT)
    plane = world.control_plane
    async with open_session(plane.server, token, plane.certificate) as session:
        yield replace(site, kubernetes=Kubernetes(session, site.namespace))
    await inside.delete("Namespace", system)


def _role() -> dict[str, Any]:
    verbs = ["create", "get", "list", "watch", "patch", "update", "delete"]
    groups = {
        "apps": "deployments",
        "": "services",
        "networking.k8s.io": "ingresses",
        "autoscaling": "horizontalpodautoscalers",
        "coordination.k8s.io": "leases",
    }
    rules = [{"apiGroups": [group], "resources": [resource], "verbs": verbs} for group, resource in groups.items()]
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": ROLE}, "rules": rules}


def _binding(system: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "gco-inference-monitor-binding"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ROLE},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": system}],
    }


def _deployment() -> dict[str, Any]:
    labels = {"app": "inference-monitor", "project": "gco"}
    pod = {
        "serviceAccountName": ACCOUNT,
        "containers": [
            {
                "name": "inference-monitor",
                "image": "gco/inference-monitor:v1",
                "env": [{"name": "RECONCILE_INTERVAL_SECONDS", "value": "15"}],
                "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}},
                "livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 30},
            }
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "inference-monitor", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "inference-monitor"}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def test_the_page_lets_people_set_what_is_set_here() -> None:
    (first,) = [text for texts in blocks().values() for text in texts if text.startswith("export")]
    named = set(re.findall(r"(\w+)=", first))

    assert named == {
        *("REGION", "CLUSTER_NAME", "INFERENCE_ENDPOINTS_TABLE_NAME", "INFERENCE_NAMESPACE"),
        *("SYSTEM_NAMESPACE", "OVERLAY"),
    }


async def test_every_command_of_the_page_forth_and_back(world: World, world_parts: Parts, tmp_path: Path) -> None:
    commands = blocks()
    async with world.site(stream=False) as site:
        system = f"{site.namespace}-system"
        writers, page = Writers(site.table, site.namespace), page_at(site, system, world_parts, tmp_path)
        async with the_pollers(world, site, system) as theirs:
            for name in LEFT:
                await leaves(site, writers, name, **FLEET[name])
            before = await pods(site)

            async with polling(theirs) as poller:
                keep, stream, role, check, plan = commands["Before"]
                await eventually(lambda: poller.cycles > 0, what="the poller at work")
                await page.run(keep)
                assert "stream enabled" in await page.run(stream)
                await page.run(role)
                checked = await page.run(check)
                planned = await page.run(plan, code=1)
                cycles = poller.cycles
                await eventually(lambda: poller.cycles >= cycles + 2, what="the poller at work with our Role")
            told = {line.split()[1]: line.split()[0] for line in checked.splitlines()}
            assert [check for check, verdict in told.items() if verdict != "ok"] == ["lease"]
            assert planned.count(": taken over") == planned.count("change ") > 0

            end, free, start = commands["The switch"]
            await page.run(end)
            await page.run(free)
            await page.run(start)
            async with running_controller(site, **SETTINGS):
                for name in LEFT:
                    await reaches(writers, name, "running", reason=ADOPTED, published=True)
                    await rests(site, name)
                assert await owned_by_the_old_client(site) == []
                (see,) = commands["What to see"]
                assert "3 in step, nothing to do" in await page.run(see)
                assert await pods(site) == before

                (back,) = commands["Going back"]
                await page.run(back)
            live = await site.kubernetes.within(system).get("Deployment", "inference-monitor")
            assert live is not None
            (container,) = live["spec"]["template"]["spec"]["containers"]
            assert (container["image"], "startupProbe" in container) == ("gco/inference-monitor:v1", False)
            async with polling(theirs) as poller:
                await eventually(lambda: poller.cycles >= 3, what="the poller at work again")
            for name in LEFT:
                await rests(site, name)
            assert {writers.status(name)["state"] for name in LEFT} == {"running"}
            assert await pods(site) == before
