"""docs/publication.md, walked: each row of its table leads where it says, and nothing leads anywhere else."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gco_stream.core.publication import (
    CANARY_UNAVAILABLE,
    LOAD_BALANCER_FULL,
    WITHDRAWN,
    Publication,
    Side,
    Situation,
    decide_publication,
)
from gco_stream.core.route import Phase, Route
from tests.builders import NOW
from tests.core.publication_facts import DRAIN, MOMENT, UNHEALTHY_AFTER, WARMUP, ago, all_decisions

PAGE = (Path(__file__).parents[2] / "docs" / "publication.md").read_text()

ALONE, STANDING_IN = Route(), Route(primary=None, canary=100)
WARMING, WARM = (Route(primary=100, canary=0, warming_since=ago(since)) for since in (WARMUP - MOMENT, WARMUP))
SPLIT = Route(primary=90, canary=10)
DRAINING, DRAINED = (Route(primary=100, canary=0, draining_since=ago(since)) for since in (DRAIN - MOMENT, DRAIN))
CARRIED = Route(primary=0, canary=100)
BACK = replace(CARRIED, warming_since=ago(WARMUP))

READY, COMPLETE = Side(ready=1, is_reachable=True), Side(ready=1, is_complete=True, is_reachable=True)
LOST = Side(is_reachable=True, unready_since=ago(UNHEALTHY_AFTER - MOMENT))
OVERDUE = Side(is_reachable=True, unready_since=ago(UNHEALTHY_AFTER))
NOBODY = Side(is_reachable=True)


def a_situation(live: Route | None, *, primary: Side = READY, canary: Side = NOBODY, **facts: Any) -> Situation:
    """An endpoint of one replica that is ready, without a canary, on a load balancer with room."""
    plain: dict[str, Any] = {"replicas": 1, "weight": None, "room": 9, "now": NOW}
    times = {"unhealthy_after": UNHEALTHY_AFTER, "warmup": WARMUP, "drain": DRAIN}
    return Situation(live=live, primary=primary, canary=canary, **{**plain, **times, **facts})


def decided(live: Route | None, **facts: Any) -> Publication:
    return decide_publication(a_situation(live, **facts))


def phase_of(publication: Publication) -> Phase:
    return Phase.UNPUBLISHED if publication.route is None else publication.route.phase


Edge = tuple[str, str]
LEFT_OVER: dict[str, Any] = {"canary": READY, "is_promoted": True}

STORIES: dict[Edge, Situation] = {
    ("unpublished", "alone"): a_situation(None),
    ("unpublished", "warming"): a_situation(None, canary=READY, weight=10),
    ("unpublished", "standing-in"): a_situation(None, primary=NOBODY, **LEFT_OVER),
    ("alone", "unpublished"): a_situation(ALONE, primary=OVERDUE),
    ("alone", "warming"): a_situation(ALONE, canary=READY, weight=10),
    ("alone", "carried"): a_situation(ALONE, primary=LOST, **LEFT_OVER),
    ("alone", "standing-in"): a_situation(ALONE, primary=LOST, room=1, **LEFT_OVER),
    ("warming", "unpublished"): a_situation(WARMING, primary=OVERDUE, canary=READY, weight=10),
    ("warming", "alone"): a_situation(WARMING, canary=NOBODY, weight=10),
    ("warming", "split"): a_situation(WARM, canary=READY, weight=10),
    ("warming", "carried"): a_situation(WARMING, primary=LOST, **LEFT_OVER),
    ("warming", "standing-in"): a_situation(WARMING, primary=OVERDUE, **LEFT_OVER),
    ("split", "unpublished"): a_situation(SPLIT, primary=OVERDUE, canary=READY, weight=10),
    ("split", "alone"): a_situation(SPLIT, canary=OVERDUE, weight=10),
    ("split", "draining"): a_situation(SPLIT, canary=READY),
    ("split", "carried"): a_situation(SPLIT, primary=LOST, **LEFT_OVER),
    ("split", "standing-in"): a_situation(SPLIT, primary=OVERDUE, **LEFT_OVER),
    ("draining", "unpublished"): a_situation(DRAINING, primary=OVERDUE, canary=READY),
    ("draining", "alone"): a_situation(DRAINED, canary=READY),
    ("draining", "split"): a_situation(DRAINING, canary=READY, weight=10),
    ("draining", "carried"): a_situation(DRAINING, primary=LOST, **LEFT_OVER),
    ("draining", "standing-in"): a_situation(DRAINING, primary=OVERDUE, **LEFT_OVER),
    ("carried", "unpublished"): a_situation(CARRIED, primary=OVERDUE, is_promoted=True),
    ("carried", "alone"): a_situation(CARRIED, is_promoted=True),
    ("carried", "draining"): a_situation(BACK, primary=COMPLETE, **LEFT_OVER),
    ("carried", "split"): a_situation(BACK, primary=COMPLETE, canary=READY, weight=10),
    ("carried", "standing-in"): a_situation(CARRIED, primary=OVERDUE, **LEFT_OVER),
    ("standing-in", "unpublished"): a_situation(STANDING_IN, primary=OVERDUE, is_promoted=True),
    ("standing-in", "alone"): a_situation(STANDING_IN, primary=COMPLETE, room=1, **LEFT_OVER),
    ("standing-in", "carried"): a_situation(STANDING_IN, **LEFT_OVER),
}


def edges() -> list[Edge]:
    (section,) = re.findall(r"^## What leads from one to another\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    return re.findall(r"^\| `([a-z-]+)` \| `([a-z-]+)` \|", section, re.MULTILINE)


@pytest.mark.behaviour("B19", "B20", "B21", "B28")
@pytest.mark.parametrize("edge", edges(), ids=" to ".join)
def test_every_row_of_the_table_leads_where_it_says(edge: Edge) -> None:
    seen = STORIES[edge]

    assert (seen.phase, phase_of(decide_publication(seen))) == edge


def test_nothing_happens_that_is_not_in_the_table_and_everything_there_happens() -> None:
    steps = {(str(decision.seen.phase), str(decision.phase)) for decision in all_decisions()}

    assert {(before, after) for before, after in steps if before != after} == set(edges()) == STORIES.keys()
    assert len(edges()) == len(set(edges()))


def test_every_phase_stands_on_the_page_with_its_target_groups() -> None:
    (section,) = re.findall(r"^## Phases\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    groups = dict(re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| (\w+) \|", section, re.MULTILINE))
    routes = (ALONE, WARMING, SPLIT, DRAINING, CARRIED, STANDING_IN)

    assert groups == {"unpublished": "none"} | {str(route.phase): str(route.target_groups) for route in routes}


@pytest.mark.behaviour("B19")
@pytest.mark.parametrize(
    ("facts", "why", "reason"),
    [
        ({"primary": NOBODY}, "no replica is ready", None),
        ({"primary": LOST}, "no replica is ready", WITHDRAWN),
        ({"primary": Side(ready=1)}, "its Service is going", None),
        ({"room": 0}, "no room on the load balancer", LOAD_BALANCER_FULL),
        ({"replicas": 0}, "no replica is wanted", None),
    ],
)
def test_what_is_not_published_says_why(facts: dict[str, Any], why: str, reason: str | None) -> None:
    publication = decided(None, **facts)

    assert publication == Publication(route=None, why=why, reason=reason)


@pytest.mark.behaviour("B19")
@pytest.mark.parametrize(("room", "is_on"), [(None, True), (2, True), (1, True), (0, False), (-3, False)])
def test_the_load_balancer_takes_no_more_than_it_has_room_for(room: int | None, is_on: bool) -> None:
    assert decided(None, room=room).is_on is is_on
    assert decided(ALONE, room=room).is_on


@pytest.mark.behaviour("B19", "B20")
def test_a_canary_without_room_leaves_all_to_its_endpoint_and_says_so() -> None:
    for live in (None, ALONE):
        publication = decided(live, canary=READY, weight=10, room=1)

        assert publication == Publication(route=Route(), reason=LOAD_BALANCER_FULL)


@pytest.mark.behaviour("B20")
def test_a_canary_is_warmed_from_its_first_ready_replica_for_as_long_as_that_takes() -> None:
    begun = decided(ALONE, canary=READY, weight=10)

    assert begun.route == Route(primary=100, canary=0, warming_since=NOW)
    assert begun.due == NOW + WARMUP
    for until_over, route in ((MOMENT, begun.route), (timedelta(0), Route(primary=90, canary=10))):
        assert decided(begun.route, canary=READY, weight=10, now=NOW + WARMUP - until_over).route == route


@pytest.mark.behaviour("B20")
@pytest.mark.parametrize("weight", [1, 10, 99])
def test_the_record_gives_the_share_and_a_change_of_it_needs_no_warming(weight: int) -> None:
    assert decided(SPLIT, canary=READY, weight=weight).route == Route(primary=100 - weight, canary=weight)


@pytest.mark.behaviour("B20", "B28")
def test_a_canary_whose_replicas_are_lost_keeps_its_share_up_to_the_threshold() -> None:
    waiting = decided(SPLIT, canary=LOST, weight=10)
    over = decided(SPLIT, canary=OVERDUE, weight=10)

    assert (waiting.route, waiting.due) == (SPLIT, NOW + MOMENT)
    assert over == Publication(route=Route(), reason=CANARY_UNAVAILABLE)


@pytest.mark.behaviour("B28", "B29")
def test_an_endpoint_whose_replicas_are_lost_is_withdrawn_at_the_threshold_with_the_time_it_took() -> None:
    begun = decided(ALONE, primary=NOBODY)
    waiting = decided(ALONE, primary=LOST)
    over = decided(ALONE, primary=OVERDUE)

    assert (begun.route, begun.due) == (ALONE, NOW + UNHEALTHY_AFTER)
    assert (waiting.route, waiting.due) == (ALONE, NOW + MOMENT)
    assert over == Publication(route=None, why="no ready replica for 300 s", reason=WITHDRAWN)


@pytest.mark.behaviour("B21")
def test_a_rollback_takes_the_traffic_first_and_the_canary_when_it_has_drained() -> None:
    begun = decided(SPLIT, canary=READY)
    over = decided(begun.route, canary=READY, now=NOW + DRAIN)

    assert begun.route == Route(primary=100, canary=0, draining_since=NOW)
    assert (begun.due, begun.keeps_canary) == (NOW + DRAIN, True)
    assert over == Publication(route=Route())


@pytest.mark.behaviour("B21")
def test_a_promotion_in_place_hands_over_and_back_without_a_moment_in_which_nobody_serves() -> None:
    route: Route | None = SPLIT
    phases = []
    for primary, later in (
        (READY, timedelta(0)),
        (NOBODY, timedelta(0)),
        (READY, timedelta(0)),
        (COMPLETE, timedelta(0)),
        (COMPLETE, WARMUP),
        (COMPLETE, WARMUP + DRAIN),
    ):
        publication = decided(route, primary=primary, now=NOW + later, **LEFT_OVER)
        route = publication.route
        phases.append((str(phase_of(publication)), publication.keeps_canary))

    assert phases == [
        ("split", True),
        ("carried", True),
        ("carried", True),
        ("carried", True),
        ("draining", True),
        ("alone", False),
    ]


@pytest.mark.behaviour("B21")
@pytest.mark.parametrize("live", [CARRIED, BACK])
def test_an_endpoint_that_is_not_complete_any_more_is_given_the_time_to_be_registered_anew(live: Route) -> None:
    publication = decided(live, primary=READY, **LEFT_OVER)

    assert (publication.route, publication.due) == (CARRIED, None)


@pytest.mark.behaviour("B20", "B21")
@pytest.mark.parametrize("live", [CARRIED, STANDING_IN])
def test_a_new_canary_waits_until_the_promoted_one_is_not_needed_any_more(live: Route) -> None:
    for primary in (LOST, COMPLETE):
        for canary in (READY, NOBODY):
            with_new = decided(live, primary=primary, canary=canary, weight=10)

            without = decided(live, primary=primary, canary=canary)
            assert with_new.route == without.route


@pytest.mark.behaviour("B21")
def test_a_promoted_canary_that_serves_in_its_endpoints_place_goes_on_when_the_record_changes_its_image() -> None:
    for live in (CARRIED, STANDING_IN):
        publication = decided(live, primary=LOST, canary=READY, is_promoted=False)

        assert publication.route == live
        assert publication.keeps_canary


@pytest.mark.behaviour("B21")
@pytest.mark.parametrize("live", [WARMING, SPLIT, DRAINING])
def test_two_services_stand_in_an_ingress_only_while_neither_is_going(live: Route) -> None:
    going = Side(ready=1)

    assert decided(live, primary=going, canary=READY, weight=10).route == Route()
    assert decided(live, primary=going, canary=READY).route == Route()
    assert decided(live, primary=READY, canary=going, weight=10).route == Route()
    assert decided(live, primary=going, **LEFT_OVER).route == STANDING_IN
