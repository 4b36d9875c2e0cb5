"""What the Ingress of an endpoint is now: the one decision that anything about an Ingress follows from.

The publish gate, the watchdog, the canary's weights, its warm-up and drain, and the load balancer's room are inputs of
one function, so that none of them undoes what another has done. ``docs/publication.md`` lists the phases and what
leads from one to another.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gco_stream.core.route import Phase, Route

LOAD_BALANCER_FULL = "LoadBalancerFull"
WITHDRAWN = "Withdrawn"
CANARY_UNAVAILABLE = "CanaryUnavailable"

IN_PLACE = (Phase.CARRIED, Phase.STANDING_IN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The endpoint itself, or its canary, as the cluster shows it.

    Attributes:
        ready: Ready replicas, of any version.
        is_complete: Whether it runs as its record asks, every replica of it.
        is_reachable: Whether its Service is there to stay; one that is missing counts if this pass makes it first.
            Of a canary also whether its pods answer where the load balancer asks.
        unready_since: Since when it is published without a ready replica; None where that is not so.
    """

    ready: int = 0
    is_complete: bool = False
    is_reachable: bool = False
    unready_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that the decision depends on.

    Attributes:
        replicas: How many replicas the endpoint should have.
        weight: The share that the record gives to a canary; None: it has none.
        is_promoted: Whether the canary that is left over runs what the endpoint itself now should.
        live: What the Ingress says now; None: there is none.
        room: How many target groups this endpoint may have, its present ones included; None: nobody has counted.
    """

    primary: Side
    canary: Side
    replicas: int
    weight: int | None
    is_promoted: bool = False
    live: Route | None
    room: int | None = None
    now: datetime
    unhealthy_after: timedelta
    warmup: timedelta
    drain: timedelta

    @property
    def phase(self) -> Phase:
        """Where the endpoint stands."""
        return Phase.UNPUBLISHED if self.live is None else self.live.phase

    def fits(self, target_groups: int) -> bool:
        """Whether there is room for so many target groups; what is there already always fits."""
        there = 0 if self.live is None else self.live.target_groups
        return target_groups <= there or self.room is None or target_groups <= self.room

    @property
    def canary_succeeds(self) -> bool:
        """Whether the canary that is left over may serve in the endpoint's place: it is what that becomes.

        One that does so already goes on, whatever the record has asked for meanwhile.
        """
        return self.phase in IN_PLACE or (self.weight is None and self.is_promoted)

    @property
    def canary_carries(self) -> bool:
        """Whether the canary can serve in the endpoint's place now."""
        return self.canary_succeeds and self.canary.ready > 0 and self.canary.is_reachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The decision.

    Attributes:
        route: What the Ingress should say; None: there should be none.
        why: For people, where there should be none.
        reason: One CamelCase word where an endpoint gets less than its record asks for, else None.
        due: When to decide again although nothing has changed; None: only a change matters.
        keeps_canary: Whether a canary that the record no longer has must stay yet.
    """

    route: Route | None
    why: str = ""
    reason: str | None = None
    due: datetime | None = None
    keeps_canary: bool = False

    @property
    def is_on(self) -> bool:
        """Whether there should be an Ingress."""
        return self.route is not None


def decide_publication(seen: Situation) -> Publication:
    """Decide what the Ingress is now.

    A target group without a healthy target makes Global Accelerator give up the whole region's load balancer; an
    Ingress without its Service, or one target group more than there is room for, freezes every other Ingress. What is
    on stays on for ``unhealthy_after`` without a ready replica.
    """
    if seen.weight is None or seen.phase not in IN_PLACE:
        return _decide(seen)
    # Another canary has to wait until the promotion is over: this one has all the traffic.
    promoting = _decide(replace(seen, weight=None))
    if promoting.route is None or promoting.route.phase in IN_PLACE:
        return promoting
    return _decide(replace(seen, live=promoting.route))


def _decide(seen: Situation) -> Publication:
    if seen.replicas == 0:
        return Publication(route=None, why="no replica is wanted")
    if seen.live is None:
        return _publish(seen)
    if seen.primary.ready == 0:
        return _without_primary(seen, seen.live)
    if seen.weight is not None:
        return _with_canary(seen, seen.live, seen.weight)
    return _ending(seen, seen.live)


def _publish(seen: Situation) -> Publication:
    """Publish at the first ready replica, with a canary that is ready already, too."""
    withdrawn = WITHDRAWN if seen.primary.unready_since is not None else None
    keeps = seen.canary_succeeds and not seen.primary.is_complete
    if seen.primary.ready == 0 and not seen.canary_carries:
        return Publication(route=None, why="no replica is ready", reason=withdrawn, keeps_canary=keeps)
    if not (seen.primary if seen.primary.ready else seen.canary).is_reachable:
        return Publication(route=None, why="its Service is going", keeps_canary=keeps)
    if not seen.fits(1):
        why = "no room on the load balancer"
        return Publication(route=None, why=why, reason=LOAD_BALANCER_FULL, keeps_canary=keeps)
    if not seen.primary.ready:
        return Publication(route=Route(primary=None, canary=100), keeps_canary=True)
    alone = replace(seen, live=Route())
    return _ending(alone, Route()) if seen.weight is None else _with_canary(alone, Route(), seen.weight)


def _without_primary(seen: Situation, live: Route) -> Publication:
    """Wait for a replica, carried by a promoted canary where there is one; withdraw when it has taken too long."""
    since = seen.primary.unready_since or seen.now
    due = since + seen.unhealthy_after
    is_overdue = due <= seen.now
    if seen.canary_carries:
        is_narrow = is_overdue or live.phase is Phase.STANDING_IN or not (seen.fits(2) and seen.primary.is_reachable)
        route = Route(primary=None if is_narrow else 0, canary=100)
        return Publication(route=route, due=None if is_narrow else due, keeps_canary=True)
    if is_overdue:
        return Publication(route=None, why=_withdrawn(seen), reason=WITHDRAWN, keeps_canary=seen.canary_succeeds)
    decided = _ending(seen, live) if seen.weight is None else _with_canary(seen, live, seen.weight)
    return replace(decided, due=_earlier(due, decided.due))


def _withdrawn(seen: Situation) -> str:
    return f"no ready replica for {seen.unhealthy_after.total_seconds():g} s"


def _with_canary(seen: Situation, live: Route, weight: int) -> Publication:
    """Give the canary its share once its pods can have been registered, and take it away when it has none ready."""
    waited_until = None if seen.canary.unready_since is None else seen.canary.unready_since + seen.unhealthy_after
    is_missed = seen.canary.ready == 0 and not seen.canary.is_complete
    is_waited_for = live.phase is Phase.SPLIT and is_missed and (waited_until is None or waited_until > seen.now)
    is_there = seen.primary.is_reachable and seen.canary.is_reachable
    if not is_there or not (seen.canary.ready > 0 or is_waited_for):
        return Publication(route=Route(), reason=CANARY_UNAVAILABLE)
    share = Publication(route=Route(primary=100 - weight, canary=weight))
    if is_waited_for:
        return replace(share, due=waited_until or seen.now + seen.unhealthy_after)
    if not seen.fits(2):
        return Publication(route=Route(), reason=LOAD_BALANCER_FULL)
    if live.phase is Phase.ALONE:
        return _warming(seen, seen.now)
    if live.phase is Phase.WARMING:
        since = live.warming_since or seen.now
        return share if since + seen.warmup <= seen.now else _warming(seen, since)
    return share


def _warming(seen: Situation, since: datetime) -> Publication:
    return Publication(route=Route(primary=100, canary=0, warming_since=since), due=since + seen.warmup)


def _ending(seen: Situation, live: Route) -> Publication:
    """Bring the traffic of an endpoint without a canary back to it."""
    if live.phase is Phase.ALONE or not (seen.canary.ready and seen.canary.is_reachable):
        return _alone(seen)
    if not seen.primary.is_reachable:
        succeeds = seen.canary_succeeds
        return Publication(route=Route(primary=None, canary=100) if succeeds else Route(), keeps_canary=succeeds)
    if live.phase is Phase.DRAINING:
        since = live.draining_since or seen.now
        return _draining(seen, since) if since + seen.drain > seen.now else _alone(seen)
    if seen.canary_succeeds:
        return _promoting(seen, live)
    return Publication(route=Route()) if live.phase is Phase.WARMING else _draining(seen, seen.now)


def _alone(seen: Situation) -> Publication:
    return Publication(route=Route(), keeps_canary=seen.canary_succeeds and not seen.primary.is_complete)


def _draining(seen: Situation, since: datetime) -> Publication:
    route = Route(primary=100, canary=0, draining_since=since)
    return Publication(route=route, due=since + seen.drain, keeps_canary=True)


def _promoting(seen: Situation, live: Route) -> Publication:
    """Leave the shares as they are until the endpoint has become what its canary is, then give it everything back.

    An endpoint that was without traffic gets it when the load balancer has had time to register its new pods.
    """
    is_back = live.phase in IN_PLACE
    if not seen.primary.is_complete:
        waiting = Route(primary=0, canary=100) if live.phase is Phase.STANDING_IN and seen.fits(2) else live
        return Publication(route=replace(waiting, warming_since=None) if is_back else waiting, keeps_canary=True)
    if not is_back:
        return Publication(route=Route()) if live.phase is Phase.WARMING else _draining(seen, seen.now)
    if live.phase is Phase.STANDING_IN and not seen.fits(2):
        return Publication(route=Route())
    since = live.warming_since or seen.now
    if since + seen.warmup <= seen.now:
        return _draining(seen, seen.now)
    route = Route(primary=0, canary=100, warming_since=since)
    return Publication(route=route, due=since + seen.warmup, keeps_canary=True)


def _earlier(one: datetime, other: datetime | None) -> datetime:
    return one if other is None else min(one, other)
