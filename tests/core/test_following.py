"""What somebody who waits is told."""

from typing import Any

import pytest

from gco_stream.core.following import look
from tests.builders import ELSEWHERE, REGION, a_status, an_item, at


def asked_for(state: str = "deploying", **fields: Any) -> dict[str, Any]:
    return an_item(desired_state=state, **fields)


def with_statuses(item: dict[str, Any], **statuses: Any) -> dict[str, Any]:
    return {**item, "region_status": {key.replace("_", "-"): status for key, status in statuses.items()}}


@pytest.mark.parametrize("now", ["deploying", "running"])
def test_running_everywhere_is_done_promoted_or_not(now: str) -> None:
    asked = asked_for(target_regions=[REGION, ELSEWHERE])

    progress = look(asked, with_statuses({**asked, "desired_state": now}, us_east_1=a_status(), eu_west_1=a_status()))

    assert progress.is_done
    assert progress.failure is None


def test_one_region_that_is_not_there_yet_is_waited_for() -> None:
    asked = asked_for(target_regions=[REGION, ELSEWHERE])

    progress = look(asked, with_statuses(asked, us_east_1=a_status()))

    assert not progress.is_done
    assert progress.lines == ("eu-west-1: no status yet", "us-east-1: running 1/1")


def test_a_status_of_an_older_spec_says_nothing() -> None:
    before = an_item(spec={"image": "a:v1"})
    asked = asked_for(spec={"image": "a:v2"})

    progress = look(asked, with_statuses(asked, us_east_1=a_status("running", before)))

    assert not progress.is_done


def test_stopped_is_done_when_every_region_says_so() -> None:
    asked = asked_for("stopped")

    assert not look(asked, with_statuses(asked, us_east_1=a_status("stopping"))).is_done
    assert look(asked, with_statuses(asked, us_east_1=a_status("stopped"))).is_done


def test_deleted_is_done_when_the_record_is_gone() -> None:
    asked = asked_for("deleted")

    assert not look(asked, with_statuses(asked, us_east_1=a_status("deleted"))).is_done
    assert look(asked, None).is_done


def test_a_namesake_made_meanwhile_means_that_the_deleted_one_is_gone() -> None:
    asked = asked_for("deleted")

    assert look(asked, an_item(created_at=at(5))).is_done


def test_a_record_that_vanishes_while_it_should_run_is_a_failure() -> None:
    assert look(asked_for(), None).failure == "the record was removed meanwhile"


def test_an_error_is_a_failure_with_its_reason() -> None:
    asked = asked_for()

    progress = look(asked, with_statuses(asked, us_east_1=a_status("error", error="spec.port is 0")))

    assert progress.failure == "us-east-1: spec.port is 0"


def test_an_error_from_before_is_waited_out() -> None:
    asked = with_statuses(asked_for(), us_east_1=a_status("error", error="old"))

    assert look(asked, asked).failure is None


@pytest.mark.parametrize(
    "meanwhile", [{"desired_state": "stopped"}, {"desired_state": "deleted"}, {"spec": {"image": "other:v1"}}]
)
def test_somebody_elses_wish_ends_the_wait(meanwhile: dict[str, Any]) -> None:
    asked = asked_for()

    failure = look(asked, {**asked, **meanwhile}).failure

    assert failure is not None
    assert failure.startswith("somebody else")


def test_a_record_that_cannot_be_read_is_waited_for() -> None:
    asked = asked_for(target_regions="us-east-1")

    assert look(asked, asked).is_done is False
