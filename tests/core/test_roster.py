import json
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from gco_stream.core.models import EndpointName
from gco_stream.core.roster import Roster
from tests.builders import ELSEWHERE, NAME, REGION, a_status, an_item

pytestmark = pytest.mark.behaviour("B39")


def with_status(name: str = NAME, region: str = REGION, **status: Any) -> dict[str, Any]:
    return an_item(name, region_status={region: a_status(**status)})


def test_endpoints_are_counted_by_state_and_by_what_keeps_them_from_serving() -> None:
    roster = Roster()
    roster.note(EndpointName("a"), {"state": "running"})
    roster.note(EndpointName("b"), {"state": "updating", "reason": "Withdrawn"})
    roster.note(EndpointName("c"), {"state": "running", "reason": "Held"})
    roster.note(EndpointName("d"), {"state": "running", "reason": "LoadBalancerFull"})

    assert roster.states() == {"running": 3, "updating": 1}
    assert (roster.withdrawn(), roster.held(), roster.without_room()) == (1, 1, 1)


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def test_an_endpoint_is_held_since_it_was_first_said_to_be_whatever_else_is_said_of_it() -> None:
    roster, held = Roster(), {"state": "running", "reason": "Held"}
    roster.note(EndpointName("later"), held, now=at(200))
    roster.note(NAME, {"state": "running"}, now=at(50))
    roster.note(NAME, held, now=at(100))

    roster.note(NAME, held | {"state": "updating"}, now=at(300))

    assert roster.held_since() == 100
    roster.note(NAME, {"state": "running"}, now=at(400))
    assert roster.held_since() == 200


def test_a_new_leader_reads_since_when_endpoints_are_held_from_their_records() -> None:
    roster = Roster()

    roster.introduce(with_status(reason="Held", last_sync="1970-01-01T00:02:00+00:00"), REGION)
    roster.note(NAME, {"state": "running", "reason": "Held"}, now=at(500))

    assert roster.held_since() == 120


def test_what_nobody_has_said_a_time_of_is_not_held_since_any() -> None:
    roster = Roster()

    roster.introduce(with_status(reason="Held", last_sync="nonsense"), REGION)

    assert (roster.held(), roster.held_since()) == (1, None)


def test_a_later_status_takes_the_place_of_an_earlier_one() -> None:
    roster = Roster()
    roster.note(NAME, {"state": "creating"})

    roster.note(NAME, {"state": "running"})

    assert roster.states() == {"running": 1}


def test_a_record_tells_how_an_endpoint_was_before_any_pass_has() -> None:
    roster = Roster()

    roster.introduce(with_status(state="stopped"), REGION)

    assert roster.states() == {"stopped": 1}


def test_a_scan_that_is_late_does_not_undo_what_a_pass_has_told() -> None:
    roster = Roster()
    roster.note(NAME, {"state": "running"})

    roster.introduce(with_status(state="creating"), REGION)

    assert roster.states() == {"running": 1}


@pytest.mark.parametrize("statuses", [{}, None, "nonsense", {ELSEWHERE: {"state": "running"}}, {REGION: "nonsense"}])
def test_an_endpoint_without_a_status_here_is_none_of_ours(statuses: Any) -> None:
    roster = Roster()

    roster.introduce(an_item(region_status=statuses), REGION)

    assert roster.states() == {}


def test_what_somebody_else_wrote_into_a_status_can_be_told() -> None:
    roster = Roster()

    roster.introduce(with_status(state=["odd"], reason=Decimal(5), error={"a"}), REGION)

    assert roster.entries()[NAME].reason == "5"
    assert json.dumps(asdict(roster.entries()[NAME]))


def test_what_is_gone_is_forgotten() -> None:
    roster = Roster()
    roster.note(NAME, {"state": "deleted"})

    roster.forget(roster.names() - {EndpointName("other")})

    assert roster.entries() == {}
