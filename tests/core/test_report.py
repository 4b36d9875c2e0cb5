from dataclasses import replace
from typing import Any

import pytest

from gco_stream.core.models import Observed
from gco_stream.core.plan import Plan
from gco_stream.core.report import Outcome, region_status
from gco_stream.core.status import Failure, RegionStatus, State, to_write
from tests.builders import (
    DEPLOYMENT,
    ELSEWHERE,
    NAME,
    NOW,
    REGION,
    SCOPE,
    SERVICE,
    a_deployment_status,
    a_live,
    a_pod,
    a_request,
    a_spec,
    a_status,
    an_endpoint,
    an_item,
    deployment_of,
    everything_of,
    foreign,
    leaving,
    observed,
    status_of,
)


def endpoint_status(status: dict[str, Any], *, previous: dict[str, Any] | None = None, **how: Any) -> RegionStatus:
    """The status of a running endpoint with two replicas and these counters."""
    item = an_item(region_status={REGION: previous} if previous else {})
    return status_of(a_request(item), everything_of(an_endpoint(replicas=2), published=False, **status), **how)


PROGRESSING = a_deployment_status(2, ready=1, progress="ReplicaSetUpdated")
WAS_RUNNING = a_status("running", replicas_ready=2, replicas_desired=2)


@pytest.mark.behaviour("B15")
def test_an_endpoint_is_running_once_its_rollout_is_complete() -> None:
    status = endpoint_status(a_deployment_status(2))

    assert (status.state, status.reason, status.error) == (State.RUNNING, None, None)
    assert (status.replicas_ready, status.replicas_desired) == (2, 2)


@pytest.mark.behaviour("B15")
@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 0},
        a_deployment_status(2, generation=0),
        a_deployment_status(2, updated=1, old=1),
        a_deployment_status(2, old=1),
        PROGRESSING,
    ],
    ids=["no counters yet", "counters of the spec before", "half old", "an old pod left", "half ready"],
)
def test_an_endpoint_is_not_running_before(status: dict[str, Any]) -> None:
    assert endpoint_status(status).state is State.CREATING
    assert endpoint_status(status, is_new=True).state is State.CREATING


@pytest.mark.behaviour("B15")
@pytest.mark.parametrize("before", ["running", "updating", "stopped"])
def test_a_rollout_under_way_is_an_update_once_there_was_one_before(before: str) -> None:
    status = endpoint_status(PROGRESSING, previous=a_status(before, observed_spec="other"))

    assert (status.state, status.reason) == (State.UPDATING, "RolloutInProgress")


@pytest.mark.behaviour("B15")
def test_scaling_is_an_update() -> None:
    status = endpoint_status(a_deployment_status(2, ready=1), previous=a_status("running", replicas_desired=1))

    assert (status.state, status.reason) == (State.UPDATING, "RolloutInProgress")


@pytest.mark.behaviour("B15")
def test_without_a_deployment_it_is_being_created() -> None:
    assert status_of(a_request()).state is State.CREATING


@pytest.mark.behaviour("B15")
@pytest.mark.parametrize(
    ("ready", "state", "reason"), [(1, State.RUNNING, "Degraded"), (0, State.UPDATING, "Unavailable")]
)
def test_replicas_lost_after_the_rollout_are_degradation(ready: int, state: State, reason: str) -> None:
    lost = a_deployment_status(2, ready=ready)

    status = endpoint_status(lost, previous=WAS_RUNNING)

    assert (status.state, status.reason, status.replicas_ready) == (state, reason, ready)
    again = endpoint_status(lost, previous=a_status(status.state, reason=reason, replicas_desired=2))
    assert (again.state, again.reason) == (state, reason)


@pytest.mark.behaviour("B15")
def test_a_rollout_over_its_deadline_is_an_error_with_what_the_controller_says() -> None:
    overdue = a_deployment_status(2, ready=1, progress="ProgressDeadlineExceeded", message="has timed out progressing.")

    status = endpoint_status(overdue, previous=WAS_RUNNING)

    assert (status.state, status.reason) == (State.ERROR, "ProgressDeadlineExceeded")
    assert status.error == "has timed out progressing."
    assert status.replicas_ready == 1


@pytest.mark.behaviour("B15")
@pytest.mark.parametrize(("old", "new"), [("6a", "5b"), ("5b", "6a")])
def test_the_cause_is_that_of_the_version_that_is_rolled_out_however_old_the_pods_are(old: str, new: str) -> None:
    said = f'ReplicaSet "{NAME}-{new}" has timed out progressing.'
    overdue = a_deployment_status(2, ready=1, progress="ProgressDeadlineExceeded", message=said)
    crashing, fine = {"reason": "CrashLoopBackOff"}, {"name": "inference", "ready": True}
    failed = {"name": "inference", "ready": False, "state": {"waiting": crashing}}
    pods = tuple(
        with_container(a_pod(template=template), made=made, seen=seen)
        for template, made, seen in ((new, 5, failed), (old, 5, fine), (old, 9, fine))
    )
    seen = everything_of(an_endpoint(replicas=2), published=False, **overdue)

    status = status_of(a_request(), replace(seen, pods=pods))

    assert (status.state, status.reason) == (State.ERROR, "CrashLoopBackOff")


def with_container(pod: dict[str, Any], *, made: int, seen: dict[str, Any]) -> dict[str, Any]:
    metadata = {**pod["metadata"], "creationTimestamp": f"2026-03-01T12:00:0{made}Z"}
    return {"metadata": metadata, "spec": {"containers": []}, "status": {"containerStatuses": [seen]}}


@pytest.mark.behaviour("B15")
def test_a_deadline_of_the_spec_before_is_none() -> None:
    overdue = a_deployment_status(2, ready=1, progress="ProgressDeadlineExceeded", generation=0)

    assert endpoint_status(overdue, previous=WAS_RUNNING).state is State.UPDATING


@pytest.mark.behaviour("B16")
def test_no_replicas_are_running_too() -> None:
    seen = everything_of(an_endpoint(replicas=0), published=False, **a_deployment_status(0))

    status = status_of(a_request(), seen)

    assert (status.state, status.replicas_ready, status.replicas_desired) == (State.RUNNING, 0, 0)


def test_an_ingress_of_ours_means_published() -> None:
    seen = everything_of(an_endpoint())
    ingress = seen.ingress(NAME)
    assert ingress is not None

    assert status_of(a_request(), seen).published
    assert not status_of(a_request(), everything_of(an_endpoint(), published=False)).published
    assert not status_of(a_request(), observed(foreign(ingress))).published
    assert not status_of(a_request(), observed(leaving(ingress))).published


@pytest.mark.behaviour("B8")
def test_a_record_that_cannot_be_read_is_an_error_with_every_problem() -> None:
    request = a_request(spec={"image": "", "port": "abc"})

    status = status_of(request, everything_of(an_endpoint(replicas=2)))

    assert (status.state, status.reason) == (State.ERROR, "InvalidRecord")
    assert status.error is not None
    assert "spec.image is ''" in status.error
    assert "spec.port is 'abc'" in status.error
    assert (status.replicas_ready, status.replicas_desired) == (2, 2)


@pytest.mark.behaviour("B13")
def test_foreign_objects_are_an_error_that_says_what_to_do() -> None:
    theirs = foreign(a_live(deployment_of(an_endpoint(replicas=5)), **a_deployment_status(5)))

    status = status_of(a_request(), observed(theirs), plan=Plan(foreign=(SERVICE,)))

    assert (status.state, status.reason, status.replicas_ready) == (State.ERROR, "ForeignObject", 0)
    assert status.error is not None
    assert "Service llama exists already" in status.error


@pytest.mark.behaviour("B11")
@pytest.mark.parametrize("state", ["running", "stopped", "deleted"])
def test_a_failure_is_an_error_with_the_counts_observed(state: str) -> None:
    failure = Failure(reason="Invalid", message="spec.replicas: too many")

    status = status_of(a_request(desired_state=state), everything_of(an_endpoint(replicas=2)), failure=failure)

    assert (status.state, status.reason, status.error) == (State.ERROR, "Invalid", "spec.replicas: too many")
    assert (status.replicas_ready, status.replicas_desired) == (2, 2)


def stopped_status(*objects: Any, pods: tuple[Any, ...] = ()) -> RegionStatus:
    return status_of(a_request(desired_state="stopped"), observed(*objects, pods=pods))


def scaled_down(**status: Any) -> dict[str, Any]:
    return a_live(deployment_of(an_endpoint(), replicas=0), **(status or a_deployment_status(0)))


@pytest.mark.behaviour("B24")
def test_an_endpoint_is_stopping_while_pods_remain_and_stopped_after() -> None:
    assert stopped_status(scaled_down(), pods=(a_pod(),)).state is State.STOPPING
    assert stopped_status(scaled_down()).state is State.STOPPED


@pytest.mark.behaviour("B24")
@pytest.mark.parametrize(
    "status", [a_deployment_status(0, generation=0), a_deployment_status(0, old=1), {"observedGeneration": 0}]
)
def test_an_endpoint_is_not_stopped_before_its_deployment_knows(status: dict[str, Any]) -> None:
    """Pods may just not have been made yet, and their counters not be down yet."""
    assert stopped_status(scaled_down(**status)).state is State.STOPPING


@pytest.mark.behaviour("B23")
def test_what_was_never_made_is_stopped_at_once() -> None:
    status = stopped_status()

    assert (status.state, status.replicas_ready, status.replicas_desired) == (State.STOPPED, 0, 0)
    assert not status.published


def removed_status(seen: Observed, **fields: Any) -> RegionStatus:
    return status_of(a_request(**{"desired_state": "deleted", **fields}), seen)


@pytest.mark.behaviour("B26")
def test_an_endpoint_is_deleting_until_objects_and_pods_are_gone() -> None:
    everything = everything_of(an_endpoint())
    for key in everything.objects:
        assert removed_status(Observed(objects={key: everything.objects[key]}, pods=())).state is State.DELETING
        last = Observed(objects={key: leaving(everything.objects[key])}, pods=())
        assert removed_status(last).state is State.DELETING

    assert removed_status(Observed(pods=(a_pod(),))).state is State.DELETING
    assert removed_status(Observed(pods=())).state is State.DELETED


@pytest.mark.behaviour("B26")
def test_objects_of_others_do_not_keep_an_endpoint_from_being_deleted() -> None:
    theirs = [foreign(live) for live in everything_of(an_endpoint()).objects.values()]

    assert removed_status(observed(*theirs, pods=(a_pod(),))).state is State.DELETED


@pytest.mark.behaviour("B7")
def test_a_region_that_is_no_target_any_more_says_deleted_once() -> None:
    item = an_item(target_regions=[ELSEWHERE], region_status={REGION: a_status("running")})
    status = removed_status(Observed(pods=()), **item)
    assert status.state is State.DELETED

    written = to_write(status, a_status("running"), now=NOW)
    assert written is not None
    later = an_item(target_regions=[ELSEWHERE], region_status={REGION: written}, spec={"image": "acme/other:2"})
    assert region_says_nothing(later)


@pytest.mark.behaviour("B7")
def test_a_region_that_never_was_a_target_says_nothing() -> None:
    assert region_says_nothing(an_item(target_regions=[ELSEWHERE]))
    assert region_says_nothing(an_item(target_regions=[ELSEWHERE], desired_state="deleted"))


def region_says_nothing(item: dict[str, Any]) -> bool:
    request = a_request(item)
    status = region_status(request, Outcome(plan=Plan(), observed=Observed(pods=())), SCOPE, now=NOW)
    return status is None or to_write(status, request.status(SCOPE.region), now=NOW) is None


@pytest.mark.behaviour("B15")
def test_an_endpoint_is_created_until_all_its_replicas_have_been_there_once() -> None:
    seen = everything_of(an_endpoint(replicas=2), **a_deployment_status(2, ready=1, progress="ReplicaSetUpdated"))
    request = a_request(spec=a_spec(replicas=2), region_status={REGION: a_status("creating")})

    assert status_of(request, seen).state is State.CREATING


@pytest.mark.behaviour("B9", "B15")
def test_an_endpoint_whose_deployment_is_being_deleted_is_not_running_whatever_its_counters_say() -> None:
    seen = everything_of(an_endpoint())
    going = seen.after(DEPLOYMENT, leaving(seen.objects[DEPLOYMENT]))

    assert status_of(a_request(), going).state is not State.RUNNING
    assert status_of(a_request(), seen).state is State.RUNNING
