"""Where names come from between two resyncs: one interface, so that nobody else knows which source it is."""

from dataclasses import dataclass
from typing import Protocol

from gco_stream.core.source_health import Phase, SourceHealth, health_of
from gco_stream.feeds.resync import ResyncRequests


class EventSource(Protocol):
    """Queues the names of endpoints that changed, and asks for a resync where it may have missed some.

    The first of these requests comes once the source hears of whatever is written from then on.
    """

    async def run(self) -> None:
        """Run for ever."""
        ...

    def health(self) -> SourceHealth:
        """Say whether changes are heard of."""
        ...


@dataclass(frozen=True, slots=True)
class NoEvents:
    """No source at all: changes are found by the resyncs of every interval."""

    resyncs: ResyncRequests

    async def run(self) -> None:
        """Ask for the first resync, which need not wait for anything; the others come by themselves."""
        self.resyncs.ask("start")

    def health(self) -> SourceHealth:
        """Say that this is as it was set."""
        return health_of(Phase.NOT_WANTED, (), now=0.0)
