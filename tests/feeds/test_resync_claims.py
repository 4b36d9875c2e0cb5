"""Whoever starts knows what all records lay claim to before it does anything."""

import asyncio

import pytest

from gco_stream.core.models import Kind
from gco_stream.errors import Denied, Transient
from tests.builders import an_item, at
from tests.fakes.controller import Controller, serving
from tests.fakes.line import soon
from tests.feeds.following import a_following

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B13")]


def rest(controller: Controller) -> set[str]:
    return {str(key) for key in controller.cluster.model.objects}


async def a_published_one() -> Controller:
    """A controller that has stopped; ``z-first`` is published at ``/p``."""
    controller = Controller()
    controller.records.page_size = 1
    controller.records.put(an_item("z-first", ingress_path="/p", created_at=at(-10)))
    async with serving(controller):
        await soon(lambda: controller.records.status("z-first", "us-east-1").get("published") is True)
        controller.stop.set()
        await controller.serving
    controller.stop.clear()
    return controller


async def test_one_that_a_later_page_shows_to_have_the_path_is_heard_before_anything_is_made() -> None:
    controller = await a_published_one()
    before = rest(controller)
    controller.records.put(an_item("a-later", ingress_path="/p", created_at=at(-9000)))

    async with serving(controller):
        await soon(lambda: controller.records.status("a-later", "us-east-1").get("reason") == "Clash")
        await asyncio.sleep(30)

    assert rest(controller) == before
    assert controller.records.status("z-first", "us-east-1")["state"] == "running"


@pytest.mark.parametrize("error", [Transient("throttled"), Denied("no")], ids=repr)
async def test_what_the_stream_tells_of_waits_for_the_first_scan(error: Exception) -> None:
    controller = await a_published_one()
    before = rest(controller)
    controller.line.fail("scan", error)

    async with serving(controller):
        await asyncio.sleep(5)
        controller.records.put(an_item("a-later", ingress_path="/p", created_at=at(-9000)))
        await asyncio.sleep(60)
        waiting = rest(controller)
        controller.line.mend("scan")
        await soon(lambda: controller.records.status("a-later", "us-east-1").get("reason") == "Clash", within=60)

    assert waiting == rest(controller) == before


async def test_who_waits_for_the_first_scan_stops_at_once() -> None:
    controller = Controller()
    controller.records.put(an_item("x"))
    controller.line.fail("scan", Transient("throttled"))

    async with serving(controller):
        await asyncio.sleep(5)
        began = asyncio.get_running_loop().time()
        controller.stop.set()
        await controller.serving

    assert asyncio.get_running_loop().time() - began < 1


async def test_a_clash_that_is_known_already_costs_no_look_at_the_start() -> None:
    controller = await a_published_one()
    controller.records.put(an_item("a-later", ingress_path="/p", created_at=at(-9000)))
    async with serving(controller):
        await soon(lambda: controller.records.status("a-later", "us-east-1").get("reason") == "Clash")
        controller.stop.set()
        await controller.serving
    controller.stop.clear()
    controller.line.calls.clear()

    async with serving(controller):
        await asyncio.sleep(30)

    assert controller.line.count("get") == 0
    assert Kind.INGRESS in controller.cluster.kinds("z-first")


async def test_a_record_that_is_written_while_a_scan_runs_keeps_its_claim() -> None:
    following = a_following()
    following.records.page_size = 1
    for name in ("b", "c"):
        following.records.put(an_item(name))
    claims = following.resync.claims
    following.line.meanwhile(1, lambda: claims.note(an_item("a", ingress_path="/inference/b/x", created_at=at(9))))

    resyncing = asyncio.create_task(following.resync.run())
    following.resyncs.ask("test")
    await soon(lambda: claims.are_complete)
    resyncing.cancel()

    assert [name for name in "abc" if claims.knows(name)] == ["a", "b", "c"]


async def test_an_edit_takes_no_path_from_who_is_published_there_nor_after_a_restart() -> None:
    controller = await a_published_one()
    controller.records.put(an_item("b-older", ingress_path="/b", created_at=at(-9000)))

    for _ in range(2):
        async with serving(controller):
            await soon(lambda: controller.records.status("b-older", "us-east-1").get("published") is True)
            before = rest(controller)
            controller.records.change("b-older", ingress_path="/p")
            await soon(lambda: controller.records.status("b-older", "us-east-1").get("reason") == "Clash")
            await asyncio.sleep(30)
            controller.stop.set()
            await controller.serving
        controller.stop.clear()

        assert rest(controller) == before
        assert controller.records.status("z-first", "us-east-1")["state"] == "running"
    controller.records.change("b-older", ingress_path="/c")

    async with serving(controller):
        await soon(lambda: controller.records.status("b-older", "us-east-1").get("state") == "running")
