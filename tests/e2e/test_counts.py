"""What a start and a change ask for, counted: so that a promise of ``docs/performance.md`` cannot rot."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from tests.controller import running_controller
from tests.counting import CountingProxy, counting_proxy
from tests.e2e.watching import asked, is_promoted, reaches
from tests.world import Site, World, eventually
from tests.writers import Writers, a_spec

_READS = ("get", "list", "watch")


@asynccontextmanager
async def counted(world: World) -> AsyncIterator[tuple[CountingProxy, Mapping[str, str]]]:
    """Count what goes to DynamoDB; the settings lead a controller through the count."""
    async with counting_proxy(world.dynamodb.endpoint) as proxy:
        yield proxy, {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": proxy.url}


def requests(world: World, site: Site, *, since: int = 0) -> Counter[tuple[str, str]]:
    """Count what was asked of the API server, but for the Lease, and Events, which are told beside the work."""
    found = asked(world, site)[since:]
    return Counter((verb, kind) for verb, kind, _ in found if kind not in ("leases", "events"))


@pytest.mark.behaviour("B4")
async def test_taking_over_costs_one_list_of_each_kind_one_scan_and_no_write(
    world: World, site: Site, writers: Writers
) -> None:
    async with running_controller(site):
        for number in range(4):
            writers.create(f"endpoint-{number}", a_spec(replicas=number % 2))
        for number in range(4):
            await is_promoted(writers, f"endpoint-{number}")
        await eventually(lambda: writers.status("endpoint-1").get("published"), 15, "published")
    before = len(asked(world, site))

    async with counted(world) as (proxy, through), running_controller(site, **through) as controller:
        (scanned,) = controller.logged("table scanned")
        calls = Counter(proxy.calls)

    kinds = ("deployments", "services", "ingresses", "horizontalpodautoscalers")
    assert requests(world, site, since=before) == {("watch", kind): 1 for kind in kinds}
    assert scanned["queued"] == 0
    assert calls["Scan"] == 1
    assert calls.keys() <= {"Scan", "GetRecords", "GetShardIterator", "DescribeStream", "DescribeTable"}


@pytest.mark.behaviour("B13")
async def test_nothing_is_read_before_a_new_endpoint_is_made(world: World, site: Site, writers: Writers) -> None:
    async with running_controller(site):
        before = len(asked(world, site))

        writers.create("llama", a_spec(replicas=0))
        await is_promoted(writers, "llama")

        made = [(verb, kind) for verb, kind, _ in asked(world, site)[before:] if kind not in ("leases", "events")]
    assert made[:2] == [("patch", "services"), ("patch", "deployments")]


@pytest.mark.behaviour("B14")
async def test_a_change_that_starts_no_rollout_costs_one_apply_and_two_looks_at_most(
    world: World, site: Site, writers: Writers
) -> None:
    async with counted(world) as (proxy, through), running_controller(site, **through):
        writers.create("llama", a_spec(replicas=0, autoscaling={"enabled": True, "min_replicas": 1, "max_replicas": 3}))
        await reaches(writers, "llama", "running", published=True)
        await is_promoted(writers, "llama")
        before, calls_before = len(asked(world, site)), Counter(proxy.calls)

        bounds = {"enabled": True, "min_replicas": 1, "max_replicas": 5}
        writers.change("llama", autoscaling=bounds)
        await is_promoted(writers, "llama")

        seen, calls = requests(world, site, since=before), proxy.calls - calls_before
    assert Counter({key: count for key, count in seen.items() if key[0] not in _READS}) == {
        ("patch", "horizontalpodautoscalers"): 1
    }
    # Its four objects, at each look; the second is at what the first has done, if any is due.
    assert sum(count for (verb, _), count in seen.items() if verb == "get") <= 8
    assert not [key for key in seen if key[0] == "list"]
    # What it reports, and that the record is running.
    assert calls["UpdateItem"] <= 3
    assert calls["GetItem"] <= 2
    assert calls["Scan"] == 0
