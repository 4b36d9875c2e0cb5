"""Looks at endpoints as the controller does, under its lease, and gives the lease back."""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gco_stream.app import election_for, reconciler_for, scope_of
from gco_stream.cli.exits import Exit
from gco_stream.cli.interrupting import told_if_interrupted
from gco_stream.cli.replayed import Outcome
from gco_stream.cli.telling import Unable, tell
from gco_stream.core.backlog import Again, Urgency
from gco_stream.core.claims import Claims
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import EndpointName
from gco_stream.election import Election
from gco_stream.errors import LostLeadership, Transient
from gco_stream.ports import Clock, Leases, World
from gco_stream.queue import WorkQueue
from gco_stream.settings import Settings
from gco_stream.tenure import while_leading

# Beyond what a lease that its holder left behind is good for.
_ELECTION_SECONDS = 30.0
_LOOK_SECONDS = 1.0
# What wants another look sooner belongs to the work; what later, to whoever leads next.
_SOON_SECONDS = 2.0
_PATIENCE_SECONDS = 10.0
_TOLD_EVERY = 100


async def carry_out(
    names: Collection[EndpointName], settings: Settings, world: World
) -> Mapping[EndpointName, Outcome]:
    """Win the lease, look at endpoints until nothing is left to do at once, and give it back.

    Raises:
        Unable: Another process leads, or somebody interrupts it.
        LostLeadership: Another may lead by now; nothing was written since.
        Transient: The lease or the table cannot be read.
    """
    election, work = election_for(settings, world), _Work(world.clock, len(names))
    with told_if_interrupted(lambda: f"{carried_out(work.outcomes, len(names))}, the lease is given back"):
        try:
            await _win(election, world)
            async with asyncio.TaskGroup() as group:
                renewing = group.create_task(election.hold())
                await _work(work, names, settings, while_leading(world, election.tenure, scope_of(settings)))
                renewing.cancel()
        except BaseExceptionGroup as failures:
            raise _first(failures) from failures
        finally:
            await election.release()
    return work.outcomes


def carried_out(outcomes: Mapping[EndpointName, Outcome], of: int) -> str:
    """Say for how many endpoints a plan was carried out."""
    done = sum(outcome is Outcome.DONE for outcome in outcomes.values())
    return f"{done} of {of} endpoints carried out"


async def _win(election: Election, world: World) -> None:
    """Take the lease if nobody else keeps it.

    One that its holder left behind is taken once it has run out, which takes as long as it is good for.
    """
    lease, longest = await world.leases.read(), _ELECTION_SECONDS
    if lease is not None and not lease.is_free:
        longest += lease.patience.total_seconds()
        tell(f"{lease.holder} holds the lease: waiting for a sign of life of it")
    async with asyncio.TaskGroup() as group:
        winning = group.create_task(election.win())
        watching = group.create_task(_another_lives(election, world.leases, world.clock))
        await asyncio.wait([winning, watching], timeout=longest, return_when=asyncio.FIRST_COMPLETED)
        has_won = winning.done()
        for task in (winning, watching):
            task.cancel()
    if has_won:
        return
    if watching.cancelled():
        raise Unable("the lease could not be taken", hint="is the API server well?", code=Exit.UNKNOWN)
    leader = watching.result()
    hint = "it has seen these records already; `gco-stream resync` makes it look at everything once more"
    raise Unable(f"nothing was carried out: {leader} leads", hint=hint)


async def _another_lives(election: Election, leases: Leases, clock: Clock) -> str:
    """Wait until another process writes the lease, and return its name."""
    before = await leases.read()
    while True:
        await clock.sleep(_LOOK_SECONDS)
        try:
            lease = await leases.read()
        except Transient:
            continue
        is_anothers = lease is not None and lease.holder not in ("", election.me.name)
        if lease is not None and is_anothers and lease.version != (before.version if before else None):
            return lease.holder
        before = lease


async def _work(work: "_Work", names: Collection[EndpointName], settings: Settings, world: World) -> None:
    claims = Claims(settings.region)
    async for page in world.records.scan():
        for item in page:
            claims.note(item)
    reconciler = reconciler_for(settings, world, Mirror(), claims)
    for name in sorted(names):
        await work.add(name, Urgency.RESYNC)
    async with asyncio.TaskGroup() as group:
        for _ in range(settings.workers):
            group.create_task(reconciler.work(work))
        await work.finished.wait()
        await work.close()


@dataclass(slots=True)
class _Looks:
    """How the looks at one endpoint go.

    Attributes:
        since: When the first of them was over.
        is_asked: Whether somebody has asked for one that has not begun.
    """

    since: float | None = None
    is_asked: bool = True


class _Work(WorkQueue):
    """A queue that knows when nothing is left to do at once.

    Attributes:
        finished: Set then.
        outcomes: How it ended for each name that was in it.
    """

    def __init__(self, clock: Clock, expected: int) -> None:
        super().__init__(clock)
        self._now = clock.monotonic
        self._expected = expected
        self._open: dict[EndpointName, _Looks] = {}
        self.outcomes: dict[EndpointName, Outcome] = {}
        self.finished = asyncio.Event()
        if not expected:
            self.finished.set()

    async def add(self, name: EndpointName, urgency: Urgency = Urgency.FRESH) -> None:
        """Let a name wait for its turn, be it that another one's record concerns it."""
        self._open.setdefault(name, _Looks()).is_asked = True
        await super().add(name, urgency)

    async def take(self) -> EndpointName | None:
        """Wait for the next name; None once the queue is closed."""
        name = await super().take()
        if name is not None:
            self._open[name].is_asked = False
        return name

    async def done(self, name: EndpointName, again: Again | None) -> None:
        """Take a name back, and see what is left."""
        await super().done(name, again)
        looks = self._open[name]
        if looks.since is None:
            looks.since = self._now()
        is_over = not looks.is_asked and (again is None or again.delay(1, lot=0.5) > _SOON_SECONDS)
        if not is_over and self._now() - looks.since < _PATIENCE_SECONDS:
            return
        del self._open[name]
        self.outcomes[name] = Outcome.DONE if is_over else Outcome.LEFT
        if len(self.outcomes) % _TOLD_EVERY == 0:
            tell(f"{len(self.outcomes)} of {max(self._expected, len(self.outcomes))} endpoints carried out")
        if not self._open:
            self.finished.set()


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the loss of the lease before whatever came of it."""
    lost, _ = failures.split(LostLeadership)
    error: BaseException = lost or failures
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@contextmanager
def warnings_told() -> Iterator[None]:
    """Tell people what a controller would log as a warning."""
    log, warnings = logging.getLogger("gco_stream"), _Warnings()
    log.addHandler(warnings)
    try:
        yield
    finally:
        log.removeHandler(warnings)


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        facts = record.__dict__
        parts = [facts.get("endpoint"), record.getMessage(), facts.get("reason")]
        tell(": ".join(str(part) for part in parts if part))
