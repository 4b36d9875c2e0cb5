from dataclasses import replace
from datetime import timedelta

import pytest

from gco_stream.core.deadlines import deadlines_told
from gco_stream.core.publication import Publication
from gco_stream.core.route import Route
from tests.builders import NOW
from tests.core.situations import running, unready_and_published, updating, withdrawn

pytestmark = pytest.mark.behaviour("B50")


def test_where_no_clock_is_going_nothing_is_told() -> None:
    assert deadlines_told(running()) == ()


def test_the_watchdog_says_since_when_and_until_when() -> None:
    (line,) = deadlines_told(unready_and_published())

    since, until = "since 11:58:00 UTC, 2 min ago", "at 12:03:00 UTC, in 3 min"
    assert line == f"watchdog: llama has had no ready replica {since}; taken off the load balancer {until}"
    assert deadlines_told(withdrawn())[0].endswith("off the load balancer until one is ready")


def test_a_rollout_says_until_when_it_may_take() -> None:
    assert deadlines_told(updating()) == (
        "rollout: llama counts as failed at 12:29:00 UTC, in 29 min, unless another replica becomes ready before",
    )


@pytest.mark.parametrize(
    ("route", "said"),
    [
        (Route(primary=100, canary=0, warming_since=NOW), "get their share"),
        (Route(primary=100, canary=0, draining_since=NOW), "finish its last requests"),
        (Route(primary=0, canary=100, warming_since=NOW), "get the traffic back"),
    ],
)
def test_traffic_says_when_its_next_step_is_due(route: Route, said: str) -> None:
    found = running()
    due = Publication(route=route, due=NOW + timedelta(seconds=20))

    (line,) = deadlines_told(replace(found, plan=replace(found.plan, publication=due)))

    assert line.startswith("traffic: at 12:00:20 UTC, in 20 s ")
    assert said in line
