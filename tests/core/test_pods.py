"""Whose a pod is, told by the ReplicaSet that owns it: labels alone may be anybody's."""

import pytest

from gco_stream.core.models import Manifest, Observed
from gco_stream.core.pods import own_pods_of, pods_of
from tests.builders import NAME, a_live, a_pod, an_endpoint, deployment_of, foreign, observed

CANARYS = a_pod(f"{NAME}-canary")


def ended(phase: str) -> Manifest:
    return {**a_pod(), "status": {"phase": phase}}


def with_pods(*pods: Manifest) -> Observed:
    return observed(a_live(deployment_of(an_endpoint())), pods=pods)


@pytest.mark.behaviour("B24", "B26")
def test_pods_are_an_endpoints_with_and_without_its_deployment() -> None:
    for seen in (with_pods(a_pod()), Observed(pods=(a_pod(),))):
        assert pods_of(NAME, seen) == own_pods_of(NAME, seen) == (a_pod(),)


@pytest.mark.behaviour("B24", "B26")
def test_a_canarys_pods_are_the_endpoints_but_say_nothing_of_its_own() -> None:
    seen = with_pods(CANARYS, a_pod())

    assert pods_of(NAME, seen) == (a_pod(), CANARYS)
    assert own_pods_of(NAME, seen) == (a_pod(),)


@pytest.mark.behaviour("B26")
@pytest.mark.parametrize(
    "pod",
    [
        a_pod(owner="other-5d8f"),
        a_pod(owner=f"{NAME}-x-5d8f"),
        a_pod(owner=NAME),
        {"metadata": {"name": "bare", "labels": {"app": NAME, "pod-template-hash": "5d8f"}}},
        {"metadata": {"name": "bare", "labels": None, "ownerReferences": None}},
        {"metadata": {**a_pod()["metadata"], "ownerReferences": [{"kind": "Job", "name": f"{NAME}-5d8f"}]}},
    ],
    ids=["another's", "of a longer name", "without a template", "nobody's", "without labels", "a Job's"],
)
def test_pods_of_others_with_the_same_label_are_not_an_endpoints(pod: Manifest) -> None:
    assert pods_of(NAME, with_pods(pod)) == ()


@pytest.mark.behaviour("B26")
def test_pods_of_a_deployment_that_is_not_ours_are_not_an_endpoints() -> None:
    theirs = foreign(a_live(deployment_of(an_endpoint())))

    assert pods_of(NAME, observed(theirs, pods=(a_pod(), CANARYS))) == (CANARYS,)


@pytest.mark.behaviour("B24")
@pytest.mark.parametrize(("phase", "counts"), [("Failed", 0), ("Succeeded", 0), ("Running", 1), ("Pending", 1)])
def test_a_pod_that_has_ended_for_good_holds_nothing(phase: str, counts: int) -> None:
    assert len(pods_of(NAME, with_pods(ended(phase)))) == counts


def test_where_nobody_asked_for_pods_there_are_none() -> None:
    assert pods_of(NAME, Observed(pods=None)) == ()
