"""The watchdog's clock begins with the first loss, outlives whoever reads it, and ends with the first ready replica."""

from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.status import State
from gco_stream.core.watchdog import Clocks, read_clocks, unready_since
from tests.builders import (
    NOW,
    REGION,
    a_deployment_status,
    a_request,
    a_status,
    an_endpoint,
    an_item,
    at,
    everything_of,
    status_of,
)

BEFORE = NOW - timedelta(minutes=2)


@pytest.mark.behaviour("B28")
@pytest.mark.parametrize(
    ("facts", "since"),
    [
        ({"before": None}, NOW),
        ({"before": BEFORE}, BEFORE),
        ({"before": BEFORE, "ready": 1}, None),
        ({"before": BEFORE, "is_wanted": False}, None),
        ({"before": None, "has_share": False}, None),
        ({"before": BEFORE, "has_share": False}, BEFORE),
    ],
    ids=[
        "begins",
        "goes on",
        "ends with a replica",
        "ends with the wish",
        "needs traffic to begin",
        "but not to go on",
    ],
)
def test_a_clock_goes_while_nobody_is_there_to_answer(facts: dict[str, Any], since: object) -> None:
    seen = {"ready": 0, "is_wanted": True, "has_share": True, **facts}

    assert unready_since(seen.pop("before"), now=NOW, **seen) == since


@pytest.mark.behaviour("B28")
def test_clocks_are_read_from_the_status_of_whoever_wrote_it() -> None:
    status = {"unready_since": at(-120), "canary": {"weight": 10, "unready_since": at(-60)}}

    assert read_clocks(status, now=NOW) == Clocks(primary=BEFORE, canary=NOW - timedelta(minutes=1))


@pytest.mark.parametrize(
    "status", [{}, {"unready_since": 5, "canary": "x"}, {"unready_since": "2026-03-01", "canary": {}}]
)
def test_what_cannot_be_read_is_no_clock(status: dict[str, Any]) -> None:
    assert read_clocks(status, now=NOW) == Clocks()


@pytest.mark.behaviour("B28")
def test_a_clock_comes_from_the_status_before_and_goes_into_the_next_one() -> None:
    lost = everything_of(an_endpoint(), **a_deployment_status(1, ready=0))

    first = status_of(a_request(), lost)
    known = a_status(first.state, replicas_ready=0, unready_since=first.unready_since)
    later = NOW + timedelta(minutes=4)
    second = status_of(a_request(an_item(region_status={REGION: known})), lost, now=later)
    healed = status_of(a_request(an_item(region_status={REGION: known})), everything_of(an_endpoint()), now=later)

    assert first.unready_since == second.unready_since == "2026-03-01T12:00:00.000+00:00"
    assert healed.unready_since is None


@pytest.mark.behaviour("B16", "B28")
@pytest.mark.parametrize("desired_state", ["stopped", "deleted"])
def test_an_endpoint_that_should_not_run_has_no_clock(desired_state: str) -> None:
    known = a_status("updating", unready_since=at(-60))
    request = a_request(an_item(desired_state=desired_state, region_status={REGION: known}))

    status = status_of(request, everything_of(an_endpoint(), **a_deployment_status(1, ready=0)))

    assert status.state in (State.STOPPING, State.DELETING)
    assert status.unready_since is None


@pytest.mark.behaviour("B16", "B28")
def test_no_replicas_by_wish_are_not_unhealthy() -> None:
    none = everything_of(an_endpoint(replicas=0))

    assert status_of(a_request(), none).unready_since is None
