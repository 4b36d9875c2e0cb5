"""One endpoint's life as the reconciler leads it, counted in calls and writes."""

import pytest

from gco_stream.core.models import Kind
from tests.builders import ELSEWHERE, REGION, a_spec, an_item
from tests.fakes.region import Region, a_region, at_work

pytestmark = pytest.mark.looptime

EVERYTHING = {Kind.DEPLOYMENT, Kind.SERVICE, Kind.INGRESS}


def replicas_of(region: Region, name: str = "llama") -> int:
    """What the Deployment asks for now."""
    deployment = region.cluster.model.observe(an_item(name)["endpoint_name"]).deployment(an_item(name)["endpoint_name"])
    assert deployment is not None
    replicas: int = deployment["spec"]["replicas"]
    return replicas


async def test_a_whole_life() -> None:
    region = a_region()
    region.records.put(an_item(spec=a_spec(replicas=2)))

    async with at_work(region):
        await region.after(0.05, "llama")
        assert (region.state(), region.status()["replicas_ready"]) == ("creating", 0)
        assert region.cluster.kinds("llama") == {Kind.DEPLOYMENT, Kind.SERVICE}
        assert region.writes() == ["apply", "apply", "write_status"]

        await region.after(10)
        assert (region.state(), region.status()["replicas_ready"]) == ("running", 2)
        assert region.cluster.kinds("llama") == EVERYTHING
        assert region.records.items["llama"]["desired_state"] == "running"

        region.records.change("llama", desired_state="stopped")
        await region.after(10, "llama")
        assert region.state() == "stopped"
        assert region.cluster.kinds("llama") == {Kind.DEPLOYMENT, Kind.SERVICE}
        assert replicas_of(region) == 0

        region.records.change("llama", desired_state="running")
        await region.after(10, "llama")
        assert (region.state(), region.status()["replicas_ready"]) == ("running", 2)
        assert region.cluster.kinds("llama") == EVERYTHING

        region.records.change("llama", desired_state="deleted")
        await region.after(10, "llama")
        assert region.cluster.kinds("llama") == set()
        assert "llama" not in region.records.items


@pytest.mark.behaviour("B15")
async def test_a_state_is_reported_once_however_often_it_is_seen() -> None:
    region = a_region()
    region.records.put(an_item())

    async with at_work(region, nature_every=30):
        await region.after(100, "llama")

    assert region.state() == "running"
    assert region.line.count("write_status") == 2
    assert region.line.count("promote") == 1
    assert region.line.count("apply") == 3


async def test_a_converged_endpoint_costs_two_questions_a_look_and_no_write() -> None:
    region = a_region()
    region.records.put(an_item())

    async with at_work(region):
        await region.after(20, "llama")
        region.forget_calls()
        for _ in range(10):
            await region.after(1, "llama")
        await region.after(600)

    assert region.writes() == []
    assert region.line.operations() == ["get", "observe"] * 10


@pytest.mark.parametrize("state", ["stopped", "deleted"])
async def test_a_stopped_or_untargeted_endpoint_that_never_was_makes_nothing(state: str) -> None:
    region = a_region()
    regions = [REGION] if state == "stopped" else [ELSEWHERE]
    region.records.put(an_item(desired_state=state, target_regions=regions))

    async with at_work(region):
        await region.after(60, "llama")

    assert region.line.count("apply") == region.line.count("delete") == 0
    assert region.writes() == (["write_status"] if state == "stopped" else [])


@pytest.mark.behaviour("B7")
async def test_a_region_that_is_no_longer_a_target_gives_everything_up_and_says_so() -> None:
    region = a_region()
    region.records.put(an_item())

    async with at_work(region):
        await region.after(10, "llama")
        region.records.change("llama", target_regions=[ELSEWHERE])
        await region.after(10, "llama")

    assert region.cluster.kinds("llama") == set()
    assert region.state() == "deleted"
    assert "llama" in region.records.items


@pytest.mark.behaviour("B14")
async def test_one_changed_field_is_one_apply_of_one_object() -> None:
    region = a_region()
    region.records.put(an_item())

    async with at_work(region):
        await region.after(10, "llama")
        region.forget_calls()
        region.records.change("llama", spec=a_spec(image="acme/server:v2"))
        await region.after(10, "llama")

    assert [call.about for call in region.line.calls if call.operation == "apply"] == ["Deployment llama"]
    assert region.state() == "running"


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize("kind", sorted(EVERYTHING), ids=str)
async def test_what_somebody_deleted_is_made_again_at_the_next_look(kind: Kind) -> None:
    region = a_region()
    region.records.put(an_item())

    async with at_work(region):
        await region.after(10, "llama")
        region.cluster.model.objects = {k: v for k, v in region.cluster.model.objects.items() if k.kind is not kind}
        await region.after(10, "llama")

    assert region.cluster.kinds("llama") == EVERYTHING
    assert region.state() == "running"


@pytest.mark.behaviour("B27")
@pytest.mark.parametrize("after", [0.0, 0.05, 0.5, 1.05])
async def test_a_start_in_the_middle_of_a_teardown_builds_it_again(after: float) -> None:
    region = a_region()
    region.records.put(an_item())

    async with at_work(region):
        await region.after(10, "llama")
        region.records.change("llama", desired_state="deleted", target_regions=[REGION, ELSEWHERE])
        await region.after(after, "llama")
        region.records.change("llama", desired_state="deploying", target_regions=[REGION])
        await region.after(20, "llama")

    assert region.cluster.kinds("llama") == EVERYTHING
    assert region.state() == "running"
    assert region.records.items["llama"]["desired_state"] == "running"


@pytest.mark.behaviour("B25")
@pytest.mark.parametrize("every", [0.0, 0.03, 0.4, 1.3])
async def test_stop_and_start_in_quick_succession_converges(every: float) -> None:
    region = a_region()
    region.records.put(an_item(spec=a_spec(replicas=3)))

    async with at_work(region):
        for state in ("stopped", "running", "stopped", "running", "stopped", "running"):
            region.records.change("llama", desired_state=state)
            await region.after(every, "llama")
        await region.after(20)

    assert region.cluster.kinds("llama") == EVERYTHING
    assert (region.state(), replicas_of(region)) == ("running", 3)


@pytest.mark.behaviour("B12")
async def test_a_record_that_neither_the_stream_nor_a_scan_has_told_to_be_gone_touches_nothing() -> None:
    region = a_region()
    region.records.put(an_item())

    async with at_work(region):
        await region.after(10, "llama")
        region.records.remove("llama")
        region.forget_calls()
        await region.after(60, "llama")

    assert region.cluster.kinds("llama") == EVERYTHING
    assert region.writes() == []


@pytest.mark.behaviour("B9")
async def test_an_endpoint_is_promoted_once_every_region_runs_it() -> None:
    here = a_region(REGION)
    there = a_region(ELSEWHERE, records=here.records)
    here.records.put(an_item(target_regions=[REGION, ELSEWHERE]))

    async with at_work(here), at_work(there, nature_every=15):
        await here.look("llama")
        await there.look("llama")
        await here.after(10)
        assert (here.state(), there.state()) == ("running", "creating")
        assert here.records.items["llama"]["desired_state"] == "deploying"

        await here.after(20)
        assert there.state() == "running"
        assert here.records.items["llama"]["desired_state"] == "running"

    assert here.line.count("promote") + there.line.count("promote") == 1


@pytest.mark.behaviour("B9")
async def test_promotion_leaves_the_time_of_the_last_change_alone() -> None:
    region = a_region()
    item = an_item()
    region.records.put(item)

    async with at_work(region):
        await region.after(10, "llama")

    assert region.records.items["llama"]["desired_state"] == "running"
    assert region.records.items["llama"]["updated_at"] == item["updated_at"]


@pytest.mark.behaviour("B10")
async def test_a_record_is_purged_only_once_the_last_region_has_let_go() -> None:
    here = a_region(REGION)
    there = a_region(ELSEWHERE, records=here.records)
    here.records.put(an_item(target_regions=[REGION, ELSEWHERE]))

    async with at_work(here, there):
        await here.look("llama")
        await there.after(20, "llama")
        here.records.change("llama", desired_state="deleted")
        await here.after(20, "llama")
        assert here.state() == "deleted"
        assert here.records.items["llama"]["desired_state"] == "deleted"

        await there.after(20, "llama")

    assert "llama" not in here.records.items
    assert here.line.count("purge") + there.line.count("purge") == 1
