import pytest

from gco_stream.core.region_changes import forgotten, with_region, without_region
from gco_stream.errors import InvalidRecord
from tests.builders import ELSEWHERE, NOW, REGION, an_item, at


def test_a_region_is_added_at_the_end_and_taken_away_again() -> None:
    added = with_region(an_item(), ELSEWHERE, now=NOW)
    assert added is not None
    removed = without_region(added.after, REGION, now=NOW)

    assert removed is not None
    assert (added.after["target_regions"], removed.after["target_regions"]) == ([REGION, ELSEWHERE], [ELSEWHERE])
    assert added.after["updated_at"] == at(0)
    assert added.after["desired_state"] == "deploying"
    assert added.unchanged == (("created_at",), ("target_regions",))


def test_what_is_so_already_is_not_written() -> None:
    assert with_region(an_item(), REGION, now=NOW) is None
    assert without_region(an_item(), ELSEWHERE, now=NOW) is None
    assert forgotten(an_item(), ELSEWHERE) is None


def test_the_last_region_stays_unless_the_endpoint_is_deleted() -> None:
    with pytest.raises(InvalidRecord, match="is the last one: stop or delete the endpoint instead"):
        without_region(an_item(), REGION, now=NOW)

    change = without_region(an_item(desired_state="deleted"), REGION, now=NOW)
    assert change is not None
    assert change.after["target_regions"] == []


def test_regions_without_an_order_are_taken_by_name() -> None:
    change = with_region(an_item(target_regions={"us-west-2", "eu-west-1"}), REGION, now=NOW)

    assert change is not None
    assert change.after["target_regions"] == ["eu-west-1", "us-west-2", REGION]


def test_a_region_that_is_no_target_is_forgotten_and_times_stay() -> None:
    item = an_item(region_status={REGION: {"state": "running"}, ELSEWHERE: {"state": "running"}})

    change = forgotten(item, ELSEWHERE)

    assert change is not None
    assert change.after == {**item, "region_status": {REGION: {"state": "running"}}}
    assert item["region_status"].keys() == {REGION, ELSEWHERE}


def test_a_target_is_not_forgotten() -> None:
    with pytest.raises(InvalidRecord, match="remove-region llama us-east-1` first"):
        forgotten(an_item(region_status={REGION: {"state": "running"}}), REGION)
