import pytest

from gco_stream.core.models import Apply, Delete, Kind, ObjectKey, Observed, describe, object_keys, own_keys
from tests.builders import DEPLOYMENT, INGRESS, NAME, SERVICE, an_endpoint, everything_of


@pytest.mark.behaviour("B26")
def test_an_endpoints_objects_are_taken_away_from_the_outside_in() -> None:
    canary = (ObjectKey(Kind.SERVICE, "llama-canary"), ObjectKey(Kind.DEPLOYMENT, "llama-canary"))

    assert own_keys(NAME) == (INGRESS, ObjectKey(Kind.AUTOSCALER, NAME), SERVICE, DEPLOYMENT)
    assert object_keys(NAME) == (*own_keys(NAME), *canary)


def test_what_is_observed_can_be_asked_for_by_name() -> None:
    seen = everything_of(an_endpoint())

    assert seen.deployment(NAME) is seen.get(DEPLOYMENT) is not None
    assert seen.ingress(NAME) is seen.get(INGRESS) is not None
    assert Observed().deployment(NAME) is Observed().ingress(NAME) is None


def test_what_is_observed_changes_by_one_object_at_a_time() -> None:
    seen = everything_of(an_endpoint())

    without = seen.after(INGRESS, None)

    assert without.objects.keys() == {DEPLOYMENT, SERVICE}
    assert seen.objects.keys() == {DEPLOYMENT, SERVICE, INGRESS}
    assert without.after(INGRESS, seen.objects[INGRESS]).objects == seen.objects


def test_actions_are_described_in_a_few_words() -> None:
    key = ObjectKey(Kind.SERVICE, "llama")

    assert describe(Apply(key=key, manifest={}, uid=None, why="missing")) == "apply Service llama"
    assert describe(Delete(key=key, uid="u", why="deleted")) == "delete Service llama"
    released = Apply(key=DEPLOYMENT, manifest={}, uid="u", why="autoscaled", gives_up_replicas=True)
    assert describe(released) == "release the replicas of Deployment llama"
