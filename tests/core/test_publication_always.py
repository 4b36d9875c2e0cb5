"""What holds of every decision about an Ingress, in all combinations of facts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gco_stream.core.publication import LOAD_BALANCER_FULL, decide_publication
from gco_stream.core.route import Phase, Route
from tests.builders import NOW
from tests.core.publication_facts import MOMENT, Decision, afterwards, all_decisions, decisions_where

AGES = [timedelta(seconds=seconds) for seconds in (1, 19, 20, 21, 39, 40, 41, 60, 299, 300, 301, 3600, 86400)]


def has_share(decision: Decision) -> tuple[bool, bool]:
    route = decision.made.route or Route(primary=None)
    return bool(route.primary), bool(route.canary)


def leads_to(decision: Decision) -> tuple[bool, bool]:
    route = decision.made.route or Route(primary=None)
    return route.primary is not None, route.canary is not None


@pytest.mark.behaviour("B20")
def test_weights_are_whole_and_make_a_hundred_together() -> None:
    for decision in all_decisions():
        if decision.made.route is not None:
            weights = [w for w in (decision.made.route.primary, decision.made.route.canary) if w is not None]

            assert sum(weights) == 100, decision
            assert {type(weight) for weight in weights} == {int}, decision


@pytest.mark.behaviour("B20", "B21")
def test_two_services_stand_in_an_ingress_only_while_both_are_there_to_stay() -> None:
    for decision in decisions_where(lambda seen: not seen.primary.is_reachable):
        assert leads_to(decision) != (True, True), decision
    for decision in decisions_where(lambda seen: not seen.canary.is_reachable):
        assert not leads_to(decision)[1], decision


@pytest.mark.behaviour("B19")
def test_nothing_is_published_whose_service_is_going() -> None:
    for decision in decisions_where(lambda seen: seen.live is None and not seen.primary.is_reachable):
        assert not leads_to(decision)[0], decision


@pytest.mark.behaviour("B21")
def test_a_canary_that_the_ingress_leads_to_is_kept() -> None:
    for decision in decisions_where(lambda seen: seen.weight is None):
        assert decision.made.keeps_canary or not leads_to(decision)[1], decision


@pytest.mark.behaviour("B21")
def test_a_canary_that_is_left_over_is_kept_as_long_as_it_is_led_to_or_needed_and_no_longer() -> None:
    for decision in decisions_where(lambda seen: seen.weight is None and seen.replicas):
        is_needed = decision.seen.canary_succeeds and not decision.seen.primary.is_complete

        assert decision.made.keeps_canary is (is_needed or leads_to(decision)[1]), decision


@pytest.mark.behaviour("B21")
def test_an_endpoint_without_a_target_group_gets_traffic_back_only_when_it_had_time_to_be_registered() -> None:
    for decision in decisions_where(
        lambda seen: (
            seen.replicas
            and seen.phase is Phase.STANDING_IN
            and seen.canary_carries
            and seen.primary.is_reachable
            and seen.fits(2)
        )
    ):
        assert not has_share(decision)[0], decision


@pytest.mark.behaviour("B21")
def test_a_canary_never_serves_alone_unless_it_succeeds() -> None:
    for decision in decisions_where(lambda seen: not seen.canary_succeeds):
        assert decision.made.route is None or has_share(decision)[0], decision


@pytest.mark.behaviour("B20")
def test_a_canary_gets_its_first_share_only_after_it_was_warmed() -> None:
    for decision in decisions_where(lambda seen: seen.phase in (Phase.UNPUBLISHED, Phase.ALONE)):
        assert decision.seen.canary_succeeds or not has_share(decision)[1], decision


@pytest.mark.behaviour("B20")
def test_no_canary_gets_a_share_while_none_of_its_replicas_has_been_ready() -> None:
    for decision in decisions_where(lambda seen: not seen.canary.ready and seen.phase is not Phase.SPLIT):
        assert not has_share(decision)[1], decision


@pytest.mark.behaviour("B21")
def test_while_a_promoted_canary_is_left_whoever_is_ready_has_traffic() -> None:
    for decision in decisions_where(lambda seen: seen.replicas and seen.canary_succeeds and seen.live is not None):
        primary, canary = has_share(decision)
        is_somebody_ready = decision.seen.primary.ready > 0 or decision.seen.canary_carries
        is_ready_served = (primary and decision.seen.primary.ready > 0) or (canary and decision.seen.canary.ready > 0)

        assert is_ready_served or not is_somebody_ready, decision
        assert not (primary and decision.seen.primary.ready == 0 and decision.seen.canary_carries), decision


@pytest.mark.behaviour("B21")
def test_the_weights_of_a_promotion_stay_while_the_endpoint_has_a_ready_replica_and_is_not_complete() -> None:
    for decision in decisions_where(
        lambda seen: (
            seen.replicas
            and seen.phase is Phase.SPLIT
            and seen.canary_carries
            and seen.primary.is_reachable
            and seen.primary.ready
            and not seen.primary.is_complete
        )
    ):
        assert decision.made.route == decision.seen.live, decision


@pytest.mark.behaviour("B28", "B29")
def test_an_endpoint_that_no_canary_carries_is_withdrawn_exactly_from_the_threshold_on() -> None:
    for decision in decisions_where(
        lambda seen: seen.replicas and seen.live is not None and not seen.primary.ready and not seen.canary_carries
    ):
        since = decision.seen.primary.unready_since
        is_over = since is not None and since + decision.seen.unhealthy_after <= NOW

        assert decision.made.is_on is not is_over, decision


@pytest.mark.behaviour("B28")
def test_the_share_of_a_canary_that_is_lost_goes_exactly_from_the_threshold_on() -> None:
    for decision in decisions_where(
        lambda seen: (
            seen.replicas
            and seen.phase is Phase.SPLIT
            and seen.weight
            and seen.primary.ready
            and seen.primary.is_reachable
            and seen.canary.is_reachable
            and not seen.canary.ready
            and not seen.canary.is_complete
        )
    ):
        since = decision.seen.canary.unready_since
        is_over = since is not None and since + decision.seen.unhealthy_after <= NOW

        assert has_share(decision)[1] is not is_over, decision


@pytest.mark.behaviour("B19", "B28")
def test_an_endpoint_with_a_ready_replica_is_never_unpublished_unless_none_is_wanted() -> None:
    for decision in decisions_where(lambda seen: seen.primary.ready and seen.live is not None):
        assert decision.made.is_on is (decision.seen.replicas > 0), decision


@pytest.mark.behaviour("B16", "B19")
def test_where_no_replica_is_wanted_nothing_is_published() -> None:
    for decision in decisions_where(lambda seen: seen.replicas == 0):
        assert not decision.made.is_on, decision


@pytest.mark.behaviour("B19")
def test_no_target_group_is_taken_that_there_is_no_room_for() -> None:
    for decision in decisions_where(lambda seen: seen.room is not None):
        there = 0 if decision.seen.live is None else decision.seen.live.target_groups
        wanted = 0 if decision.made.route is None else decision.made.route.target_groups

        assert wanted <= max(there, decision.seen.room or 0), decision


@pytest.mark.behaviour("B19")
def test_a_full_load_balancer_takes_nothing_away_from_who_is_on_it() -> None:
    for decision in decisions_where(lambda seen: seen.room == 0 and seen.live is not None):
        there = 0 if decision.seen.live is None else decision.seen.live.target_groups
        with_room = decide_publication(replace(decision.seen, room=None))
        wanted = 0 if with_room.route is None else with_room.route.target_groups

        assert decision.made == with_room or wanted > there, decision


@pytest.mark.behaviour("B19")
def test_an_endpoint_is_full_up_only_where_there_is_too_little_room() -> None:
    full = [decision for decision in all_decisions() if decision.made.reason == LOAD_BALANCER_FULL]

    assert full
    assert {decision.seen.room for decision in full} == {0, 1}


def test_deciding_again_at_once_changes_nothing() -> None:
    for decision in all_decisions():
        again = afterwards(decision).made

        assert (again.route, again.reason, again.due) == (
            decision.made.route,
            decision.made.reason,
            decision.made.due,
        ), decision


@pytest.mark.behaviour("B29")
def test_what_time_alone_changes_is_due_at_that_very_moment_and_nothing_is_due_otherwise() -> None:
    for decision in all_decisions():
        due = decision.made.due
        assert due is None or due > NOW, decision
        if due is not None:
            before, at = (afterwards(decision, now=time).made.route for time in (due - MOMENT, due))
            assert before == decision.made.route != at, decision


@pytest.mark.behaviour("B29")
def test_nothing_changes_with_time_before_it_is_due() -> None:
    for decision in all_decisions()[::7]:
        due = decision.made.due
        for age in AGES:
            if due is None or NOW + age < due:
                assert afterwards(decision, now=NOW + age).made.route == decision.made.route, (decision, age)
