"""Every combination of the facts that a publication is decided from: small, but no value that matters is missing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from typing import NamedTuple

from gco_stream.core.publication import Publication, Side, Situation, decide_publication
from gco_stream.core.route import Phase, Route
from gco_stream.core.watchdog import unready_since
from tests.builders import NOW

UNHEALTHY_AFTER, WARMUP, DRAIN = timedelta(seconds=300), timedelta(seconds=40), timedelta(seconds=20)
MOMENT = timedelta(milliseconds=1)


class Decision(NamedTuple):
    seen: Situation
    made: Publication

    @property
    def phase(self) -> Phase:
        """Where it leads to."""
        return Phase.UNPUBLISHED if self.made.route is None else self.made.route.phase


def ago(time: timedelta) -> datetime:
    return NOW - time


def _routes() -> Iterator[Route | None]:
    young, old = ago(WARMUP - MOMENT), ago(WARMUP)
    yield None
    yield Route()
    yield from (Route(primary=100, canary=0, warming_since=since) for since in (None, young, old))
    yield from (Route(primary=100 - weight, canary=weight) for weight in (10, 20))
    yield from (Route(primary=100, canary=0, draining_since=since) for since in (ago(DRAIN - MOMENT), ago(DRAIN)))
    yield from (Route(primary=0, canary=100, warming_since=since) for since in (None, young, old))
    yield Route(primary=None, canary=100)


def _sides(*others: Side) -> Iterator[Side]:
    clocks = (None, ago(UNHEALTHY_AFTER - MOMENT), ago(UNHEALTHY_AFTER))
    for side in (*(Side(unready_since=since) for since in clocks), *others):
        yield replace(side, is_reachable=True)
        yield side


def _situations() -> Iterator[Situation]:
    primaries = list(_sides(Side(ready=1), Side(ready=1, is_complete=True)))
    canaries = list(_sides(Side(is_complete=True), Side(ready=1)))
    wishes = ((None, False), (None, True), (10, False))
    for primary, canary, (weight, is_promoted), live, room, replicas in product(
        primaries, canaries, wishes, _routes(), (None, 9, 1, 0), (1, 0)
    ):
        yield Situation(
            primary=primary,
            canary=canary,
            replicas=replicas,
            weight=weight,
            is_promoted=is_promoted,
            live=live,
            room=room,
            now=NOW,
            unhealthy_after=UNHEALTHY_AFTER,
            warmup=WARMUP,
            drain=DRAIN,
        )


@cache
def all_decisions() -> tuple[Decision, ...]:
    return tuple(Decision(seen, decide_publication(seen)) for seen in _situations())


def decisions_where(condition: Callable[[Situation], object]) -> list[Decision]:
    """Every decision in such a situation; there must be some, or a test would hold nothing."""
    found = [decision for decision in all_decisions() if condition(decision.seen)]
    assert found
    return found


def afterwards(decision: Decision, *, now: datetime = NOW) -> Decision:
    """Decide again when it has been carried out and its status written, with nothing else changed but the time."""
    seen, route = decision.seen, decision.made.route
    later = replace(
        seen,
        live=route,
        primary=_ticking(seen.primary, seen, has_share=route is not None),
        canary=_ticking(seen.canary, seen, has_share=route is not None and bool(route.canary)),
        now=now,
    )
    return Decision(later, decide_publication(later))


def _ticking(side: Side, seen: Situation, *, has_share: bool) -> Side:
    is_wanted = seen.replicas > 0 and not (side.ready == 0 and side.is_complete)
    since = unready_since(side.unready_since, ready=side.ready, is_wanted=is_wanted, has_share=has_share, now=NOW)
    return replace(side, unready_since=since)
