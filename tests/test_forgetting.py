"""What is gone is forgotten: a controller that has seen many endpoints holds as much as one that has seen few."""

import asyncio
import gc
from collections.abc import Iterator
from types import AsyncGeneratorType, FunctionType, ModuleType

import pytest

from tests.builders import an_item
from tests.fakes.controller import Controller, serving, with_records
from tests.fakes.line import soon

PASSERS_BY = tuple(f"passer-by-{number}" for number in range(5))
AUTOSCALED = {"image": "acme/server:v1", "autoscaling": {"enabled": True, "max_replicas": 5}}
WITH_CANARY = {"image": "acme/server:v1", "canary": {"image": "acme/server:v2", "weight": 10, "replicas": 1}}
UNREADABLE = {"image": ""}
SPECS = ({"image": "acme/server:v1"}, AUTOSCALED, WITH_CANARY, UNREADABLE, {"image": "acme/server:v1", "replicas": 0})


def ways_to(mark: str, root: object, outside: tuple[object, ...]) -> Iterator[str]:
    """Find what holds a text, from one object on: the types that lead there, and what was found."""
    seen = {id(root), *map(id, outside)}
    ways: list[tuple[object, str]] = [(root, type(root).__name__)]
    while ways:
        holder, way = ways.pop()
        # What a module holds is no part of a controller, and the watches here are the fake's.
        parts = (holder.__closure__,) if isinstance(holder, FunctionType) else gc.get_referents(holder)
        for part in parts:
            if isinstance(part, str) and mark in part:
                yield f"{way} > {part[:80]!r}"
            elif (
                id(part) not in seen
                and gc.is_tracked(part)
                and not isinstance(part, ModuleType | type | AsyncGeneratorType)
            ):
                seen.add(id(part))
                ways.append((part, f"{way} > {type(part).__name__}"))


def held_by(controller: Controller) -> Iterator[str]:
    """Find what the controller still knows of those who passed by; the fakes may remember them."""
    loop = asyncio.get_running_loop()
    fakes = (controller.records, controller.cluster, controller.line, controller.stream, controller.leases)
    outside = (*fakes, controller.events, controller.meters, controller, loop)
    for task in (task for task in asyncio.all_tasks() if task is not asyncio.current_task()):
        yield from ways_to("passer-by", task, (*outside, asyncio.current_task()))


@pytest.mark.looptime
async def test_of_endpoints_that_are_gone_nothing_is_kept() -> None:
    async with serving(with_records(WORKERS="1", STREAM_POLL_INTERVAL_SECONDS="1")) as controller:
        for name, spec in zip(PASSERS_BY, SPECS, strict=True):
            controller.records.put(an_item(name, spec=spec))
        await asyncio.sleep(60)
        assert {key.name for key in controller.cluster.model.objects} >= {*PASSERS_BY} - {PASSERS_BY[3]}
        assert {controller.records.status(name, "us-east-1")["state"] for name in PASSERS_BY} >= {"error"}
        assert list(held_by(controller)), "it has to know them while they are there"

        for name in PASSERS_BY:
            controller.records.change(name, desired_state="deleted")
        await soon(lambda: not {*PASSERS_BY} & controller.records.items.keys(), within=600)
        await asyncio.sleep(30)
        # The variables of whoever works, and of whoever watches, hold what they had last.
        for name in ("a", "b", "c"):
            controller.records.change(name, spec=AUTOSCALED | {"port": 9000}, ingress_path=f"/{name}")
        await asyncio.sleep(30)

        assert "\n".join(held_by(controller)) == ""
