"""What cannot be seen in ``explanations.md``, where every typical situation has its answer."""

from dataclasses import replace

import pytest

from gco_stream.core.verdict import verdict
from tests.builders import ELSEWHERE, a_spec, a_status, an_endpoint, an_item, everything_of
from tests.core.situations import SITUATIONS, changed_by_hand, findings, invalid, pod, with_pods

pytestmark = pytest.mark.behaviour("B50")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_answer_is_a_few_whole_sentences(situation: str) -> None:
    answer = verdict(SITUATIONS[situation]())

    assert "llama" in answer
    assert answer.endswith(".")
    assert ".." not in answer
    assert len(answer) < 400


def test_a_record_that_is_newer_than_what_was_reported_is_not_called_running() -> None:
    item = an_item(spec=a_spec(replicas=3), desired_state="running")
    behind = {**item, "region_status": {"us-east-1": a_status("running", an_item())}}

    found = findings(behind, with_pods(everything_of(an_endpoint()), pod(1)))

    assert "does not run as its record asks yet, 1 of 1 replicas ready" in verdict(found)


def test_no_replica_is_a_count_like_any_other() -> None:
    item = an_item(spec=a_spec(replicas=0), desired_state="running")
    found = findings(item, with_pods(everything_of(an_endpoint(replicas=0), published=False)))

    assert "no replica is wanted" in verdict(found)


def test_a_controller_that_is_missing_is_named_only_where_something_is_to_be_done() -> None:
    assert "No controller is at work" in verdict(replace(changed_by_hand(), lease=None))
    assert "No controller" not in verdict(replace(invalid(), lease=None))


def test_a_deletion_waits_for_nobody_who_is_done() -> None:
    item = an_item(desired_state="deleted", target_regions=[ELSEWHERE], region_status={ELSEWHERE: a_status("deleted")})

    assert verdict(findings(item, with_pods(everything_of(an_endpoint()), pod(1)))) == (
        "llama is deleted; what is left of it here is going."
    )
