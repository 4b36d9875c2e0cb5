"""Which pods count, what a scheduler says of them, and which of several causes is the first."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.causes import Cause, first_cause, refused_pods
from tests.core.troubled_pods import (
    NO_GPU,
    NO_IMAGE,
    PREEMPTION,
    READY,
    RUNNING,
    a_pod,
    cause_of,
    unscheduled,
    waiting,
)
from tests.strategies import junk

pytestmark = pytest.mark.behaviour("B15")


@pytest.mark.parametrize(
    ("said", "reason", "message"),
    [
        (NO_GPU, "InsufficientCapacity", "Insufficient nvidia.com/gpu, node(s) had untolerated taint(s)"),
        (
            f"0/4 nodes are available: 1 node(s) had untolerated taint {{a: b}}, 3 Insufficient cpu. {PREEMPTION}",
            "InsufficientCapacity",
            "Insufficient cpu, node(s) had untolerated taint {a: b}",
        ),
        ("0/2 nodes are available: 2 Too many pods.", "InsufficientCapacity", "Too many pods"),
        (
            f"0/13 nodes are available: 13 node(s) didn't match Pod's node affinity/selector. {PREEMPTION}",
            "Unschedulable",
            "node(s) didn't match Pod's node affinity/selector",
        ),
        (
            '0/13 nodes are available: persistentvolumeclaim "efs-claim" not found. not found',
            "Unschedulable",
            'persistentvolumeclaim "efs-claim" not found',
        ),
        ("no nodes available to schedule pods", "Unschedulable", "no nodes available to schedule pods"),
    ],
)
def test_a_pod_that_no_node_takes_says_what_it_lacks(said: str, reason: str, message: str) -> None:
    assert cause_of(unscheduled(said)) == Cause(reason=reason, message=f"no node can take the pod: {message}")


def test_a_lack_of_room_says_the_same_while_nodes_come_and_go() -> None:
    others = NO_GPU.replace("0/13", "0/15").replace("11 Ins", "3 Ins").replace("2 node", "12 node")

    assert cause_of(unscheduled(others)) == cause_of(unscheduled(NO_GPU))


@pytest.mark.behaviour("B31")
def test_a_pod_that_finds_no_room_is_progress_while_an_old_one_is_on_its_way_out() -> None:
    old = a_pod(READY, template="old", deletionTimestamp="2026-03-01T12:00:40Z")

    assert first_cause([old, unscheduled(NO_GPU, made=9)]) is None


def test_an_old_one_that_has_ended_makes_no_more_room() -> None:
    old = a_pod(template="old", phase="Succeeded", deletionTimestamp="2026-03-01T12:00:40Z")

    assert cause_of(old, unscheduled(NO_GPU, made=9)).reason == "InsufficientCapacity"


def test_another_cause_counts_also_while_an_old_pod_is_on_its_way_out() -> None:
    old = a_pod(READY, template="old", deletionTimestamp="2026-03-01T12:00:40Z")

    assert cause_of(old, a_pod(waiting("ErrImagePull"), made=9)).reason == "ImagePullBackOff"


@pytest.mark.parametrize(("started", "kind"), [(False, "startup"), (True, "readiness")])
def test_a_server_that_runs_and_is_not_ready_is_named_with_its_probe(*, started: bool, kind: str) -> None:
    cause = cause_of(a_pod({"state": RUNNING, "started": started}))

    expected = f"container inference runs, but its {kind} probe GET /health on port 8000 has not succeeded"
    assert cause == Cause(reason="NotReady", message=expected)


def test_without_a_startup_probe_it_is_the_readiness_probe_that_is_waited_for() -> None:
    pod = a_pod({"state": RUNNING, "started": False})
    del pod["spec"]["containers"][0]["startupProbe"]

    assert "its readiness probe" in cause_of(pod).message


def test_a_readiness_gate_that_is_not_met_is_named() -> None:
    pod = a_pod(READY, conditions=({"type": "ContainersReady", "status": "True"},))
    pod["spec"]["readinessGates"] = [{"conditionType": "target-health.example/k8s-llama"}]

    expected = "readiness gate target-health.example/k8s-llama is not met"
    assert cause_of(pod) == Cause(reason="NotReady", message=expected)


def test_a_container_that_has_not_been_made_says_what_it_may_wait_for() -> None:
    expected = (
        "container inference has not been started yet: "
        "its image is being pulled, or its volumes or its network are not ready"
    )

    assert cause_of(a_pod(waiting("ContainerCreating"))) == Cause(reason="ContainerCreating", message=expected)


def test_an_init_container_that_takes_its_time_is_named() -> None:
    cause = cause_of(a_pod(waiting("PodInitializing"), sync={"state": RUNNING}))

    assert cause == Cause(reason="PodInitializing", message="init container model-sync has not finished yet")


def test_a_pod_that_its_node_gave_up_is_a_cause_as_long_as_no_other_tells_more() -> None:
    given_up = a_pod(phase="Failed")
    given_up["status"] |= {
        "reason": "UnexpectedAdmissionError",
        "message": "Allocate failed: Requested 1, Available 0",
    }

    expected = "the node gave up a pod: Allocate failed: Requested 1, Available 0"
    assert cause_of(given_up) == Cause(reason="UnexpectedAdmissionError", message=expected)
    assert cause_of(given_up, NO_IMAGE).reason == "ImagePullBackOff"


IN_ORDER = [
    NO_IMAGE,
    a_pod(waiting("CreateContainerConfigError", 'secret "token" not found')),
    a_pod(waiting("PodInitializing"), sync=waiting("CrashLoopBackOff")),
    a_pod(waiting("CrashLoopBackOff")),
    unscheduled(NO_GPU),
    a_pod(waiting("ContainerCreating")),
    a_pod({"state": RUNNING}),
    a_pod(READY),
]


@given(st.lists(st.sampled_from(range(len(IN_ORDER))), min_size=1, max_size=5))
def test_of_several_causes_the_first_that_a_person_would_look_for_is_named(chosen: list[int]) -> None:
    cause = first_cause([IN_ORDER[number] for number in chosen])

    assert cause == first_cause([IN_ORDER[min(chosen)]])


def test_only_pods_of_the_current_version_count() -> None:
    old = a_pod(waiting("CrashLoopBackOff"), template="old", made=1)

    assert first_cause([old, a_pod(READY, template="new", made=2)]) is None
    assert cause_of(old, a_pod({"state": RUNNING}, template="new", made=2)).reason == "NotReady"


def test_a_pod_that_is_being_taken_away_is_no_cause() -> None:
    leaving = a_pod(waiting("CrashLoopBackOff"), made=2, deletionTimestamp="2026-03-01T12:00:40Z")

    assert first_cause([leaving]) is None
    assert cause_of(leaving, a_pod({"state": RUNNING})).reason == "NotReady"


def test_a_version_that_is_given_counts_more_than_what_was_made_last() -> None:
    new = a_pod({"state": RUNNING}, template="new", made=1)
    replaced = a_pod(waiting("CrashLoopBackOff"), template="old", made=2)

    assert cause_of(new, replaced, template="new").reason == "NotReady"


def test_of_two_versions_from_one_second_the_one_that_stays_is_the_new_one() -> None:
    leaving = a_pod(waiting("ErrImagePull"), template="z", deletionTimestamp="2026-03-01T12:00:40Z")

    assert cause_of(a_pod({"state": RUNNING}, template="a"), leaving).reason == "NotReady"


def test_a_long_message_is_cut_and_on_one_line() -> None:
    message = cause_of(a_pod(waiting("CreateContainerError", "failed\n" + "x " * 400))).message

    assert len(message) == 300
    assert "\n" not in message


@given(st.lists(junk, max_size=3), st.text(max_size=400))
def test_any_word_and_message_makes_one_readable_cause(reasons: list[Any], message: str) -> None:
    pods = [a_pod({"state": {"waiting": {"reason": str(reason), "message": message}}}) for reason in reasons]

    cause = first_cause(pods)

    if cause is not None:
        assert cause.reason.isalnum()
        assert len(cause.message) <= 300


def test_pods_that_may_not_be_made_are_a_cause_of_the_deployment() -> None:
    said = 'error looking up service account gco/absent: serviceaccount "absent" not found'
    message = f'pods "llama-77f5-" is forbidden: {said}'
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}

    cause = refused_pods({"status": {"conditions": [{"type": "Available", "status": "False"}, condition]}})

    assert cause == Cause(reason="FailedCreate", message=f"pods cannot be made: {said}")


def test_pods_that_can_be_made_are_no_cause() -> None:
    assert refused_pods({"status": {"conditions": [{"type": "ReplicaFailure", "status": "False"}]}}) is None
    assert refused_pods({}) is None
