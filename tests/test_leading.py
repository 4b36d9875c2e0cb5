"""The controller as a whole, with others that want to lead: who works, who waits, and what the end of leading ends."""

import asyncio
import logging

import pytest

from gco_stream.core.leadership import Lease
from gco_stream.core.models import Kind, ObjectKey
from gco_stream.errors import LostLeadership, Transient
from tests.builders import REGION, a_spec, an_item
from tests.fakes.clock import THE_BEGINNING
from tests.fakes.controller import NAMES, Controller, serving, with_records
from tests.fakes.lease import Board
from tests.fakes.line import soon
from tests.fakes.region import WRITES

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B4")]

THEIRS = Lease(holder="other", marked="other", acquired=THE_BEGINNING, renewed=THE_BEGINNING, transitions=5)


def now() -> float:
    return asyncio.get_running_loop().time()


def writes(controller: Controller) -> list[float]:
    """When something was written."""
    return [call.at for call in controller.line.calls if call.operation in WRITES]


def beside(leader: Controller) -> Controller:
    """Another process for the same lease, table and cluster; its stream says nothing."""
    another = Controller(board=leader.leases.board, HOSTNAME="another")
    another.records.items = leader.records.items
    another.cluster.model = leader.cluster.model
    return another


class TestStandby:
    async def test_a_standby_reads_neither_stream_nor_table(self) -> None:
        board = Board()
        async with (
            serving(with_records(board=board, HOSTNAME="a")),
            serving(with_records(board=board, HOSTNAME="b")) as standby,
        ):
            await asyncio.sleep(600)

            assert standby.line.operations() == ["watch"] * len(Kind)
            assert writes(standby) == []

    async def test_who_takes_over_scans_once_and_lists_nothing(self) -> None:
        leader = with_records()
        standby = beside(leader)
        async with serving(leader):
            await soon(lambda: leader.states() == {"running"})
            async with serving(standby):
                await asyncio.sleep(60)
                leader.records.change("a", spec=a_spec(replicas=2))
                await asyncio.sleep(60)
                leader.stop.set()
                await leader.serving
                standby.line.calls.clear()

                await soon(lambda: standby.line.count("scan"), within=3)
                await asyncio.sleep(60)

                others = set(standby.line.operations()) - {"locate", "describe", "open", "read"}
                assert others == {"scan"}
                assert standby.line.count("scan") == 1

    async def test_what_changed_while_nobody_led_is_found_by_the_one_who_takes_over(self) -> None:
        leader = with_records()
        standby = beside(leader)
        async with serving(leader):
            await soon(lambda: leader.states() == {"running"})
            async with serving(standby):
                await asyncio.sleep(60)
                leader.serving.cancel()
                service = leader.cluster.model.objects[ObjectKey(Kind.SERVICE, "b")]
                service["metadata"]["labels"]["project"] = "theirs"
                service["metadata"]["resourceVersion"] = str(leader.cluster.model.version())
                leader.records.change("c", desired_state="stopped")
                standby.line.calls.clear()

                await soon(lambda: standby.records.status("c", "us-east-1").get("state") == "stopped", within=25)

                assert {call.about for call in standby.line.calls if call.operation == "observe"} == {"b", "c"}
                assert standby.line.count("watch") == 0

    async def test_what_could_not_be_watched_to_the_end_is_listed_by_who_takes_over(self) -> None:
        leader = with_records()
        standby = beside(leader)
        async with serving(leader):
            await soon(lambda: leader.states() == {"running"})
            async with serving(standby):
                await asyncio.sleep(60)
                standby.cluster.breaks_off = Transient("unreachable")
                standby.line.fail("watch", Transient("unreachable"))
                await asyncio.sleep(60)
                leader.cluster.model.objects[ObjectKey(Kind.SERVICE, "b")]["metadata"]["labels"]["project"] = "theirs"
                leader.stop.set()
                await leader.serving
                standby.line.calls.clear()

                await soon(lambda: standby.line.count("scan"), within=3)
                await asyncio.sleep(1)

                assert {call.about for call in standby.line.calls if call.operation == "observe"} == set(NAMES)

    @pytest.mark.behaviour("B5")
    async def test_a_standby_says_who_leads_when_it_is_asked_for_a_resync(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        board = Board()
        board.put(THEIRS)
        with caplog.at_level(logging.INFO):
            async with serving(with_records(board=board)) as standby:
                await asyncio.sleep(1)
                standby.resyncs.ask("SIGHUP")
                await asyncio.sleep(0.1)

        (line,) = [record for record in caplog.records if record.message == "no resync: another process leads"]
        assert line.__dict__["leader"] == "other"

    @pytest.mark.behaviour("B5")
    async def test_a_standby_stops_at_once_and_leaves_the_lease_alone(self) -> None:
        board = Board()
        board.put(THEIRS)
        async with serving(with_records(board=board)) as standby:
            await asyncio.sleep(5)

            standby.stop.set()
            async with asyncio.timeout(0.1):
                await standby.serving

        assert board.holders == ["other"]

    async def test_what_was_asked_for_while_standing_by_is_done_after_winning(self) -> None:
        board = Board()
        board.put(THEIRS)
        async with serving(with_records(board=board)) as standby:
            await asyncio.sleep(10)
            standby.records.put(an_item("later"))

            await soon(lambda: standby.states() == {"running"})


class TestHandingOver:
    @pytest.mark.behaviour("B5")
    async def test_the_lease_is_given_back_after_work_in_hand_has_finished(self) -> None:
        controller = with_records(WORKERS="1")
        controller.line.latency = 2.0
        async with serving(controller):
            await soon(lambda: controller.line.count("observe"), within=60)
            controller.stop.set()
            asked = now()
            await controller.serving

            assert writes(controller)[-1] > asked
            given_back = controller.leases.line.calls[-1]
            assert given_back.at >= writes(controller)[-1] + 2.0
            assert controller.leases.board.holder == ""

    async def test_the_lease_is_renewed_while_work_in_hand_finishes(self) -> None:
        controller = with_records()
        async with serving(controller):
            controller.line.cut("observe")
            await soon(lambda: controller.line.count("observe"))
            controller.stop.set()
            await asyncio.sleep(1)
            controller.leases.line.calls.clear()
            await asyncio.sleep(15)

            assert controller.leases.line.count("write_lease") >= 7
            assert not controller.serving.done()

    async def test_a_crash_gives_it_back_too(self) -> None:
        controller = with_records()
        controller.line.fail("scan", ZeroDivisionError("a bug"))

        async with serving(controller):
            with pytest.raises(BaseExceptionGroup):
                await controller.serving

        assert controller.leases.board.holder == ""


class TestLosing:
    async def test_who_cannot_renew_ends_before_another_may_lead(self) -> None:
        controller = with_records()
        async with serving(controller):
            await soon(lambda: controller.states() == {"running"})
            controller.leases.line.fail("write_lease", Transient("unreachable"))
            lost_at = now()

            with pytest.raises(LostLeadership):
                await controller.serving

            assert now() <= lost_at + 10

    async def test_who_sees_another_leader_ends_at_once_whatever_is_in_hand(self) -> None:
        controller = with_records()
        controller.line.cut("observe")
        async with serving(controller):
            await soon(lambda: controller.line.count("observe"))
            controller.leases.board.put(THEIRS)

            async with asyncio.timeout(3):
                with pytest.raises(LostLeadership, match="other leads now"):
                    await controller.serving

        assert controller.leases.board.holder == "other"

    async def test_nothing_is_written_after_certainty_ends_though_there_is_work(self) -> None:
        controller = with_records()
        async with serving(controller):
            await asyncio.sleep(30)
            controller.leases.line.cut("write_lease")
            cut_at = now()
            for number in range(200):
                await asyncio.sleep(0.1)
                controller.records.put(an_item(f"more-{number}"))

            with pytest.raises(LostLeadership):
                await controller.serving

            assert cut_at < max(writes(controller)) <= cut_at + 10

    async def test_who_wakes_after_a_long_stop_writes_nothing_though_it_has_not_seen_the_lease_yet(self) -> None:
        controller = with_records()
        async with serving(controller):
            await soon(lambda: controller.states() == {"running"})
            renewals = controller.leases.line.count("write_lease")
            await soon(lambda: controller.leases.line.count("write_lease") > renewals)
            before = writes(controller)

            controller.clock.stopped = 60
            controller.records.put(an_item("tempting"))
            with pytest.raises(LostLeadership):
                await controller.serving

            assert writes(controller) == before
            assert controller.line.count("get", "tempting") == 1
            assert controller.leases.line.count("write_lease") == renewals + 1


class TestEpoch:
    async def test_a_status_says_how_often_the_lease_had_been_taken(self) -> None:
        controller = with_records()
        controller.leases.board.put(THEIRS.released(at=THE_BEGINNING))
        async with serving(controller):
            await soon(lambda: controller.states() == {"running"})

        assert {controller.records.status(name, REGION)["epoch"] for name in NAMES} == {6}

    async def test_who_leads_by_a_lease_that_was_made_anew_counts_from_above_all_statuses(self) -> None:
        controller = with_records()
        earlier = {"state": "creating", "cluster": controller.settings.cluster_name, "epoch": 41}
        controller.records.change("a", region_status={REGION: earlier})
        async with serving(controller):
            await soon(lambda: controller.states() == {"running"})

        assert {controller.records.status(name, REGION)["epoch"] for name in NAMES} == {42}
        assert controller.leases.board.lease is not None
        assert controller.leases.board.lease.transitions == 42

    async def test_who_finds_the_status_of_a_later_leader_ends_at_once(self) -> None:
        controller = with_records()
        async with serving(controller):
            await soon(lambda: controller.states() == {"running"})
            before = {**controller.records.items["a"]}
            later = {"state": "running", "cluster": controller.settings.cluster_name, "epoch": 7}

            controller.records.put({**before, "desired_state": "stopped", "region_status": {REGION: later}})
            with pytest.raises(LostLeadership, match="later leader"):
                await controller.serving

        assert controller.records.status("a", REGION) == later

    async def test_no_status_is_written_only_because_another_leads(self) -> None:
        leader = with_records()
        standby = beside(leader)
        async with serving(leader):
            await soon(lambda: leader.states() == {"running"})
            await asyncio.sleep(60)
            async with serving(standby):
                await asyncio.sleep(5)
                leader.stop.set()
                await leader.serving
                await asyncio.sleep(60)

                assert standby.line.count("scan") == 1
                assert writes(standby) == []
