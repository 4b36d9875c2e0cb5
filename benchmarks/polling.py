"""The stand-in for polling: the same controller without events, without a watch, with one worker and a 15 s interval.

``python -m benchmarks.polling`` runs it. It is as good at everything else as the real one, so that what is measured
beside it shows what events are worth, and not how somebody else writes a poller.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

from benchmarks.populating import PATIENCE_SECONDS
from gco_stream.app import serve
from gco_stream.core.mirror import Listed, WatchEvent
from gco_stream.core.models import Kind
from gco_stream.feeds.resync import ResyncRequests
from gco_stream.ports import Cluster
from gco_stream.settings import read_settings
from gco_stream.shell.logs import configure_logs
from gco_stream.shell.world import connected
from tests.controller import Controller, started_controller
from tests.world import Site

INTERVAL_SECONDS = 15
SETTINGS = {"EVENT_SOURCE": "none", "RECONCILE_INTERVAL_SECONDS": str(INTERVAL_SECONDS), "WORKERS": "1"}


class Unwatched:
    """A cluster that is listed and never watched."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    async def watch(self, kind: Kind, *, since: str | None) -> AsyncGenerator[WatchEvent, None]:
        """List once, and say no more."""
        async with aclosing(self._cluster.watch(kind, since=since)) as events:
            async for event in events:
                if isinstance(event, Listed):
                    yield event
                    break
        await asyncio.Event().wait()


async def run() -> None:
    """Poll until the end by a signal."""
    settings = read_settings(os.environ)
    configure_logs(settings)
    async with connected(settings) as world:
        polled = replace(world, cluster=Unwatched(world.cluster))
        await serve(settings, polled, ResyncRequests(), asyncio.Event())


@asynccontextmanager
async def polling_controller(site: Site, **settings: str) -> AsyncIterator[Controller]:
    """Run it on a site until the end of the block."""
    environment = {**site.environment, **SETTINGS, **settings}
    async with started_controller(environment, module="benchmarks.polling") as controller:
        await controller.has_logged("table scanned", PATIENCE_SECONDS)
        yield controller
        controller.process.kill()


if __name__ == "__main__":
    sys.exit(asyncio.run(run()))
