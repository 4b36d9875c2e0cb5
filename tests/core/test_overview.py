from typing import Any

import pytest

from gco_stream.core.models import Item
from gco_stream.core.overview import NOT_SEEN, Concern, Row, overview, summary
from tests.builders import ELSEWHERE, NOW, REGION, a_spec, a_status, an_item, at

pytestmark = pytest.mark.behaviour("B51")


def one(name: str = "llama", state: str | None = "running", since: float = -30, **fields: Any) -> Item:
    """A record whose region said something so many seconds ago; fields of the status begin with ``status_``."""
    status = {key.removeprefix("status_"): fields.pop(key) for key in list(fields) if key.startswith("status_")}
    item = an_item(name, **{"desired_state": "running", "updated_at": at(-600), **fields})
    said = {} if state is None else {REGION: a_status(state, item, last_sync=at(since), **status)}
    return {**item, "region_status": said}


def row_of(item: Item) -> Row:
    (row,) = overview([item], now=NOW)
    return row


def test_the_newest_trouble_comes_first_then_what_is_under_way_then_what_is_fine_by_name() -> None:
    items = [
        one("zebra"),
        one("ant"),
        one("old", "error", since=-3000),
        one("new", "error", since=-10),
        one("moving", "updating", status_reason="RolloutInProgress"),
    ]

    assert [row.endpoint for row in overview(items, now=NOW)] == ["new", "old", "moving", "ant", "zebra"]


@pytest.mark.parametrize(
    ("item", "concern"),
    [
        (one(), Concern.FINE),
        (one(state="creating", status_reason="RolloutInProgress"), Concern.UNDER_WAY),
        (one(state="creating", status_reason="ImagePullBackOff"), Concern.TROUBLE),
        (one(state="updating", status_reason="Withdrawn"), Concern.TROUBLE),
        (one(status_reason="Degraded"), Concern.TROUBLE),
        (one(status_reason="LoadBalancerFull"), Concern.TROUBLE),
        (one(status_reason="Held"), Concern.FINE),
        (one(status_reason="AdoptedAsFound"), Concern.FINE),
        (one(state="stopped", desired_state="stopped"), Concern.FINE),
        (one(state="stopping", desired_state="stopped"), Concern.UNDER_WAY),
        (one(state="deleted", desired_state="deleted"), Concern.FINE),
        (one(state="error", desired_state="stopped"), Concern.TROUBLE),
    ],
)
def test_what_a_region_says_is_trouble_or_under_way_or_fine(item: Item, concern: Concern) -> None:
    assert row_of(item).concern is concern


@pytest.mark.parametrize(
    "changes",
    [
        {"spec": a_spec(port=9)},
        {"desired_state": "stopped"},
        {"desired_state": "deleted"},
        {"desired_state": "dreaming"},
        {"region_status": {}},
        {"region_status": "none"},
    ],
    ids=["spec", "stopped", "deleted", "no state", "no status", "no map"],
)
def test_a_record_that_nobody_has_answered_is_under_way_and_after_a_minute_in_trouble(changes: dict[str, Any]) -> None:
    lately = row_of({**one(), "updated_at": at(-5), **changes})
    long_ago = row_of({**one(since=-900), "updated_at": at(-600), **changes})

    has_nothing_to_go = changes == {"desired_state": "deleted", "region_status": {}}
    assert not has_nothing_to_go
    assert (lately.concern, lately.reason) == (Concern.UNDER_WAY, NOT_SEEN)
    assert (long_ago.concern, long_ago.reason) == (Concern.TROUBLE, NOT_SEEN)


def test_the_pollers_status_does_not_say_what_it_speaks_of_and_counts() -> None:
    assert row_of(one(status_observed_spec=...)).concern is Concern.FINE


def test_every_region_has_a_row_and_one_that_is_no_target_says_so() -> None:
    item = one(target_regions=[ELSEWHERE])
    here = {**item, "region_status": {REGION: a_status("deleting", item)}}

    rows = {row.region: row for row in overview([here], now=NOW)}

    assert rows.keys() == {REGION, ELSEWHERE}
    assert rows[REGION].desired == "running elsewhere"
    assert rows[REGION].concern is Concern.UNDER_WAY
    assert rows[ELSEWHERE].reason == NOT_SEEN


def test_a_record_without_regions_has_a_row_too() -> None:
    assert row_of(an_item(target_regions=...)).region == ""


def test_what_others_left_in_a_status_breaks_nothing() -> None:
    odd = one(status_replicas_ready="many", status_published="maybe", status_canary="none", status_reason=7)

    row = row_of(odd)

    assert (row.ready, row.published, row.canary, row.reason) == (0, None, None, "7")


def test_a_row_is_the_same_for_programs() -> None:
    told = row_of(one(state="error", status_error="no room", status_canary={"weight": 10})).as_map()

    assert (told["endpoint"], told["region"], told["state"], told["concern"]) == ("llama", REGION, "error", "trouble")
    assert (told["error"], told["canary"], told["changed"]) == ("no room", {"weight": 10}, "2026-03-01T11:59:30+00:00")


def test_they_are_counted_for_people() -> None:
    rows = overview([one("a"), one("b", "error"), one("c", "updating")], now=NOW)

    assert summary(rows) == "3 endpoints, 3 in all regions, 1 in trouble, 1 under way"
    assert summary(()) == "no endpoints"
