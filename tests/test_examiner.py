"""Readings of a real process' parts, on virtual time."""

import asyncio

import pytest

from gco_stream import app
from gco_stream.core.health import is_fine, liveness, readiness, told
from gco_stream.core.models import Kind
from gco_stream.core.readings import readings_of
from gco_stream.core.vitals import Role
from gco_stream.errors import Transient
from tests.builders import a_status, an_item
from tests.fakes.controller import Controller, serving, with_records
from tests.fakes.lease import Board
from tests.fakes.line import soon

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B6")]


def value(controller: Controller, name: str) -> float:
    (found,) = [one.value for one in readings_of(controller.examiner.examine()) if one.name == name]
    return found


async def test_a_process_that_has_not_begun_is_alive_and_not_ready() -> None:
    examiner = app.examiner_for(Controller().settings, Controller().clock)

    vitals = examiner.examine()

    assert is_fine(liveness(vitals))
    assert not is_fine(readiness(vitals))


async def test_a_leader_becomes_ready_when_it_follows_the_stream_and_not_before() -> None:
    controller = with_records()
    controller.line.cut("locate")
    async with serving(controller):
        await asyncio.sleep(10)
        assert "[-] events: taking a place in the stream" in told(readiness(controller.examiner.examine()))

        controller.line.mend("locate")

    async with serving(with_records()) as another:
        await soon(lambda: is_fine(readiness(another.examiner.examine())))
        assert another.examiner.examine().role is Role.LEADER


async def test_a_stream_that_is_read_no_more_makes_a_leader_unready_and_leaves_it_alive() -> None:
    async with serving(with_records()) as controller:
        await soon(lambda: is_fine(readiness(controller.examiner.examine())))

        controller.line.cut("read")
        await asyncio.sleep(32)

        assert "was not read for 3" in told(readiness(controller.examiner.examine()))
        assert is_fine(liveness(controller.examiner.examine()))


async def test_a_standby_is_ready_and_names_the_leader() -> None:
    board = Board()
    async with (
        serving(with_records(board=board, HOSTNAME="a")),
        serving(with_records(board=board, HOSTNAME="b")) as standby,
    ):
        await asyncio.sleep(10)

        vitals = standby.examiner.examine()

        assert vitals.role is Role.STANDBY
        assert is_fine(liveness(vitals))
        assert is_fine(readiness(vitals))
        assert vitals.leader.startswith("a_")


async def test_a_kind_that_cannot_be_watched_keeps_a_standby_from_being_ready() -> None:
    controller = with_records()
    controller.line.fail("watch", Transient("unreachable"))
    async with serving(controller):
        await asyncio.sleep(10)

        assert "not listed yet: " + ", ".join(Kind) in told(readiness(controller.examiner.examine()))


async def test_a_pass_in_hand_is_seen_with_its_age() -> None:
    controller = with_records(WORKERS="1")
    controller.line.cut("observe")
    async with serving(controller):
        await soon(lambda: controller.line.count("observe"))
        await asyncio.sleep(60)

        assert value(controller, "workqueue_longest_running_processor_seconds") == pytest.approx(60, abs=1)
        assert value(controller, "controller_runtime_active_workers") == 1


async def test_a_watch_on_which_nothing_comes_is_seen_with_its_age() -> None:
    async with serving(with_records()) as controller:
        await soon(lambda: controller.states() == {"running"})
        await asyncio.sleep(300)

        watched = controller.examiner.examine().watches[Kind.DEPLOYMENT]

        assert watched.objects == 3
        assert watched.silent_seconds == pytest.approx(300, abs=15)


@pytest.mark.behaviour("B39")
async def test_the_room_on_the_load_balancer_is_told_as_passes_count_it() -> None:
    async with serving(with_records(ALB_TARGET_GROUPS="4")) as controller:
        await soon(lambda: controller.states() == {"running"})

        taken = value(controller, "gco_stream_target_groups")

        assert taken == sum((await controller.cluster.count_target_groups()).values()) == 3
        assert value(controller, "gco_stream_target_groups_limit") == 4


@pytest.mark.behaviour("B39")
async def test_what_the_last_passes_told_is_written_before_a_process_ends() -> None:
    controller = with_records(WORKERS="1")
    controller.line.latency, controller.events.line.latency = 1.0, 0.5
    async with serving(controller):
        await soon(lambda: controller.line.count("observe"))
        controller.stop.set()
        await controller.serving

    assert controller.events.reasons() == ["Created"]


async def test_a_pass_that_does_not_end_at_its_deadline_fails_liveness() -> None:
    controller = with_records(WORKERS="1")
    controller.examiner.pass_deadline = 10.0
    controller.line.cut("observe")
    async with serving(controller):
        await soon(lambda: controller.line.count("observe"))
        await asyncio.sleep(26)

        assert "is stuck since 2" in told(liveness(controller.examiner.examine()))


@pytest.mark.behaviour("B39")
async def test_records_of_the_stream_are_counted_and_another_source_has_none() -> None:
    async with serving(with_records()) as controller, serving(with_records(EVENT_SOURCE="none")) as another:
        await asyncio.sleep(5)
        controller.records.put(an_item("later"))
        await asyncio.sleep(5)

        heard = controller.examiner.examine().heard
        assert heard is not None
        assert heard.records["queued"] == 1
        assert another.examiner.examine().heard is None
        assert is_fine(readiness(another.examiner.examine()))


async def test_a_process_that_was_stopped_for_a_while_is_alive_once_it_goes_on() -> None:
    async with serving(with_records()) as controller:
        await asyncio.sleep(20)

        controller.clock.stopped += 5
        await asyncio.sleep(1)

        assert controller.examiner.examine().lag == pytest.approx(5)
        assert is_fine(liveness(controller.examiner.examine()))


async def test_while_work_in_hand_finishes_a_process_is_alive_and_not_ready() -> None:
    controller = with_records(WORKERS="1")
    controller.line.cut("observe")
    async with serving(controller):
        await soon(lambda: controller.line.count("observe"))
        controller.stop.set()
        await asyncio.sleep(5)

        assert is_fine(liveness(controller.examiner.examine()))
        assert "[-] events: stopping" in told(readiness(controller.examiner.examine()))


@pytest.mark.behaviour("B39")
async def test_endpoints_at_rest_are_counted_though_no_pass_looks_at_them() -> None:
    controller = Controller()
    async with serving(controller):
        await soon(lambda: controller.states() == set())
        controller.records.put(an_item("a"))
        await soon(lambda: controller.states() == {"running"})
    controller.records.put(an_item("b", desired_state="stopped", region_status={"us-east-1": a_status("stopped")}))

    async with serving(controller):
        await asyncio.sleep(5)

        assert controller.examiner.examine().roster.states() == {"running": 1, "stopped": 1}


@pytest.mark.behaviour("B39")
async def test_events_of_passes_are_written_and_their_failure_changes_nothing() -> None:
    async with serving(with_records()) as controller:
        await soon(lambda: controller.states() == {"running"})
        await asyncio.sleep(1)
        assert controller.events.reasons("a") == ["Created", "Published"]

        controller.events.line.cut("write_event")
        controller.records.put(an_item("later"))
        await soon(lambda: controller.records.status("later", "us-east-1").get("state") == "running", within=10)
