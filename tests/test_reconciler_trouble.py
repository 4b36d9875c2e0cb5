"""What goes wrong hurts one endpoint alone, and is said when it lasts."""

import logging
from itertools import pairwise

import pytest

from gco_stream.core.models import Kind, ObjectKey
from gco_stream.errors import Conflict, Denied, Refused, Transient
from tests.builders import SCOPE, a_spec, an_item, deployment_of
from tests.builders import an_endpoint as a_checked_endpoint
from tests.fakes.clock import THE_BEGINNING
from tests.fakes.region import Region, a_region, at_work

pytestmark = pytest.mark.looptime

UNREACHABLE = Transient("the API server is unreachable")


async def once_running(region: Region, *names: str) -> None:
    """Bring endpoints up, and forget how."""
    for name in names:
        region.records.put(an_item(name))
    await region.after(10, *names)
    assert [region.state(name) for name in names] == ["running"] * len(names)
    region.forget_calls()


@pytest.mark.behaviour("B11")
async def test_a_bad_record_is_one_status_and_no_further_look() -> None:
    region = a_region()
    region.records.put(an_item(spec=a_spec(port="abc")))

    async with at_work(region):
        await region.after(3600, "llama")

    assert region.line.operations() == ["get", "observe", "write_status"]
    assert region.state() == "error"
    assert region.status()["reason"] == "InvalidRecord"
    assert region.status()["error"].startswith("spec.port is 'abc': must be ")


@pytest.mark.behaviour("B11")
async def test_a_bad_record_leaves_what_runs_alone_and_others_go_on() -> None:
    region = a_region()

    async with at_work(region):
        await once_running(region, "llama")
        region.records.change("llama", spec=a_spec(port="abc"))
        region.records.put(an_item("mistral"))
        await region.after(10, "llama", "mistral")

    assert (region.state("llama"), region.state("mistral")) == ("error", "running")
    assert region.status("llama")["replicas_ready"] == 1
    assert region.cluster.kinds("llama") == {Kind.DEPLOYMENT, Kind.SERVICE, Kind.INGRESS}


@pytest.mark.behaviour("B11")
async def test_a_record_put_right_runs() -> None:
    region = a_region()
    region.records.put(an_item(spec=a_spec(port="abc")))

    async with at_work(region):
        await region.after(10, "llama")
        region.records.change("llama", spec=a_spec(port=9000))
        await region.after(10, "llama")

    assert region.state() == "running"
    assert "error" not in region.status()


@pytest.mark.behaviour("B11")
@pytest.mark.parametrize("operation", ["observe", "apply"])
async def test_trouble_that_passes_within_a_minute_is_not_reported(operation: str) -> None:
    region = a_region()

    async with at_work(region):
        await once_running(region, "llama")
        region.records.change("llama", spec=a_spec(image="acme/server:v2"))
        region.line.fail(operation, UNREACHABLE)
        await region.after(50, "llama")
        assert region.state() == "running"
        assert region.line.count("write_status") == 0

        region.line.mend(operation)
        await region.after(60)

    assert region.state() == "running"
    assert region.cluster.model.objects[ObjectKey(Kind.DEPLOYMENT, "llama")]["metadata"]["generation"] == 2


@pytest.mark.behaviour("B11")
@pytest.mark.parametrize("operation", ["observe", "apply"])
@pytest.mark.parametrize("error", [UNREACHABLE, Denied("a permission is missing")], ids=["unreachable", "denied"])
async def test_trouble_that_lasts_is_an_error_with_the_counts_last_seen_until_it_is_over(
    operation: str, error: Exception
) -> None:
    region = a_region()

    async with at_work(region):
        await once_running(region, "llama")
        region.records.change("llama", spec=a_spec(image="acme/server:v2"))
        region.line.fail(operation, error)
        await region.after(180, "llama")
        assert region.state() == "error"
        assert str(error) in region.status()["error"]
        assert (region.status()["replicas_ready"], region.status()["replicas_desired"]) == (1, 1)
        assert region.line.count("write_status") == 1

        region.line.mend(operation)
        await region.after(90)

    assert region.state() == "running"
    assert "error" not in region.status()


@pytest.mark.behaviour("B11")
async def test_trouble_is_met_with_longer_and_longer_pauses() -> None:
    region = a_region()
    region.records.put(an_item())
    region.line.fail("observe", UNREACHABLE)

    async with at_work(region):
        await region.after(600, "llama")

    times = [call.at for call in region.line.calls if call.operation == "get"]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[:7] == pytest.approx([0.5, 1, 2, 4, 8, 16, 32], rel=0.25)
    assert max(pauses) <= 72


@pytest.mark.behaviour("B11")
async def test_a_pause_that_the_server_asked_for_is_kept() -> None:
    region = a_region()
    region.records.put(an_item())
    region.line.fail_next("observe", Transient("later", retry_after=20.0))

    async with at_work(region):
        await region.after(19, "llama")
        assert region.line.count("get") == 1

        await region.after(5)
        assert region.line.count("get") > 1


@pytest.mark.behaviour("B11")
async def test_a_refused_intent_is_an_error_at_once_with_the_counts_observed_and_no_further_look() -> None:
    region = a_region()

    async with at_work(region):
        await once_running(region, "llama")
        region.records.change("llama", spec=a_spec(image="acme/server:v2"))
        region.line.fail("apply", Refused("spec.x: Invalid value", reason="Invalid"))
        await region.after(3600, "llama")

    assert region.line.operations() == ["get", "observe", "apply", "write_status"]
    assert (region.state(), region.status()["reason"]) == ("error", "Invalid")
    assert (region.status()["replicas_ready"], region.status()["published"]) == (1, True)


@pytest.mark.behaviour("B11")
async def test_a_status_that_the_table_refuses_is_not_written_again_and_again() -> None:
    region = a_region()
    region.records.put(an_item(spec=a_spec(port="abc")))
    region.line.fail("write_status", Refused("item size has exceeded the maximum", reason="ValidationException"))

    async with at_work(region):
        await region.after(3600, "llama")

    assert region.line.count("write_status") == 1


async def test_after_a_conflict_the_record_and_the_cluster_are_read_again_at_once() -> None:
    region = a_region()

    async with at_work(region):
        await once_running(region, "llama")
        region.records.change("llama", spec=a_spec(image="acme/server:v2"))
        region.line.fail_next("apply", Conflict("another uid"))
        await region.after(0.1, "llama")

    assert region.line.operations()[:6] == ["get", "observe", "apply", "get", "observe", "apply"]
    assert region.line.count("apply") == 2


@pytest.mark.behaviour("B10")
async def test_a_start_that_slips_in_before_the_purge_survives() -> None:
    region = a_region()

    async with at_work(region):
        await once_running(region, "llama")
        region.records.change("llama", desired_state="deleted")
        region.line.fail_next("purge", Conflict("changed"))
        await region.look("llama")
        while region.line.count("purge") == 0:
            await region.after(0.01)
        region.records.change("llama", desired_state="deploying")
        await region.after(20, "llama")

    assert region.state() == "running"


@pytest.mark.behaviour("B11")
async def test_a_crash_in_one_pass_hurts_that_endpoint_alone(caplog: pytest.LogCaptureFixture) -> None:
    region = a_region()
    for name in ("llama", "mistral"):
        region.records.put(an_item(name))
    region.line.fail_next("observe", ZeroDivisionError("a bug"))

    async with at_work(region):
        await region.after(0.4, "llama", "mistral")
        crashes = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert [(record.message, record.__dict__["endpoint"]) for record in crashes] == [
            ("pass crashed, will try again", "llama")
        ]
        assert (region.state("llama"), region.state("mistral")) == (None, "creating")

        await region.after(20)

    assert (region.state("llama"), region.state("mistral")) == ("running", "running")


@pytest.mark.behaviour("B11")
async def test_a_pass_that_hangs_is_ended_and_holds_nobody_else_up() -> None:
    region = a_region()
    for name in ("llama", "mistral"):
        region.records.put(an_item(name))
    region.line.cut("observe")

    async with at_work(region):
        await region.after(1, "llama")
        region.line.mend("observe")
        await region.after(10, "mistral")
        assert (region.state("llama"), region.state("mistral")) == (None, "running")

        await region.after(200)

    assert region.state("llama") == "running"


@pytest.mark.behaviour("B13")
@pytest.mark.parametrize("state", ["deploying", "stopped", "deleted"])
async def test_foreign_objects_are_not_touched(state: str) -> None:
    region = a_region()
    region.records.put(an_item(desired_state=state))
    theirs = dict(deployment_of(a_checked_endpoint()))
    theirs["metadata"] = {**theirs["metadata"], "labels": {"app": "llama", "project": "gco"}}
    region.cluster.make(theirs)
    before = dict(region.cluster.model.objects)

    async with at_work(region):
        await region.after(60, "llama")

    after = {key: {**live, "status": None} for key, live in region.cluster.model.objects.items()}
    assert after == {key: {**live, "status": None} for key, live in before.items()}
    assert (region.state(), region.status()["reason"]) == ("error", "ForeignObject")
    assert "Deployment llama" in region.status()["error"]
    assert region.line.count("purge") == 0


async def test_another_clusters_fresh_status_is_not_written_over() -> None:
    region = a_region()
    theirs = {"state": "running", "cluster": "blue", "last_sync": THE_BEGINNING.isoformat()}
    region.records.put(an_item(region_status={SCOPE.region: theirs}))

    async with at_work(region):
        await region.after(60, "llama")
        assert dict(region.status()) == theirs
        assert region.line.count("write_status") == 0

        await region.after(600, "llama")
        await region.after(10, "llama")

    assert region.status()["cluster"] == "gco-us-east-1"


async def test_names_beyond_the_number_of_workers_all_get_their_turn() -> None:
    region = a_region()
    names = [f"e{number}" for number in range(50)]
    for name in names:
        region.records.put(an_item(name))
    region.line.latency = 0.01

    async with at_work(region):
        await region.after(60, *names)

    assert {region.state(name) for name in names} == {"running"}


@pytest.mark.behaviour("B11", "B16")
async def test_a_refused_start_of_an_autoscaled_endpoint_is_no_busy_loop() -> None:
    region = a_region()
    region.records.put(an_item(spec=a_spec(autoscaling={"enabled": True, "min_replicas": 2})))

    async with at_work(region):
        region.line.fail("apply", Refused("spec.x: Invalid value", reason="Invalid"))
        await region.after(600, "llama")

    assert region.state() == "error"
    assert region.line.count("get", "llama") <= 12
