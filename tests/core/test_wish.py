from typing import Any

import pytest

from gco_stream.core.models import EndpointName
from gco_stream.core.wish import Gone, Remove, Run, Stop, Unclear, read_request
from tests.builders import ELSEWHERE, NAME, REGION, SCOPE, a_request, a_status, an_endpoint, an_item

BROKEN = {"image": "", "port": "abc"}


@pytest.mark.behaviour("B8")
@pytest.mark.parametrize("state", ["deploying", "running"])
def test_deploying_and_running_both_mean_to_run(state: str) -> None:
    assert a_request(desired_state=state).wish == Run(an_endpoint())


@pytest.mark.behaviour("B7")
@pytest.mark.parametrize("state", ["deploying", "running", "stopped", "deleted"])
def test_nothing_is_kept_where_the_region_is_no_target(state: str) -> None:
    assert a_request(desired_state=state, target_regions=[ELSEWHERE]).wish == Remove()


@pytest.mark.behaviour("B7")
def test_regions_match_exactly() -> None:
    for other in ("us-east-10", "us-east", "US-EAST-1", " us-east-1"):
        assert a_request(target_regions=[other]).wish == Remove()


@pytest.mark.behaviour("B8")
@pytest.mark.parametrize(
    ("state", "regions", "wish"),
    [("stopped", [REGION], Stop()), ("deleted", [REGION], Remove()), ("running", [ELSEWHERE], Remove())],
)
def test_a_broken_spec_never_keeps_gpus_running(state: str, regions: list[str], wish: object) -> None:
    request = a_request(desired_state=state, target_regions=regions, spec=BROKEN, namespace="other", labels="none")

    assert request.wish == wish


@pytest.mark.behaviour("B8")
def test_a_broken_spec_of_an_endpoint_that_should_run_is_unclear() -> None:
    wish = a_request(spec=BROKEN).wish

    assert isinstance(wish, Unclear)
    assert [problem.field for problem in wish.problems] == ["spec.image", "spec.port"]


@pytest.mark.behaviour("B8")
def test_an_unknown_state_is_unclear_and_never_a_deletion() -> None:
    request = a_request(desired_state="delete")

    assert isinstance(request.wish, Unclear)
    assert request.record is None


@pytest.mark.behaviour("B8")
def test_missing_target_regions_are_unclear_and_never_a_deletion() -> None:
    nothing: tuple[Any, ...] = (..., [], None)
    for regions in nothing:
        assert isinstance(a_request(target_regions=regions).wish, Unclear)


def test_a_record_that_is_gone_asks_for_nothing() -> None:
    request = read_request(EndpointName(NAME), None, SCOPE)

    assert request.wish == Gone()
    assert request.region_status == {}


def test_statuses_can_be_read_where_the_record_cannot() -> None:
    statuses = {REGION: a_status()}

    request = a_request(an_item(desired_state="?", region_status=statuses))

    assert request.region_status == statuses
    assert a_request(region_status="none").region_status == {}


@pytest.mark.behaviour("B22")
def test_a_root_path_that_makes_a_health_path_nobody_can_ask_for_is_unclear() -> None:
    item = an_item(spec={"image": "vllm/vllm-openai:v1", "args": ["--root-path", "/a b"]})

    wish = read_request(EndpointName(NAME), item, SCOPE).wish

    assert isinstance(wish, Unclear)
    assert str(wish.problems[0]).startswith("spec.args (--root-path) is '/a b/health': must make a health path")


@pytest.mark.parametrize(
    ("regions", "status", "concerned"),
    [([REGION], {}, True), ([ELSEWHERE], {}, False), ([ELSEWHERE], {REGION: {}}, True), ("nonsense", {}, True)],
)
def test_a_record_concerns_its_targets_and_where_it_was(regions: Any, status: Any, concerned: bool) -> None:
    item = an_item(target_regions=regions, region_status=status)

    assert read_request(EndpointName(NAME), item, SCOPE).concerns(REGION) is concerned
