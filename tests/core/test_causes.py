from typing import Any

import pytest

from gco_stream.core.causes import Cause, first_cause
from tests.core.troubled_pods import (
    IMAGE,
    READY,
    RUNNING,
    a_pod,
    an_ending,
    cause_of,
    waiting,
)

pytestmark = pytest.mark.behaviour("B15")


@pytest.mark.parametrize("pods", [[], [a_pod(READY)], [a_pod()], [a_pod(READY, sync=READY | {"state": an_ending(0)})]])
def test_where_nothing_is_wrong_there_is_no_cause(pods: list[dict[str, Any]]) -> None:
    assert first_cause(pods) is None


CHAIN = f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}"'


@pytest.mark.parametrize(
    ("reason", "message", "why"),
    [
        ("ErrImagePull", f"rpc error: code = NotFound desc = {CHAIN}: {IMAGE}: not found", ": not found"),
        ("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"', ""),
        (
            "ImagePullBackOff",
            f'Back-off pulling image "{IMAGE}": ErrImagePull: rpc error: code = NotFound desc = {CHAIN}: not found',
            ": not found",
        ),
        (
            "ErrImagePull",
            f"{CHAIN}: unexpected status from GET request to https://r.example/x?X-Amz-Signature=s3cret: 403 Forbidden",
            ": unexpected status from GET request to https://r.example/x: 403 Forbidden",
        ),
        (
            "ErrImagePull",
            f"{CHAIN}: pull access denied: server message: insufficient_scope: authorization failed",
            ": authorization failed",
        ),
        (
            "ErrImagePull",
            f"{CHAIN}: dial tcp: lookup r.example on 10.0.0.2:53: no such host",
            ": lookup r.example on 10.0.0.2:53: no such host",
        ),
    ],
)
def test_an_image_that_cannot_be_pulled_has_one_reason_while_it_is_tried_again(
    reason: str, message: str, why: str
) -> None:
    cause = cause_of(a_pod(waiting(reason, message)))

    assert cause == Cause(reason="ImagePullBackOff", message=f'image "{IMAGE}" cannot be pulled{why}')


def test_an_image_name_that_is_none_is_named() -> None:
    message = 'Failed to apply default image tag "a b": couldn\'t parse image name "a b": invalid reference format'
    cause = cause_of(a_pod(waiting("InvalidImageName", message), wanted={"image": "a b"}))

    expected = 'image "a b" cannot be pulled: couldn\'t parse image name "a b": invalid reference format'
    assert cause == Cause(reason="InvalidImageName", message=expected)


def test_the_image_of_an_init_container_counts_as_well() -> None:
    cause = cause_of(a_pod(waiting("PodInitializing"), sync=waiting("ErrImagePull", "not found")))

    expected = 'image "amazon/aws-cli:2.37.4" cannot be pulled: not found'
    assert cause == Cause(reason="ImagePullBackOff", message=expected)


def test_a_container_that_cannot_be_configured_says_why_without_the_pods_name() -> None:
    message = 'container has runAsNonRoot and image will run as root (pod: "llama-x_gco(4f)", container: inference)'
    cause = cause_of(a_pod(waiting("CreateContainerConfigError", message)))

    expected = "container inference cannot be started: container has runAsNonRoot and image will run as root"
    assert cause == Cause(reason="CreateContainerConfigError", message=expected)


def test_a_command_that_is_not_there_is_named_also_while_it_is_tried_again() -> None:
    ending = an_ending(128, "StartError", message='exec: "serve": executable file not found in $PATH: unknown')
    cause = cause_of(a_pod(waiting("CrashLoopBackOff", "back-off 10s", lastState=ending, restartCount=3)))

    expected = 'container inference cannot be started: exec: "serve": executable file not found in $PATH: unknown'
    assert cause == Cause(reason="StartError", message=expected)


@pytest.mark.parametrize(
    "sync",
    [
        {"state": an_ending(), "restartCount": 1},
        waiting("CrashLoopBackOff", "back-off 40s restarting", lastState=an_ending(), restartCount=3),
        {"state": RUNNING, "lastState": an_ending(), "restartCount": 3},
    ],
    ids=["ended", "waiting", "running again"],
)
def test_a_failing_init_container_is_the_cause_and_not_the_server_that_waits_for_it(sync: dict[str, Any]) -> None:
    cause = cause_of(a_pod(waiting("PodInitializing"), sync=sync))

    expected = "init container model-sync keeps ending, last with exit code 1"
    assert cause == Cause(reason="InitContainerFailed", message=expected)


@pytest.mark.parametrize(
    "server",
    [
        {"state": an_ending(), "restartCount": 1},
        waiting("CrashLoopBackOff", "back-off 1m20s restarting", lastState=an_ending(), restartCount=7),
        {"state": RUNNING, "started": False, "lastState": an_ending(), "restartCount": 8},
    ],
    ids=["ended", "waiting", "running again"],
)
def test_a_crash_loop_says_the_same_at_every_turn(server: dict[str, Any]) -> None:
    expected = "container inference keeps ending, last with exit code 1"

    assert cause_of(a_pod(server)) == Cause(reason="CrashLoopBackOff", message=expected)


@pytest.mark.parametrize(
    ("code", "said"), [(0, "code 0"), (137, "code 137 (killed, as by a probe that fails for too long)")]
)
def test_a_server_that_ends_is_a_cause_whatever_its_exit_code(code: int, said: str) -> None:
    cause = cause_of(a_pod({"state": an_ending(code, "Completed" if code == 0 else "Error")}))

    assert cause == Cause(reason="CrashLoopBackOff", message=f"container inference ended with exit {said}")


@pytest.mark.parametrize("state", [RUNNING, {"waiting": {"reason": "CrashLoopBackOff"}}])
def test_too_little_memory_is_named_with_its_limit(state: dict[str, Any]) -> None:
    cause = cause_of(a_pod({"state": state, "lastState": an_ending(137, "OOMKilled"), "restartCount": 1}))

    expected = "container inference needed more memory than its limit 16Gi"
    assert cause == Cause(reason="OOMKilled", message=expected)
