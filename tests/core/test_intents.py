"""One intent, one action: the whole of it to the object that was seen, or nothing where nothing differs."""

import copy

import pytest

from gco_stream.core.intents import to_apply, to_delete
from gco_stream.core.manifests.ownership import TEMPLATE_FIELDS
from gco_stream.core.models import Apply, Delete, Kind, ObjectKey, Observed
from tests.builders import (
    DEPLOYMENT,
    INGRESS,
    SERVICE,
    a_live,
    an_endpoint,
    an_item,
    deployment_of,
    everything_of,
    leaving,
    manifests_of,
    observed,
)
from tests.left_behind import left_behind


@pytest.mark.behaviour("B14")
def test_what_is_missing_is_made_and_takes_nothing_over() -> None:
    manifest = deployment_of(an_endpoint())

    assert to_apply(DEPLOYMENT, manifest, Observed()) == Apply(
        key=DEPLOYMENT, manifest=manifest, uid=None, why="missing"
    )


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS])
def test_what_is_as_it_should_be_is_left_alone(key: ObjectKey) -> None:
    seen = everything_of(an_endpoint())

    assert to_apply(key, manifests_of(an_endpoint())[key.kind], seen) is None


@pytest.mark.behaviour("B14")
def test_a_difference_is_put_right_on_the_object_that_was_seen_with_the_whole_intent() -> None:
    seen, wanted = everything_of(an_endpoint()), deployment_of(an_endpoint(replicas=2, env={"A": "1"}))

    action = to_apply(DEPLOYMENT, wanted, seen)

    assert action is not None
    assert (action.uid, action.manifest) == (seen.objects[DEPLOYMENT]["metadata"]["uid"], wanted)
    assert "spec.replicas: 1 → 2" in action.why


@pytest.mark.behaviour("B27")
def test_what_is_leaving_must_be_gone_first() -> None:
    seen = observed(leaving(a_live(deployment_of(an_endpoint()))))

    assert to_apply(DEPLOYMENT, deployment_of(an_endpoint(replicas=2)), seen) is None


@pytest.mark.behaviour("B35")
def test_what_the_poller_left_is_taken_over_even_where_nothing_differs() -> None:
    seen = left_behind(an_item())
    wanted = manifests_of(an_endpoint())[Kind.SERVICE]

    action = to_apply(SERVICE, wanted, seen)

    assert action is not None
    assert action.why.startswith("taken over")
    assert action.fold is not None
    assert action.fold.resource_version == seen.objects[SERVICE]["metadata"]["resourceVersion"]


@pytest.mark.behaviour("B35")
def test_the_label_that_says_what_a_template_was_made_for_is_told_of_only_where_nothing_else_differs() -> None:
    seen = everything_of(an_endpoint())
    unlabelled = copy.deepcopy(seen.objects[DEPLOYMENT])
    del unlabelled["metadata"]["labels"][TEMPLATE_FIELDS]

    labelled = to_apply(DEPLOYMENT, deployment_of(an_endpoint()), seen.after(DEPLOYMENT, unlabelled))
    edited = to_apply(DEPLOYMENT, deployment_of(an_endpoint(image="acme/server:2")), seen)

    assert labelled is not None
    assert edited is not None
    assert labelled.why.startswith(f"metadata.labels.{TEMPLATE_FIELDS}: none → ")
    assert TEMPLATE_FIELDS not in edited.why
    assert "image" in edited.why


@pytest.mark.behaviour("B26")
def test_objects_are_taken_away_in_the_order_asked_for_with_the_reason() -> None:
    seen = everything_of(an_endpoint())

    actions = to_delete((INGRESS, SERVICE, DEPLOYMENT), seen.objects, why="deleted")

    assert actions == tuple(
        Delete(key=key, uid=seen.objects[key]["metadata"]["uid"], why="deleted")
        for key in (INGRESS, SERVICE, DEPLOYMENT)
    )


@pytest.mark.behaviour("B26")
def test_what_is_not_there_or_leaving_already_is_not_taken_away() -> None:
    seen = everything_of(an_endpoint())
    objects = {INGRESS: leaving(seen.objects[INGRESS]), SERVICE: seen.objects[SERVICE]}

    actions = to_delete((INGRESS, SERVICE, DEPLOYMENT), objects, why="deleted")

    assert [action.key for action in actions] == [SERVICE]
