"""A Deployment comes to no replicas as it was applied last, so that nothing else of it changes on the way."""

import copy

import pytest

from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.stopping import scale_to_zero
from tests.builders import DEPLOYMENT, NAME, a_live, an_endpoint, an_item, deployment_of, leaving
from tests.left_behind import left_behind

pytestmark = pytest.mark.behaviour("B23")


def test_what_was_applied_last_is_applied_once_more_without_replicas() -> None:
    endpoint = an_endpoint(replicas=3, env={"A": "1"}, labels={"team": "nlp"})
    live = a_live(deployment_of(endpoint))

    action = scale_to_zero(DEPLOYMENT, live, NAME)

    assert action is not None
    assert action.manifest == deployment_of(endpoint, replicas=0)
    assert (action.key, action.uid, action.fold) == (DEPLOYMENT, live["metadata"]["uid"], None)


def test_a_count_that_an_autoscaler_had_is_set_again() -> None:
    live = a_live(deployment_of(an_endpoint()))
    del live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"]
    live["spec"]["replicas"] = 7

    action = scale_to_zero(DEPLOYMENT, live, NAME)

    assert action is not None
    assert action.manifest == deployment_of(an_endpoint(), replicas=0)


def test_what_others_added_or_changed_is_left_to_them() -> None:
    live = a_live(deployment_of(an_endpoint()))
    live["metadata"]["annotations"] = {"theirs": "1"}
    live["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "x"})

    action = scale_to_zero(DEPLOYMENT, live, NAME)

    assert action is not None
    assert action.manifest == deployment_of(an_endpoint(), replicas=0)


def test_what_has_none_or_is_leaving_is_left_alone() -> None:
    running, stopped = (a_live(deployment_of(an_endpoint(replicas=count))) for count in (1, 0))

    assert scale_to_zero(DEPLOYMENT, stopped, NAME) is None
    assert scale_to_zero(DEPLOYMENT, leaving(running), NAME) is None


def test_a_deployment_that_says_no_count_has_one_replica() -> None:
    live = copy.deepcopy(a_live(deployment_of(an_endpoint())))
    del live["spec"]["replicas"]

    assert scale_to_zero(DEPLOYMENT, live, NAME) is not None


@pytest.mark.behaviour("B35")
def test_what_the_poller_left_is_taken_over_in_the_same_step_with_its_pods_as_they_are() -> None:
    live = left_behind(an_item()).objects[DEPLOYMENT]

    action = scale_to_zero(DEPLOYMENT, live, NAME)

    assert action is not None
    assert action.fold is not None
    assert action.manifest["spec"]["replicas"] == 0
    assert action.manifest["spec"]["template"] == live["spec"]["template"]
    assert is_ours(action.manifest, NAME)
