from typing import Any

import pytest

from gco_stream.core.rollout import Rollout, read_rollout
from tests.builders import a_deployment_status, a_live, an_endpoint, deployment_of


def rollout_of(desired: int, *, generation: int = 1, **status: Any) -> Rollout:
    live = a_live(deployment_of(an_endpoint(replicas=desired)), generation=generation, **status)
    return read_rollout(live)


@pytest.mark.behaviour("B15")
def test_a_rollout_is_complete_when_every_replica_is_new_and_available() -> None:
    rollout = rollout_of(2, **a_deployment_status(2))

    assert rollout == Rollout(desired=2, ready=2, complete=True, settled=True, is_only_new=True, overdue=None)


@pytest.mark.behaviour("B15")
@pytest.mark.parametrize(
    "status",
    [
        {},
        a_deployment_status(2, generation=0),
        a_deployment_status(2, ready=1),
        a_deployment_status(2, updated=1),
        a_deployment_status(2, updated=2, old=1),
        a_deployment_status(2, updated=0, old=2),
    ],
    ids=["no status yet", "of an older generation", "one not ready", "one missing", "an old one left", "all old"],
)
def test_a_rollout_is_not_complete_before(status: dict[str, Any]) -> None:
    assert not rollout_of(2, **status).complete


@pytest.mark.behaviour("B15")
def test_the_condition_available_does_not_count() -> None:
    status = a_deployment_status(1, ready=0)
    assert {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"} in status["conditions"]

    rollout = rollout_of(1, **status)

    assert rollout.ready == 0
    assert not rollout.complete


@pytest.mark.behaviour("B16")
def test_no_replicas_are_complete_at_once() -> None:
    assert rollout_of(0, **a_deployment_status(0)).complete
    assert not rollout_of(0, **a_deployment_status(0, old=1)).complete


def test_a_deadline_counts_for_the_current_generation_only() -> None:
    status = a_deployment_status(1, ready=0, progress="ProgressDeadlineExceeded", message="timed out progressing.")

    assert rollout_of(1, **status).overdue == "timed out progressing."
    assert rollout_of(1, generation=2, **status).overdue is None
    assert rollout_of(1, **a_deployment_status(1, ready=0)).overdue is None


def test_replicas_that_were_lost_later_leave_the_rollout_settled() -> None:
    assert rollout_of(2, **a_deployment_status(2, ready=1)).settled
    assert not rollout_of(2, **a_deployment_status(2, ready=1, progress="ReplicaSetUpdated")).settled


@pytest.mark.behaviour("B15")
def test_a_rollout_that_has_ended_stays_so_in_the_moment_when_a_lost_pod_is_in_no_counter() -> None:
    rollout = rollout_of(2, **a_deployment_status(2, updated=1))

    assert (rollout.complete, rollout.settled) == (False, True)
