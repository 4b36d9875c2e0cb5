"""Watches fall silent with their connections open, while everything else goes on as if nothing were."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from gco_stream import app
from gco_stream.feeds.resync import ResyncRequests
from gco_stream.ports import World as Outside
from gco_stream.settings import read_settings
from gco_stream.shell.clock import SystemClock
from gco_stream.shell.cluster import KubernetesCluster
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_library import Configuration, config
from gco_stream.shell.lease import KubernetesLeases
from tests.contracts.benches import dynamo_bench
from tests.e2e.gateways import gateways_before
from tests.e2e.watching import container_of, is_promoted
from tests.world import Site, World, eventually
from tests.writers import IMAGE, Writers

IS_THOROUGH = bool(os.environ.get("FAULT_THOROUGH"))
SHORT = timedelta(seconds=3)
WITHIN = 80.0 if IS_THOROUGH else 40.0
"""Seconds until all is right again; a machine that is busy with other things is given more than it needs."""
MOST_A_SECOND = 30


@asynccontextmanager
async def outside_of(world: World, site: Site, kubeconfig: Path) -> AsyncIterator[Outside]:
    """Connect as the controller does, to an API server that a kubeconfig file leads to."""
    configuration, timeout = Configuration(), timedelta(seconds=5)
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    async with dynamo_bench(world, site) as bench, Connection(configuration) as api, Connection(configuration) as own:
        cluster = KubernetesCluster(api, namespace=site.namespace, timeout=timeout)
        cluster.silence = cluster.silence if IS_THOROUGH else SHORT
        leases = KubernetesLeases(own, namespace=site.namespace, timeout=timeout)
        yield Outside(records=bench.records, stream=bench.stream, cluster=cluster, leases=leases, clock=SystemClock())


@pytest.mark.behaviour("B4", "B14")
async def test_watches_that_die_without_a_word_are_found_out_and_the_lease_is_kept(
    world: World, site: Site, writers: Writers, tmp_path: Path
) -> None:
    stop, settings = asyncio.Event(), read_settings(site.environment)
    async with (
        gateways_before(world, site, tmp_path) as gateways,
        outside_of(world, site, tmp_path / "kubeconfig") as outside,
        asyncio.TaskGroup() as group,
    ):
        # Whoever loses the lease ends with an error, and the test with it.
        group.create_task(app.serve(settings, outside, ResyncRequests(), stop))
        writers.create("llama")
        await is_promoted(writers, "llama", 30)
        gateway = gateways.kubernetes
        asked, opened = gateway.asked, gateway.watches

        gateway.silence_watches()
        by_hand = {"name": "inference", "image": "vllm/vllm-openai:wrong"}
        containers = {
            "spec": {"template": {"spec": {"containers": [{**await container_of(site, "llama"), **by_hand}]}}}
        }
        await site.kubernetes.patch("Deployment", "llama", containers)

        async def is_right_again() -> bool:
            return bool((await container_of(site, "llama"))["image"] == IMAGE)

        await eventually(is_right_again, WITHIN, "what was changed by hand unseen, put right")
        # A look that was due anyway may have put it right earlier.
        await eventually(lambda: gateway.watches > opened, WITHIN, "watches begun anew")
        assert gateway.asked - asked <= MOST_A_SECOND * WITHIN
        stop.set()
