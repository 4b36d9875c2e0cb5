"""An update of the controller: real processes, as the real Deployment controller makes and ends their pods."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from gco_stream.core.leadership import LEASE_NAME
from tests.k8s.applying import kubectl, two_pods
from tests.k8s.built import OVERLAYS, built, container_of
from tests.k8s.kubelet import TAG, running_kubelet
from tests.world import Kubernetes, Site, World, eventually
from tests.world.parts import Parts


@asynccontextmanager
async def holders(site: Site) -> AsyncIterator[list[str]]:
    """Who has held the Lease, one after the other; empty: nobody."""
    seen: list[str] = []

    async def follow() -> None:
        async with aclosing(site.kubernetes.watch("Lease")) as versions:
            async for _, lease in versions:
                holder = lease["spec"].get("holderIdentity") or ""
                if lease["metadata"]["name"] == LEASE_NAME and seen[-1:] != [holder]:
                    seen.append(holder)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(follow())
        yield seen
        task.cancel()


@asynccontextmanager
async def least_available(system: Kubernetes) -> AsyncIterator[list[int]]:
    """How many replicas were available, one version of the Deployment after the other."""
    seen: list[int] = []

    async def follow() -> None:
        async with aclosing(system.watch("Deployment")) as versions:
            async for _, deployment in versions:
                seen.append(deployment["status"].get("availableReplicas", 0))

    async with asyncio.TaskGroup() as group:
        task = group.create_task(follow())
        yield seen
        task.cancel()


def manifests(parts: Parts, folder: Path) -> Path:
    """The overlay with an image that the kubelet of the test runs."""
    found = built(parts, OVERLAYS["irsa"])
    container_of(found["Deployment"])["image"] = f"gco-stream:{TAG}"
    path = folder / "irsa.yaml"
    path.write_text(yaml.safe_dump_all(found.values()))
    return path


@pytest.mark.behaviour("B4")
@pytest.mark.timeout(240)
async def test_an_update_replaces_both_and_leadership_is_handed_on_each_time(
    world: World, world_parts: Parts, system: Kubernetes, site: Site, tmp_path: Path
) -> None:
    async with running_kubelet(system, site) as kubelet:
        await kubectl(world, "apply", "-f", str(manifests(world_parts, tmp_path)))
        before = {pod["metadata"]["name"] for pod in await two_pods(system, 60)}
        async with holders(site) as held, least_available(system) as available:
            await eventually(lambda: held and held[-1], 30, "one of them leads")

            await kubectl(world, "rollout", "restart", "deployment/inference-monitor", "--namespace=gco-system")

            await eventually(lambda: kubelet.ended.keys() >= before, 120, "the old ones ended")
            after = {pod["metadata"]["name"] for pod in await two_pods(system, 60)}
            await eventually(lambda: held[-1].rpartition("_")[0] in after, 30, "one of the new ones leads")

        # Each takes over from nobody: no lease had to run out.
        assert all(not (one and other) for one, other in pairwise(held)), held
        assert held[0].rpartition("_")[0] in before
        assert min(available) == 2
        assert {kubelet.ended[name] for name in before} == {0}
        assert not before & after
