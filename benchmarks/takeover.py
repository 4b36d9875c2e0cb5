"""What it takes to take over: from the start of the process until it knows that nothing is to be done.

All endpoints are as they should be, so nothing may be written but the Lease. Beside it: a bare client that lists the
same objects and scans the same table, and looks at nothing of it.
"""

import json
import time
from collections import Counter

import aioboto3

from benchmarks.bare import aws_options
from benchmarks.figures import Figure
from benchmarks.populating import PATIENCE_SECONDS, populate, still_world
from benchmarks.processes import cpu_seconds
from benchmarks.sizes import Sizes
from gco_stream.core.models import Kind
from tests.controller import started_controller
from tests.counting import counting_proxy
from tests.e2e.watching import asked
from tests.world import Site, World

_READS = ("get", "list", "watch")


async def bare_look(world: World, site: Site) -> tuple[float, int]:
    """List and scan as raw as it comes; return the seconds, and how many pages the table has."""
    began, pages = time.perf_counter(), 0
    for kind in Kind:
        async with site.kubernetes.session.get(site.kubernetes.path(kind.value)) as answer:
            json.loads(await answer.read())
    async with aioboto3.Session().client("dynamodb", **aws_options(world)) as tables:
        async for _ in tables.get_paginator("scan").paginate(TableName=site.table_name, ConsistentRead=True):
            pages += 1
    return time.perf_counter() - began, pages


async def taken_over(world: World, site: Site) -> tuple[float, float, Counter[str], Counter[str]]:
    """Return seconds, seconds of processor time, and requests by verb and by DynamoDB's operations."""
    before = len(asked(world, site))
    async with counting_proxy(world.dynamodb.endpoint) as proxy:
        through = {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": proxy.url}
        began = time.perf_counter()
        async with started_controller({**site.environment, **through}) as controller:
            scanned = await controller.has_logged("table scanned", PATIENCE_SECONDS)
            seconds, cpu = time.perf_counter() - began, cpu_seconds(controller.process.pid)
            calls = Counter(proxy.calls)
        assert scanned["queued"] == 0, scanned
    verbs = Counter(verb for verb, kind, _ in asked(world, site)[before:] if kind != "leases")
    return seconds, cpu, verbs, calls


async def measure(sizes: Sizes) -> list[Figure]:
    """Measure one start."""
    async with still_world() as (world, site):
        await populate(site, sizes.taken_over)
        floor, pages = await bare_look(world, site)
        seconds, cpu, verbs, calls = await taken_over(world, site)
    writes = sum(count for verb, count in verbs.items() if verb not in _READS)
    # The stream is read all the time, and the longer the more.
    requests = sum(verbs.values()) + sum(calls.values()) - calls["GetRecords"]
    what, most = f"{sizes.taken_over} endpoints taken over", pages + len(Kind) + 10
    return [
        Figure(what=what, value=seconds, unit="s", beside=floor, beside_is="bare list and scan", at_most=5.0),
        Figure(what=f"{what}, processor", value=cpu, unit="s"),
        Figure(what=f"{what}, writes", value=writes + calls["UpdateItem"], unit="writes", at_most=0),
        Figure(what=f"{what}, requests", value=requests, unit="requests", at_most=most),
    ]
