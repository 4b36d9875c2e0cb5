"""Carrying out under the lease, on fakes and on virtual time."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from gco_stream.cli.carrying_out import _Work
from gco_stream.cli.exits import Exit
from gco_stream.cli.replayed import Outcome
from gco_stream.cli.telling import Unable
from gco_stream.core.history import Histories
from gco_stream.core.leadership import Lease
from gco_stream.core.models import EndpointName, Kind
from gco_stream.errors import LostLeadership, Transient
from gco_stream.shell.recordings import told_by
from tests.builders import a_spec, an_item
from tests.cli.captures import recorded
from tests.cli.places import Place
from tests.fakes.clock import FakeClock
from tests.fakes.line import soon

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B37")]


def image(place: Place, name: str) -> Any:
    (deployment,) = (o for k, o in place.cluster.model.objects.items() if k.kind is Kind.DEPLOYMENT and k.name == name)
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"]


async def test_the_names_alone_are_worked_off_and_the_lease_is_given_back() -> None:
    place = Place()
    for name in ("a", "b", "c"):
        place.records.put(an_item(name))

    outcomes = await place.carry_out("a", "c")

    assert outcomes == {"a": Outcome.DONE, "c": Outcome.DONE}
    assert place.cluster.kinds("a") >= {Kind.DEPLOYMENT, Kind.SERVICE}
    assert place.records.status("c", "us-east-1")["state"] == "creating"
    assert place.cluster.kinds("b") == set()
    assert place.board.holder == ""


async def test_without_names_nothing_is_written() -> None:
    place = Place()

    assert await place.carry_out() == {}
    assert place.writes() == 0


async def test_what_has_no_record_is_done_by_doing_nothing() -> None:
    place = Place()

    assert await place.carry_out("gone") == {"gone": Outcome.DONE}
    assert place.writes() == 0


async def test_what_stands_without_a_record_stays_for_a_controller_to_judge() -> None:
    place = Place()
    place.records.put(an_item("a"))
    await place.carry_out("a")
    place.records.remove("a")
    standing = place.cluster.kinds("a")

    assert await place.carry_out("a") == {"a": Outcome.DONE}

    assert place.cluster.kinds("a") == standing != set()


async def test_a_day_of_history_never_brings_an_old_state_back() -> None:
    place, day = Place(), Histories("us-east-1")
    versions = [an_item("chat", spec=a_spec(image=f"acme/server:v{n}", replicas=n % 5)) for n in range(200)]
    for number, (before, after) in enumerate(pairwise(versions), start=1):
        day.add(told_by(recorded(number, before, after)))
    day.add(told_by(recorded(900, versions[-1], {**versions[-1], "desired_state": "deleted"})))
    day.add(told_by(recorded(901, an_item("gone"), an_item("gone", labels={"a": "b"}))))
    newest = an_item("chat", spec=a_spec(image="acme/server:newest"), desired_state="running")
    place.records.put(newest)
    await place.carry_out("chat")
    before_replay = place.writes()

    outcomes = await place.carry_out(*(history.name for history in day.all() if history.looks))

    assert outcomes == {"chat": Outcome.DONE, "gone": Outcome.DONE}
    assert image(place, "chat") == "acme/server:newest"
    assert place.records.items["chat"]["desired_state"] == "running"
    assert place.cluster.kinds("gone") == set()
    assert place.writes() == before_replay


class TestLease:
    async def test_one_that_another_process_renews_is_left_alone_and_it_is_named(self) -> None:
        place = Place()
        place.records.put(an_item("a"))

        async with place.beside(place.renew_for_ever("pod-a_f00d")):
            await asyncio.sleep(0)
            with pytest.raises(Unable, match="nothing was carried out: pod-a_f00d leads") as refusal:
                await place.carry_out("a")

        assert refusal.value.code is Exit.NO
        assert place.writes() == 0
        assert set(place.board.holders) == {"pod-a_f00d"}
        assert place.clock.monotonic() < 5

    async def test_one_that_its_holder_left_behind_is_taken_when_it_has_run_out(self) -> None:
        place = Place()
        place.records.put(an_item("a"))
        place.held_by("dead_f00d")

        outcomes = await place.carry_out("a")

        assert outcomes == {"a": Outcome.DONE}
        assert 14 < place.clock.monotonic() < 25
        assert place.board.holder == ""

    async def test_one_that_is_good_for_minutes_is_waited_for_all_the_same(self) -> None:
        place = Place()
        place.board.put(Lease(holder="dead", marked="dead", renewed=place.clock.now(), duration=timedelta(seconds=120)))

        assert await place.carry_out() == {}
        assert place.board.holder == ""

    async def test_one_that_a_standby_takes_first_is_the_standbys(self) -> None:
        place = Place()
        place.records.put(an_item("a"))
        place.held_by("dead_f00d")

        async def take_over() -> None:
            await asyncio.sleep(13)
            await place.renew_for_ever("standby_cafe")

        async with place.beside(take_over()):
            with pytest.raises(Unable, match="standby_cafe leads"):
                await place.carry_out("a")

        assert place.writes() == 0

    async def test_one_that_is_lost_meanwhile_ends_it_at_once(self) -> None:
        place = Place()
        place.records.put(an_item("a"))
        place.line.cut("observe")

        async def depose() -> None:
            await soon(lambda: place.line.count("observe"))
            place.held_by("usurper_f00d")

        async with place.beside(depose()):
            with pytest.raises(LostLeadership, match="usurper_f00d"):
                await place.carry_out("a")

        assert place.writes() == 0
        assert place.board.holder == "usurper_f00d"

    async def test_one_that_cannot_be_read_ends_it_before_anything_is_done(self) -> None:
        place = Place()
        place.leases.line.fail("read_lease", Transient("unreachable"))

        with pytest.raises(Transient, match="unreachable"):
            await place.carry_out("a")

    async def test_one_that_cannot_be_written_is_given_up_in_the_end(self) -> None:
        place = Place()
        place.leases.line.fail("write_lease", Transient("unreachable"))

        with pytest.raises(Unable, match="could not be taken") as failure:
            await place.carry_out("a")

        assert failure.value.code is Exit.UNKNOWN
        assert place.clock.monotonic() < 75

    async def test_an_interrupt_gives_it_back(self) -> None:
        place = Place()
        place.records.put(an_item("a"))
        place.line.cut("observe")

        task = asyncio.create_task(place.carry_out("a"))
        await soon(lambda: place.line.count("observe"))
        assert place.board.holder != ""
        task.cancel()
        await asyncio.wait([task])

        told = task.exception()
        assert isinstance(told, Unable)
        assert (told.code, str(told)) == (
            Exit.INTERRUPTED,
            "interrupted: 0 of 1 endpoints carried out, the lease is given back",
        )
        assert place.board.holder == ""


class TestWork:
    async def test_what_fails_for_a_moment_is_done_all_the_same(self) -> None:
        place = Place()
        place.records.put(an_item("a"))
        place.line.fail_next("observe", Transient("hiccup"))

        assert await place.carry_out("a") == {"a": Outcome.DONE}

    async def test_what_goes_on_failing_is_left_and_keeps_nobody_waiting(self) -> None:
        place = Place()
        place.records.put(an_item("a"))
        place.line.fail("observe", Transient("unreachable"))

        assert await place.carry_out("a") == {"a": Outcome.LEFT}
        assert place.clock.monotonic() < 40
        assert place.board.holder == ""

    async def test_a_teardown_is_followed_until_the_pods_are_gone(self) -> None:
        place = Place()
        place.records.put(an_item("a"))
        await place.carry_out("a")
        place.records.change("a", desired_state="deleted")

        async def nature() -> None:
            while True:
                await asyncio.sleep(1)
                place.cluster.model.work()

        async with place.beside(nature()):
            outcomes = await place.carry_out("a")

        assert outcomes == {"a": Outcome.DONE}
        assert place.cluster.kinds("a") == set()
        assert "a" not in place.records.items

    async def test_whom_it_concerns_is_looked_at_too(self) -> None:
        place = Place()
        place.records.put(an_item("a", ingress_path="/inference/same", created_at="2026-01-01T00:00:00+00:00"))
        place.records.put(an_item("b", ingress_path="/inference/same"))
        await place.carry_out("a", "b")
        assert place.records.status("b", "us-east-1")["state"] == "error"
        # After the scan, before its own record is read.
        place.line.meanwhile(len(place.line.calls) + 1, lambda: place.records.remove("a"))

        outcomes = await place.carry_out("a")

        assert outcomes == {"a": Outcome.DONE, "b": Outcome.DONE}
        assert Kind.DEPLOYMENT in place.cluster.kinds("b")

    async def test_what_is_asked_for_once_more_while_it_is_in_hand_is_not_done_yet(self) -> None:
        work, name = _Work(FakeClock(), 1), EndpointName("a")
        await work.add(name)
        await work.take()
        await work.add(name)

        await work.done(name, None)
        assert not work.finished.is_set()
        await work.take()
        await work.done(name, None)

        assert work.finished.is_set()
        assert work.outcomes == {name: Outcome.DONE}

    async def test_hundreds_are_worked_off(self) -> None:
        place = Place()
        names = [f"e{number}" for number in range(300)]
        for name in names:
            place.records.put(an_item(name))

        outcomes = await place.carry_out(*names)

        assert outcomes == dict.fromkeys(names, Outcome.DONE)
        assert timedelta(seconds=place.clock.monotonic()) < timedelta(seconds=60)
