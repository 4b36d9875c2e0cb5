"""Records that vanish from the table, and what becomes of their endpoints: the whole controller on fakes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from gco_stream.core.models import Item, Kind, ObjectKey
from gco_stream.errors import Denied, Transient
from gco_stream.feeds.resync import CONFIRMED
from tests.builders import an_item
from tests.fakes.controller import NAMES, Controller, serving
from tests.fakes.line import soon
from tests.fakes.records import FakeRecords

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B12")]

WAITS = "deletions wait for a confirmation"


class BreakingRecords(FakeRecords):
    """A table whose scans break off.

    Attributes:
        breaks_after: After how many pages; None: they go through.
    """

    breaks_after: int | None = None

    async def scan(self) -> AsyncIterator[Sequence[Item]]:
        pages = 0
        async for page in super().scan():
            if pages == self.breaks_after:
                raise Transient("throttled")
            yield page
            pages += 1


@asynccontextmanager
async def running(
    caplog: pytest.LogCaptureFixture, *names: str, scans_only: bool = False, brake: str = "5"
) -> AsyncIterator[Controller]:
    """A controller whose endpoints have come to rest: a, b, c, and perhaps more."""
    caplog.set_level(logging.INFO)
    controller = Controller(
        EVENT_SOURCE="none" if scans_only else "streams", STREAM_POLL_INTERVAL_SECONDS="1", DELETION_BRAKE=brake
    )
    records = BreakingRecords(stream=controller.stream, line=controller.line)
    controller.records = records
    for name in (*NAMES, *names):
        controller.records.put(an_item(name))
    async with serving(controller):
        await soon(lambda: controller.states() == {"running"})
        await asyncio.sleep(30)
        controller.line.calls.clear()
        yield controller


def table(controller: Controller) -> BreakingRecords:
    assert isinstance(controller.records, BreakingRecords)
    return controller.records


def standing(controller: Controller) -> set[str]:
    """The endpoints that have a Deployment."""
    return {key.name for key in controller.cluster.model.objects if key.kind is Kind.DEPLOYMENT}


def logged(caplog: pytest.LogCaptureFixture, message: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.message == message]


def empty(controller: Controller) -> None:
    for name in list(controller.records.items):
        controller.records.remove(name)


async def test_one_record_that_is_removed_takes_its_objects_with_it(caplog: pytest.LogCaptureFixture) -> None:
    async with running(caplog) as controller:
        controller.records.remove("b")
        await soon(lambda: controller.cluster.kinds("b") == set(), within=10)

        assert standing(controller) == {"a", "c"}
        assert controller.line.count("write_status") == 0
        assert [call.about for call in controller.line.calls if call.operation == "delete"] == [
            "Ingress inference-b",
            "Service b",
            "Deployment b",
        ]


async def test_a_record_that_nobody_saw_go_is_found_by_the_next_scan(caplog: pytest.LogCaptureFixture) -> None:
    async with running(caplog, scans_only=True) as controller:
        controller.records.remove("b")
        await asyncio.sleep(200)
        assert standing(controller) == {"a", "b", "c"}

        await soon(lambda: standing(controller) == {"a", "c"}, within=120)
        assert vars(logged(caplog, "table scanned")[-1])["gone"] == 1


@pytest.mark.parametrize("scans_only", [False, True], ids=["stream", "scans"])
async def test_an_emptied_table_takes_nothing_down(caplog: pytest.LogCaptureFixture, scans_only: bool) -> None:
    async with running(caplog, scans_only=scans_only) as controller:
        empty(controller)
        await asyncio.sleep(900)

        assert standing(controller) == {"a", "b", "c"}
        assert controller.line.count("delete") == 0
        facts = vars(logged(caplog, WAITS)[0])
        assert (facts["endpoints"], facts["first"]) == (3, ["a", "b", "c"])
        assert facts["confirm"] == "gco-stream resync --confirm-deletions"


@pytest.mark.parametrize(("brake", "left"), [("0", 9), ("5", 9), ("6", 3)])
async def test_how_many_may_go_at_once_can_be_set(caplog: pytest.LogCaptureFixture, brake: str, left: int) -> None:
    async with running(caplog, *"defghi", brake=brake) as controller:
        for name in "abcdef":
            controller.records.remove(name)
        await asyncio.sleep(60)

        assert len(standing(controller)) == left


@pytest.mark.parametrize("seconds", [0.0, 0.5, 2.0])
async def test_a_table_that_is_emptied_record_by_record_takes_nothing_down(
    caplog: pytest.LogCaptureFixture, seconds: float
) -> None:
    async with running(caplog, *"defghi") as controller:
        for name in list(controller.records.items):
            controller.records.remove(name)
            await asyncio.sleep(seconds)
        await asyncio.sleep(900)

        assert len(standing(controller)) == 9
        assert controller.line.count("delete") == 0


async def test_what_waits_goes_once_somebody_confirms_and_not_before(caplog: pytest.LogCaptureFixture) -> None:
    async with running(caplog) as controller:
        empty(controller)
        await asyncio.sleep(60)
        controller.resyncs.ask("SIGHUP")
        await asyncio.sleep(60)
        assert standing(controller) == {"a", "b", "c"}

        controller.resyncs.ask(CONFIRMED)
        await soon(lambda: not controller.cluster.model.objects, within=10)

        assert vars(logged(caplog, "deletions confirmed")[0])["endpoints"] == 3


async def test_a_confirmation_does_not_get_lost_among_other_requests(caplog: pytest.LogCaptureFixture) -> None:
    async with running(caplog) as controller:
        empty(controller)
        await asyncio.sleep(60)

        for reason in ("SIGHUP", CONFIRMED, "SIGHUP", "place lost"):
            controller.resyncs.ask(reason)

        await soon(lambda: not controller.cluster.model.objects, within=10)


async def test_a_confirmation_with_nothing_to_confirm_is_used_up(caplog: pytest.LogCaptureFixture) -> None:
    async with running(caplog) as controller:
        controller.resyncs.ask(CONFIRMED)
        await asyncio.sleep(10)

        empty(controller)
        await asyncio.sleep(600)

        assert standing(controller) == {"a", "b", "c"}


async def test_records_that_come_back_are_left_in_peace(caplog: pytest.LogCaptureFixture) -> None:
    async with running(caplog) as controller:
        before = dict(controller.records.items)
        empty(controller)
        await asyncio.sleep(60)
        for item in before.values():
            controller.records.put(item)
        await asyncio.sleep(60)
        controller.line.calls.clear()

        controller.resyncs.ask(CONFIRMED)
        await asyncio.sleep(60)

        assert standing(controller) == {"a", "b", "c"}
        assert controller.line.count("delete") == controller.line.count("apply") == 0
        assert vars(logged(caplog, "deletions confirmed")[0])["endpoints"] == 0


@pytest.mark.parametrize("after", [0.0, 0.3, 3.0])
async def test_a_removal_whose_record_is_back_touches_nothing(caplog: pytest.LogCaptureFixture, after: float) -> None:
    async with running(caplog) as controller:
        item = controller.records.items["b"]
        controller.records.remove("b")
        await asyncio.sleep(after)
        controller.records.put(item)
        await asyncio.sleep(600)

        assert standing(controller) == {"a", "b", "c"}
        assert controller.line.count("delete") == controller.line.count("apply") == 0


async def test_a_record_that_comes_back_in_the_middle_of_it_is_built_again(caplog: pytest.LogCaptureFixture) -> None:
    async with running(caplog) as controller:
        item = controller.records.items["b"]
        controller.records.remove("b")
        await soon(lambda: controller.line.count("delete"), within=10)
        controller.records.put(item)
        await asyncio.sleep(60)

        assert controller.cluster.kinds("b") == {Kind.DEPLOYMENT, Kind.SERVICE, Kind.INGRESS}


@pytest.mark.parametrize("pages", [0, 1, 2])
async def test_a_scan_that_breaks_off_never_deletes(caplog: pytest.LogCaptureFixture, pages: int) -> None:
    async with running(caplog, scans_only=True) as controller:
        controller.records.page_size = 1
        table(controller).breaks_after = pages
        controller.records.remove("b")
        await asyncio.sleep(900)

        assert controller.line.count("delete") == 0
        assert len(logged(caplog, "resync failed, will try again")) > 20
        table(controller).breaks_after = None
        await soon(lambda: standing(controller) == {"a", "c"}, within=60)


async def test_a_scan_beside_objects_that_cannot_be_listed_never_deletes(caplog: pytest.LogCaptureFixture) -> None:
    async with running(caplog, scans_only=True) as controller:
        controller.line.fail("watch", Denied("no lists"))
        controller.records.remove("b")
        await asyncio.sleep(900)

        assert controller.line.count("delete") == 0
        assert len(logged(caplog, "table scanned")) > 2


async def test_a_new_leader_judges_its_first_scan_as_a_whole(caplog: pytest.LogCaptureFixture) -> None:
    async with running(caplog) as before:
        pass
    empty(before)
    after = Controller()
    after.cluster.model = before.cluster.model

    async with serving(after):
        await asyncio.sleep(600)

        assert standing(after) == {"a", "b", "c"}
        assert vars(logged(caplog, WAITS)[0])["known"] == 3


async def test_what_is_held_outlives_its_record(caplog: pytest.LogCaptureFixture) -> None:
    async with running(caplog) as controller:
        deployment = controller.cluster.model.objects[ObjectKey(Kind.DEPLOYMENT, "b")]
        deployment["metadata"].setdefault("annotations", {})["gco.io/hold"] = "being looked at"
        deployment["metadata"]["resourceVersion"] = str(controller.cluster.model.version())
        await asyncio.sleep(30)

        controller.records.remove("b")
        await asyncio.sleep(900)
        assert standing(controller) == {"a", "b", "c"}

        del deployment["metadata"]["annotations"]
        deployment["metadata"]["resourceVersion"] = str(controller.cluster.model.version())
        await soon(lambda: standing(controller) == {"a", "c"}, within=400)


async def test_records_that_are_deleted_as_they_should_be_never_meet_the_brake(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running(caplog, *"defghi") as controller:
        for name in list(controller.records.items):
            controller.records.change(name, desired_state="deleted")

        await soon(lambda: not controller.records.items and not controller.cluster.model.objects, within=60)

        assert logged(caplog, WAITS) == []
