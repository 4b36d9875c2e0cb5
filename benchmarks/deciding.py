"""What deciding costs: a plan from whole objects, and the look at an endpoint of which nothing has changed.

Processor time, since nothing here waits.
"""

import gc
import json
import time
import tracemalloc
from collections.abc import Callable, Iterable
from functools import partial

from benchmarks.endpoints import LATER, SPECS, AtRest, a_shape, many
from benchmarks.figures import Figure, milliseconds
from benchmarks.sizes import Sizes
from gco_stream.core.claims import Claims
from gco_stream.core.convergence import is_converged
from gco_stream.core.mirror import Listed, Mirror
from gco_stream.core.models import EndpointName, Item, Kind, Manifest, Observed
from gco_stream.core.plan import Plan, make_plan
from gco_stream.core.projection import project
from gco_stream.core.settled import Settled, sight_of
from gco_stream.core.wish import read_request
from tests.builders import REGION, SCOPE, a_spec, as_stored

COUNTED = 1_000
PLANS = 500


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor time that something takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def plan_of(item: Item, seen: Observed) -> Plan:
    """Do what a pass does between reading and acting."""
    return make_plan(read_request(item["endpoint_name"], item, SCOPE), seen, SCOPE, now=LATER)


def times_of_plans() -> dict[str, list[float]]:
    """Return what plans cost: where nothing is to be done, where the spec has changed, and where nothing is there."""
    took: dict[str, list[float]] = {}
    for shape, fields in SPECS.items():
        there = a_shape(shape)
        changed = {**there.item, "spec": as_stored(a_spec(**fields, image="acme/server:v9", port=9000))}
        took[shape] = times_of_plan(there.item, there.observed, is_idle=True)
        took["  changed"] = [*took.get("  changed", ()), *times_of_plan(changed, there.observed, is_idle=False)]
        took["  new"] = [*took.get("  new", ()), *times_of_plan(there.item, Observed(), is_idle=False)]
    return took


def times_of_plan(item: Item, seen: Observed, *, is_idle: bool) -> list[float]:
    """Make the same plan many times, and hold it to having nothing to do, or something."""
    assert is_idle is not bool(plan_of(item, seen).actions)
    return [seconds_of(partial(plan_of, item, seen)) for _ in range(PLANS)]


def as_decoded(manifest: Manifest) -> Manifest:
    """Return an object as the watch gets it: no text of it is shared with another's."""
    decoded: Manifest = json.loads(json.dumps(manifest))
    return decoded


def mirror_of(endpoints: Iterable[AtRest]) -> Mirror:
    """Return a mirror that has listed everything of some endpoints."""
    listed: dict[Kind, list[Manifest]] = {kind: [] for kind in Kind}
    for endpoint in endpoints:
        for key, live in endpoint.observed.objects.items():
            listed[key.kind].append(project(as_decoded(live)))
    mirror = Mirror()
    for kind, projections in listed.items():
        mirror.take(kind, Listed(tuple(projections), "1000000"))
    return mirror


def claims_of(items: Iterable[Item]) -> Claims:
    """Return the claims of some records."""
    claims = Claims(REGION)
    for item in items:
        claims.note(item)
    return claims


def times_of_looks(endpoints: int) -> tuple[list[float], list[float]]:
    """Return what it costs to find each of many endpoints converged: at first, and when nothing has changed since."""
    items: list[Item] = []

    def noted(endpoint: AtRest) -> AtRest:
        items.append(endpoint.item)
        return endpoint

    mirror = mirror_of(noted(endpoint) for endpoint in many(endpoints))
    claims, settled = claims_of(items), Settled()
    first = [seconds_of(partial(judge, item, mirror, claims, settled)) for item in items]
    assert all(is_known(item, mirror, claims, settled) for item in items)
    return first, [seconds_of(partial(is_known, item, mirror, claims, settled)) for item in items]


def is_known(item: Item, mirror: Mirror, claims: Claims, settled: Settled) -> bool:
    """Do what a resync does with a record that it has judged before."""
    name = EndpointName(item["endpoint_name"])
    claims.note(item)
    return settled.knows(name, sight_of(item, mirror.observed(name), claims.rival_of(name)))


def judge(item: Item, mirror: Mirror, claims: Claims, settled: Settled) -> None:
    """Do what a resync does with a record that it has not judged before; it is as wanted."""
    name = EndpointName(item["endpoint_name"])
    claims.note(item)
    seen = mirror.observed(name)
    sight = sight_of(item, seen, claims.rival_of(name))
    if is_converged(item, seen, SCOPE, now=LATER, claims=claims):
        settled.note(name, sight)


def held_by(make: Callable[[], object]) -> int:
    """Return the bytes that are held by what something makes."""
    gc.collect()
    tracemalloc.start()
    made = make()
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made is not None
    return held


async def measure(sizes: Sizes) -> list[Figure]:
    """Measure plans, looks, and what is held in memory of each endpoint."""
    plans, (first, again) = times_of_plans(), times_of_looks(sizes.records)
    held = {what: held_by(make) / COUNTED for what, make in (("mirror", make_mirror), ("claims", make_claims))}
    of_plans = [milliseconds(f"a plan: {shape.strip()}", seconds, 0.5, at_most=1.0) for shape, seconds in plans.items()]
    return [
        *of_plans,
        milliseconds(f"a resync of {sizes.records}, each at first", first, 0.5),
        milliseconds(f"a resync of {sizes.records}, each unchanged", again, 0.5, at_most=0.2),
        *(Figure(what=f"held of each in the {what}", value=size, unit="bytes") for what, size in held.items()),
    ]


def make_mirror() -> Mirror:
    """Make the mirror of which memory is counted."""
    return mirror_of(many(COUNTED))


def make_claims() -> Claims:
    """Make the claims of which memory is counted."""
    return claims_of(endpoint.item for endpoint in many(COUNTED))
