from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.changes import deserves_a_look, wished_at
from gco_stream.core.models import Item
from tests.builders import ELSEWHERE, NOW, REGION, a_change, a_spec, a_status, an_item, at


def looks(before: Item | None, after: Item | None) -> bool:
    return deserves_a_look(a_change(before, after), region=REGION)


def with_status(
    region: str, state: str = "running", *, of: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    item = of or an_item()
    return {**item, "region_status": {**item["region_status"], region: a_status(state, **fields)}}


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, an_item()), (an_item(), None), (None, None), ({}, None)],
    ids=["created", "removed", "keys only", "no new image"],
)
def test_what_cannot_be_compared_is_looked_at(before: Item | None, after: Item | None) -> None:
    assert looks(before, after)


@pytest.mark.parametrize(
    "change",
    [
        {"spec": a_spec(port=9000)},
        {"ingress_path": "/x"},
        {"labels": {"a": "b"}},
        {"target_regions": [REGION, ELSEWHERE]},
        {"namespace": "x"},
        {"colour": "blue"},
    ],
)
def test_a_change_of_what_is_wanted_is_looked_at(change: dict[str, Any]) -> None:
    assert looks(an_item(), an_item(**change))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("deploying", "stopped"),
        ("stopped", "running"),
        ("running", "stopped"),
        ("running", "deleted"),
        ("deleted", "deploying"),
        ("running", "deploying"),
        ("deploying", "junk"),
    ],
)
def test_another_desired_state_is_looked_at(before: str, after: str) -> None:
    assert looks(an_item(desired_state=before), an_item(desired_state=after, updated_at=at(1)))


def test_the_echo_of_our_own_status_wakes_nobody() -> None:
    for state in ("deploying", "running", "stopped", "deleted"):
        item = an_item(desired_state=state)
        first, second = with_status(REGION, "creating", of=item), with_status(REGION, "running", of=item)

        assert not looks(item, first)
        assert not looks(first, second)
        assert not looks(an_item(desired_state=state, region_status=...), first)


@pytest.mark.behaviour("B9")
def test_the_echo_of_our_own_promotion_wakes_nobody() -> None:
    before = with_status(REGION, "running")

    assert not looks(before, {**before, "desired_state": "running"})


def test_a_change_of_times_alone_wakes_nobody() -> None:
    before = with_status(ELSEWHERE, last_sync=at(0))

    after = {**with_status(ELSEWHERE, last_sync=at(15)), "updated_at": at(15)}

    assert not looks(before, after)


@pytest.mark.behaviour("B9")
@pytest.mark.behaviour("B10")
@pytest.mark.parametrize("state", ["deploying", "deleted", ..., None])
def test_another_regions_status_matters_while_it_may_complete_something(state: Any) -> None:
    item = an_item(desired_state=state)

    assert looks(with_status(ELSEWHERE, "creating", of=item), with_status(ELSEWHERE, "running", of=item))


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_another_regions_status_does_not_matter_otherwise(state: str) -> None:
    item = an_item(desired_state=state)

    assert not looks(with_status(ELSEWHERE, "creating", of=item), with_status(ELSEWHERE, "running", of=item))


@pytest.mark.behaviour("B10")
def test_a_forgotten_region_may_complete_a_purge() -> None:
    item = an_item(desired_state="deleted")

    assert looks(with_status(ELSEWHERE, "running", of=item), item)


def test_a_wish_beside_a_status_is_looked_at() -> None:
    before = an_item()

    assert looks(before, {**with_status(REGION), "spec": a_spec(replicas=3)})


@pytest.mark.parametrize("junk", ["none", 5, [], {ELSEWHERE: "x"}])
def test_statuses_that_are_no_maps_harm_nothing(junk: Any) -> None:
    assert not looks(an_item(region_status=junk), an_item(region_status=junk))


def test_a_wish_says_when_it_was_written() -> None:
    before, after = an_item(updated_at=at(0)), an_item(updated_at=at(7), spec=a_spec(replicas=2))

    assert wished_at(a_change(before, after)) == NOW + timedelta(seconds=7)
    assert wished_at(a_change(None, after)) == NOW + timedelta(seconds=7)


@pytest.mark.parametrize("told", [at(0), None, 5, "soon", "2026-01-01T00:00:00"], ids=repr)
def test_what_is_no_wish_or_names_no_time_says_none(told: Any) -> None:
    assert wished_at(a_change(an_item(updated_at=at(0)), an_item(updated_at=told))) is None


def test_a_removal_says_no_time() -> None:
    assert wished_at(a_change(an_item(updated_at=at(0)), None)) is None
