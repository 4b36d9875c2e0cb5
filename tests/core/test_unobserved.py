"""What is reported of an endpoint while the cluster cannot be looked at."""

from typing import Any

import pytest

from gco_stream.core.status import Failure, State
from gco_stream.core.unobserved import unobserved_status
from tests.builders import ELSEWHERE, REGION, SCOPE, a_request, a_status

TROUBLE = Failure(reason="ClusterUnavailable", message="no answer in time")


@pytest.mark.behaviour("B11")
def test_the_counts_are_those_reported_last() -> None:
    last = a_status(replicas_ready=2, replicas_desired=3)

    status = unobserved_status(a_request(region_status={REGION: last}), SCOPE, TROUBLE)

    assert status is not None
    assert (status.state, status.reason, status.error) == (State.ERROR, "ClusterUnavailable", "no answer in time")
    assert (status.replicas_ready, status.replicas_desired, status.published) == (2, 3, True)


@pytest.mark.behaviour("B11")
def test_a_target_that_never_reported_has_no_replicas() -> None:
    status = unobserved_status(a_request(), SCOPE, TROUBLE)

    assert status is not None
    assert (status.replicas_ready, status.replicas_desired, status.published) == (0, 0, False)


@pytest.mark.behaviour("B7")
def test_a_region_that_has_nothing_to_do_with_it_says_nothing() -> None:
    assert unobserved_status(a_request(target_regions=[ELSEWHERE]), SCOPE, TROUBLE) is None


@pytest.mark.parametrize("junk", ["many", None, []], ids=repr)
def test_a_count_that_is_none_is_no_crash(junk: Any) -> None:
    status = unobserved_status(a_request(region_status={REGION: {"replicas_ready": junk}}), SCOPE, TROUBLE)

    assert status is not None
    assert status.replicas_ready == 0
