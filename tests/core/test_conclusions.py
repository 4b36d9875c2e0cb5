"""What follows from all regions' statuses together: promotion and purge."""

from typing import Any

import pytest

from gco_stream.core.conclusions import may_be_promoted, may_be_purged
from tests.builders import ELSEWHERE, REGION, a_record, a_spec, a_status, an_item, at

THIRD = "ap-south-1"


def promotes(*, regions: tuple[str, ...] = (REGION, ELSEWHERE), statuses: dict[str, Any], **fields: Any) -> bool:
    item = an_item(target_regions=list(regions), region_status=statuses, **fields)
    return may_be_promoted(item, a_record(item))


@pytest.mark.behaviour("B9")
def test_a_record_is_promoted_when_every_target_runs_its_spec() -> None:
    assert promotes(statuses={REGION: a_status(), ELSEWHERE: a_status()})


@pytest.mark.behaviour("B9")
@pytest.mark.parametrize(
    "other",
    [
        None,
        "running",
        a_status("updating"),
        a_status("error"),
        a_status("running", observed_spec="another"),
        a_status("running", observed_spec=...),
    ],
)
def test_one_region_that_does_not_run_it_holds_the_promotion(other: Any) -> None:
    statuses = {REGION: a_status(), ELSEWHERE: other}

    assert not promotes(statuses={key: value for key, value in statuses.items() if value is not None}, updated_at=at(0))


@pytest.mark.behaviour("B9")
def test_a_running_status_of_the_spec_before_does_not_promote_the_new_one() -> None:
    assert not promotes(regions=(REGION,), statuses={REGION: a_status()}, spec=a_spec(replicas=2))


@pytest.mark.behaviour("B9")
def test_regions_that_are_no_targets_do_not_count() -> None:
    statuses = {REGION: a_status(), ELSEWHERE: a_status(), THIRD: a_status("error")}

    assert promotes(statuses=statuses)
    assert not promotes(regions=(REGION, THIRD), statuses=statuses)


@pytest.mark.behaviour("B9")
@pytest.mark.parametrize("state", ["running", "stopped", "deleted"])
def test_only_deploying_is_promoted(state: str) -> None:
    assert not promotes(statuses={REGION: a_status(), ELSEWHERE: a_status()}, desired_state=state)


@pytest.mark.behaviour("B9")
@pytest.mark.parametrize(
    ("synced", "promoted"), [(at(1), True), (at(0), True), (at(-1), False), ("soon", False), (None, False)]
)
def test_a_pollers_status_counts_if_the_record_was_not_written_after_it(synced: str | None, promoted: bool) -> None:
    poller = a_status(observed_spec=..., cluster=..., last_sync=synced)

    assert promotes(statuses={REGION: a_status(), ELSEWHERE: poller}, updated_at=at(0)) is promoted


@pytest.mark.behaviour("B9")
def test_without_a_time_of_the_record_a_pollers_region_proves_nothing() -> None:
    poller = a_status(observed_spec=...)

    assert not promotes(statuses={REGION: a_status(), ELSEWHERE: poller}, updated_at=...)


def purges(*, regions: list[str], statuses: Any, state: str = "deleted") -> bool:
    return may_be_purged(a_record(an_item(desired_state=state, target_regions=regions, region_status=statuses)))


@pytest.mark.behaviour("B10")
def test_a_record_is_purged_when_every_region_says_deleted() -> None:
    gone = a_status("deleted")

    assert purges(regions=[REGION], statuses={REGION: gone})
    assert purges(regions=[REGION, ELSEWHERE], statuses={REGION: gone, ELSEWHERE: gone})
    assert purges(regions=[REGION], statuses={REGION: gone, THIRD: {"state": "deleted", "last_sync": at()}})


@pytest.mark.behaviour("B10")
@pytest.mark.parametrize("other", ["deleting", "running", "error", "stopped"])
def test_one_region_that_is_not_gone_holds_the_purge(other: str) -> None:
    statuses = {REGION: a_status("deleted"), ELSEWHERE: a_status(other)}

    assert not purges(regions=[REGION, ELSEWHERE], statuses=statuses)
    assert not purges(regions=[REGION], statuses=statuses)


@pytest.mark.behaviour("B10")
@pytest.mark.parametrize("statuses", [{}, ..., {REGION: "deleted"}, {REGION: {}}])
def test_a_region_that_has_not_said_so_holds_the_purge(statuses: Any) -> None:
    assert not purges(regions=[REGION], statuses=statuses)


@pytest.mark.behaviour("B10")
@pytest.mark.parametrize("state", ["deploying", "running", "stopped"])
def test_a_start_that_slipped_in_is_not_purged(state: str) -> None:
    assert not purges(regions=[REGION], statuses={REGION: a_status("deleted")}, state=state)


@pytest.mark.behaviour("B10")
def test_a_deleted_record_without_regions_is_purged_when_no_region_has_anything_left() -> None:
    assert purges(regions=[], statuses={})
    assert not purges(regions=[], statuses={REGION: a_status("deleting")})
