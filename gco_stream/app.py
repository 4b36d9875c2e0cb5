"""Builds the controller and runs it: the watch around the lease, the lease around the workers, these around the feeds.

A signal ends the innermost ring first; the loss of the lease ends all of them at once. A standby watches the cluster as
a leader does, so that all it has to do when it wins is to take its place in the stream and to scan the table.
"""

import asyncio
import logging
import signal
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

from gco_stream.chronicle import Chronicle
from gco_stream.core.brake import Brake
from gco_stream.core.claims import Claims
from gco_stream.core.leadership import Contender, Terms
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import Scope
from gco_stream.election import Election
from gco_stream.errors import LostLeadership
from gco_stream.examiner import Examiner
from gco_stream.feeds.cluster import ClusterFeed
from gco_stream.feeds.resync import CONFIRMED, Resync, ResyncRequests
from gco_stream.feeds.sources import EventSource, NoEvents
from gco_stream.feeds.stream import StreamFeed
from gco_stream.ports import Clock, World
from gco_stream.preflight import make_sure
from gco_stream.queue import WorkQueue
from gco_stream.reconciler import Reconciler
from gco_stream.settings import Settings
from gco_stream.shell.aws import new_session
from gco_stream.shell.health import health_server
from gco_stream.shell.metrics import PrometheusMeters
from gco_stream.shell.world import connected
from gco_stream.tenure import Tenure, while_leading

_log = logging.getLogger(__name__)

# With the release of the lease shorter than a pod's usual 30 seconds of grace.
_DRAIN_SECONDS = 20.0


async def run(settings: Settings) -> None:
    """Run the controller until it is told to stop by SIGTERM or SIGINT.

    SIGHUP asks for a full resync; SIGUSR1 also lets go, once, what waits behind the brake on deletions.

    Raises:
        InvalidSettings: No API server is configured.
        CannotWork: Something that the settings name is not there, or not allowed.
        LostLeadership: Another process may lead.
    """
    stop = asyncio.Event()
    resyncs = ResyncRequests()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, resyncs.ask, "SIGHUP")
    loop.add_signal_handler(signal.SIGUSR1, resyncs.ask, CONFIRMED)
    meters = PrometheusMeters()
    session = new_session(settings.table_region)
    async with connected(settings, meters, session) as world:
        examiner = examiner_for(settings, world.clock)
        # Around everything else, so that it answers from before the start until after the end.
        async with health_server(settings.health_port, examiner.examine, meters, world.clock):
            await make_sure(settings, session)
            _log.info("started", extra={"table": settings.table_name, "namespace": settings.namespace})
            await serve(settings, world, resyncs, stop, examiner)
    _log.info("stopped")


async def serve(
    settings: Settings, world: World, resyncs: ResyncRequests, stop: asyncio.Event, examiner: Examiner | None = None
) -> None:
    """Stand by, and once this process leads work until ``stop`` is set; then give the lease back and return.

    A crash of any task ends everything and is raised.

    Raises:
        LostLeadership: Everything was ended at once; another process may lead.
    """
    election = election_for(settings, world)
    watch = ClusterFeed(cluster=world.cluster, mirror=Mirror(), clock=world.clock)
    election.hears_of_recovery = watch.go_on
    examiner = examiner or examiner_for(settings, world.clock)
    examiner.election, examiner.watch, examiner.stop = election, watch, stop
    try:
        async with asyncio.TaskGroup() as group:
            around = [group.create_task(watch.run()), group.create_task(examiner.beat())]
            if await _wins(election, resyncs, stop):
                led = while_leading(world, election.tenure, scope_of(settings))
                await _lead(election, _work(settings, led, watch, resyncs, stop, examiner))
            for task in around:
                task.cancel()
    except BaseExceptionGroup as failures:
        lost, others = failures.split(LostLeadership)
        if lost is None or others is not None:
            raise
        raise LostLeadership(_first(lost)) from failures
    finally:
        await election.release()


def election_for(settings: Settings, world: World) -> Election:
    """Make a process that may lead, under a name that no other has."""
    terms = Terms(
        duration=settings.lease_duration, renew_deadline=settings.lease_renew_deadline, retry=settings.lease_retry
    )
    # Two processes in one pod, or on one laptop, are two.
    name = f"{settings.hostname}_{int(world.clock.lot() * 2**53):014x}"
    tenure = Tenure(world.clock, write_seconds=terms.longest_write.total_seconds())
    return Election(world.leases, world.clock, Contender(name=name, terms=terms), tenure)


async def _wins(election: Election, resyncs: ResyncRequests, stop: asyncio.Event) -> bool:
    """Stand by until this process leads, or is told to stop before."""
    async with asyncio.TaskGroup() as group:
        winning = group.create_task(election.win())
        others = [group.create_task(stop.wait()), group.create_task(_say_who_leads(election, resyncs))]
        await asyncio.wait([winning, *others], return_when=asyncio.FIRST_COMPLETED)
        for task in (winning, *others):
            task.cancel()
    return not winning.cancelled()


async def _say_who_leads(election: Election, resyncs: ResyncRequests) -> None:
    """Answer whoever asks a standby for a resync."""
    while True:
        reason = await resyncs.wait(None)
        _log.info("no resync: another process leads", extra={"reason": reason, "leader": election.leader})


async def _lead(election: Election, work: Coroutine[Any, Any, None]) -> None:
    """Work until told to stop, renewing the lease meanwhile, also while work in hand finishes."""
    async with asyncio.TaskGroup() as group:
        renewing = group.create_task(election.hold())
        await work
        renewing.cancel()


async def _work(
    settings: Settings,
    world: World,
    watch: ClusterFeed,
    resyncs: ResyncRequests,
    stop: asyncio.Event,
    examiner: Examiner,
) -> None:
    queue, mirror, claims = WorkQueue(world.clock, world.meters, is_open=False), watch.mirror, Claims(settings.region)
    watch.queue = queue
    reconciler = reconciler_for(settings, world, mirror, claims, Brake(settings.deletion_brake))
    chronicle = _chronicle(settings, world, examiner)
    reconciler.hears, reconciler.hears_of_brake = chronicle.hear, chronicle.hear_of_brake
    resync = _resync(settings, world, queue, reconciler, resyncs)
    resync.roster, resync.hears_of_brake = chronicle.roster, chronicle.hear_of_brake
    resync.listed = watch.listed
    source = event_source(settings, world, queue, resyncs, reconciler.brake)
    examiner.queue, examiner.source = queue, source
    examiner.brake, examiner.resyncs, examiner.corrections = reconciler.brake, resync.counts, reconciler.corrections
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(reconciler.work(queue)) for _ in range(settings.workers)]
        telling = group.create_task(chronicle.run())
        await _feed([resync.run(), source.run()], stop)
        _log.info("stopping: work in hand finishes")
        await queue.close()
        await _drain(workers)
        await chronicle.finish()
        telling.cancel()


def examiner_for(settings: Settings, clock: Clock) -> Examiner:
    """Make the one that takes readings of a process with these settings."""
    seconds = _pass_deadline(settings).total_seconds()
    limit = settings.target_groups
    return Examiner(clock=clock, workers=settings.workers, pass_deadline=seconds, target_groups_limit=limit)


def _chronicle(settings: Settings, world: World, examiner: Examiner) -> Chronicle:
    return Chronicle(
        events=world.events,
        clock=world.clock,
        scope=scope_of(settings),
        meters=world.meters,
        roster=examiner.roster,
        may_write=examiner.leads,
    )


def _pass_deadline(settings: Settings) -> timedelta:
    return 4 * settings.kubernetes_timeout + timedelta(seconds=30)


def reconciler_for(
    settings: Settings, world: World, mirror: Mirror, claims: Claims, brake: Brake | None = None
) -> Reconciler:
    """Make the one that works on names, in a world where every write asks first whether this process leads.

    Args:
        brake: Says what may go of endpoints without a record; None: nothing may.
    """
    return Reconciler(
        records=world.records,
        cluster=world.cluster,
        mirror=mirror,
        clock=world.clock,
        scope=scope_of(settings),
        pass_deadline=_pass_deadline(settings),
        claims=claims,
        brake=brake or Brake(),
        meters=world.meters,
    )


async def _drain(workers: Sequence[asyncio.Task[None]]) -> None:
    """Let work in hand finish, and end what takes too long."""
    _, late = await asyncio.wait(workers, timeout=_DRAIN_SECONDS)
    if late:
        _log.warning("work in hand did not finish in time", extra={"seconds": _DRAIN_SECONDS, "workers": len(late)})
    for worker in late:
        worker.cancel()


async def _feed(feeds: Sequence[Coroutine[Any, Any, None]], stop: asyncio.Event) -> None:
    """Run the feeds until ``stop`` is set."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(feed) for feed in feeds]
        await stop.wait()
        for task in tasks:
            task.cancel()


def _resync(
    settings: Settings, world: World, queue: WorkQueue, reconciler: Reconciler, resyncs: ResyncRequests
) -> Resync:
    return Resync(
        records=world.records,
        cluster=world.cluster,
        mirror=reconciler.mirror,
        claims=reconciler.claims,
        queue=queue,
        requests=resyncs,
        clock=world.clock,
        scope=scope_of(settings),
        interval=settings.reconcile_interval,
        brake=reconciler.brake,
    )


def event_source(
    settings: Settings, world: World, queue: WorkQueue, resyncs: ResyncRequests, brake: Brake
) -> EventSource:
    """Make the source that the settings name; nothing else knows which one it is."""
    if settings.event_source == "none":
        return NoEvents(resyncs)
    return StreamFeed(
        stream=world.stream,
        queue=queue,
        resyncs=resyncs,
        clock=world.clock,
        region=settings.region,
        poll_interval=settings.stream_poll_interval,
        brake=brake,
    )


def _first(group: BaseExceptionGroup[LostLeadership]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


def scope_of(settings: Settings) -> Scope:
    """Say what a controller with these settings answers for."""
    return Scope(
        region=settings.region,
        cluster=settings.cluster_name,
        namespace=settings.namespace,
        model_sync_image=settings.model_sync_image,
        target_groups=settings.target_groups,
        unhealthy_after=settings.unhealthy_threshold,
        warmup=settings.canary_warmup,
        drain=settings.drain,
    )
