"""Builds the controller and runs it: workers in the outer ring, feeds in the inner, a signal ends the inner first."""

import asyncio
import logging
import signal
from collections.abc import Sequence
from datetime import timedelta

from gco_stream.core.models import Scope
from gco_stream.feeds.resync import Resync, ResyncRequests
from gco_stream.feeds.stream import StreamFeed
from gco_stream.ports import World
from gco_stream.queue import WorkQueue
from gco_stream.reconciler import Reconciler
from gco_stream.settings import Settings
from gco_stream.shell.world import connected

_log = logging.getLogger(__name__)

# Shorter than a pod's usual 30 seconds of grace.
_DRAIN_SECONDS = 20.0


class _Stop(Exception):
    """Ends the feeds."""


async def run(settings: Settings) -> None:
    """Run the controller until it is told to stop by SIGTERM or SIGINT; SIGHUP asks for a full resync.

    Raises:
        InvalidSettings: No API server is configured.
    """
    stop = asyncio.Event()
    resyncs = ResyncRequests()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, resyncs.ask, "SIGHUP")
    async with connected(settings) as world:
        _log.info("started", extra={"table": settings.table_name, "namespace": settings.namespace})
        await serve(settings, world, resyncs, stop)
    _log.info("stopped")


async def serve(settings: Settings, world: World, resyncs: ResyncRequests, stop: asyncio.Event) -> None:
    """Work until ``stop`` is set; then end the feeds, let work in hand finish, and return.

    A crash of any task ends everything and is raised.
    """
    queue = WorkQueue(world.clock)
    reconciler = Reconciler(
        records=world.records,
        cluster=world.cluster,
        clock=world.clock,
        scope=scope_of(settings),
        pass_deadline=4 * settings.kubernetes_timeout + timedelta(seconds=30),
    )
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(reconciler.work(queue)) for _ in range(settings.workers)]
        await _feed(settings, world, queue, resyncs, stop)
        _log.info("stopping: work in hand finishes")
        await queue.close()
        await _drain(workers)


async def _drain(workers: Sequence[asyncio.Task[None]]) -> None:
    """Let work in hand finish, and end what takes too long.

    Not by ``asyncio.timeout``: a group whose task failed, as the feeds' did, leaves its parent marked as cancelled up
    to Python 3.12, and a timeout around it would pass for a cancellation.
    """
    _, late = await asyncio.wait(workers, timeout=_DRAIN_SECONDS)
    if late:
        _log.warning("work in hand did not finish in time", extra={"seconds": _DRAIN_SECONDS, "workers": len(late)})
    for worker in late:
        worker.cancel()


async def _feed(
    settings: Settings, world: World, queue: WorkQueue, resyncs: ResyncRequests, stop: asyncio.Event
) -> None:
    resync = Resync(
        records=world.records,
        queue=queue,
        requests=resyncs,
        clock=world.clock,
        interval=settings.reconcile_interval,
    )
    try:
        async with asyncio.TaskGroup() as feeds:
            feeds.create_task(resync.run())
            feeds.create_task(_raise_when(stop))
            if settings.event_source == "streams":
                feeds.create_task(_stream_feed(settings, world, queue, resyncs).run())
            else:
                resyncs.ask("start")
    except* _Stop:
        _log.debug("feeds ended")


def _stream_feed(settings: Settings, world: World, queue: WorkQueue, resyncs: ResyncRequests) -> StreamFeed:
    return StreamFeed(
        stream=world.stream,
        queue=queue,
        resyncs=resyncs,
        clock=world.clock,
        region=settings.region,
        poll_interval=settings.stream_poll_interval,
    )


async def _arm(drain: asyncio.Timeout, stop: asyncio.Event) -> None:
    """Bound everything that happens after the request to stop."""
    await stop.wait()
    drain.reschedule(asyncio.get_running_loop().time() + _DRAIN_SECONDS)


async def _raise_when(stop: asyncio.Event) -> None:
    await stop.wait()
    raise _Stop


def scope_of(settings: Settings) -> Scope:
    """Say what a controller with these settings answers for."""
    return Scope(
        region=settings.region,
        cluster=settings.cluster_name,
        namespace=settings.namespace,
        model_sync_image=settings.model_sync_image,
        target_groups=settings.target_groups,
    )
