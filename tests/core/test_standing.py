from typing import Any

import pytest

from gco_stream.core.manifests.ingress import HEALTH_PATH
from gco_stream.core.models import Kind, ObjectKey
from gco_stream.core.route import Phase
from gco_stream.core.standing import Standing
from tests.builders import INGRESS, NAME, SCOPE, SERVICE, an_endpoint, an_item, everything_of, leaving
from tests.core.story import Story, told
from tests.wishes import canary, change, promote

V1, V2, V3 = (f"acme/server:v{n}" for n in (1, 2, 3))
CANARY = "llama-canary"
CANARY_SERVICE = ObjectKey(Kind.SERVICE, CANARY)


def with_canary(**spec: Any) -> Story:
    """An endpoint that shares its traffic with a canary of another version."""
    story = told([], item=an_item(spec={"image": V1, **spec}))
    story.comes_to_rest()
    story.write(canary(V2))
    story.comes_to_rest()
    return story


def carried() -> Story:
    """The same after a promotion, while the endpoint itself has no ready replica."""
    story = with_canary()
    story.cluster.broken = {NAME}
    story.write(promote())
    story.look()
    story.cluster.work()
    story.look()
    assert story.phase() is Phase.CARRIED
    return story


def health_paths(story: Story) -> tuple[str | None, str | None]:
    """Where the load balancer asks the endpoint and its canary for their health."""
    said = [story.cluster.objects[key]["metadata"].get("annotations") or {} for key in (INGRESS, CANARY_SERVICE)]
    own, canarys = (annotations.get(HEALTH_PATH) for annotations in said)
    return own, canarys or own


@pytest.mark.behaviour("B14", "B21")
@pytest.mark.parametrize("then", [None, canary(V3)], ids=["left over", "another is asked for"])
def test_the_service_of_a_canary_that_serves_in_its_endpoints_place_is_made_again(then: Any) -> None:
    story = carried()
    if then is not None:
        story.write(then)
    del story.cluster.objects[CANARY_SERVICE]

    story.look()

    assert CANARY_SERVICE in story.cluster.objects
    assert story.phase() is Phase.CARRIED


@pytest.mark.behaviour("B21")
def test_another_canary_waits_until_the_promoted_one_has_done_its_part() -> None:
    story = with_canary()
    story.write(promote())
    story.look()
    story.write(canary(V3))

    story.look()

    assert story.container(CANARY)["image"] == V2
    story.comes_to_rest()
    assert story.container(CANARY)["image"] == V3
    assert story.container(NAME)["image"] == V2


@pytest.mark.behaviour("B21")
def test_nor_is_a_promoted_canary_scaled_to_nothing_for_the_sake_of_another() -> None:
    story = with_canary()
    story.write(promote())
    story.look()
    story.write(canary(V1, replicas=0))

    story.comes_to_rest()

    assert story.phase() is Phase.ALONE
    assert (story.ready(NAME), story.ready(CANARY)) == (1, 0)


@pytest.mark.behaviour("B21", "B22")
def test_another_health_path_is_not_asked_of_a_canary_that_serves_in_its_endpoints_place() -> None:
    story = carried()

    story.write(change(health_check_path="/ready"))
    story.look()

    assert health_paths(story) == ("/ready", "/health")


@pytest.mark.behaviour("B20", "B22")
def test_a_canary_is_asked_where_it_answers_while_its_endpoints_pods_still_answer_elsewhere() -> None:
    story = with_canary(replicas=3)

    story.write(change(health_check_path="/ready"))
    story.cluster.broken = {NAME}
    for _ in range(4):
        story.look()
        story.cluster.work()

    assert story.container(CANARY)["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert health_paths(story)[1] == "/ready"


def test_a_service_that_is_going_is_out_of_reach_and_one_that_is_missing_is_made_first() -> None:
    seen = everything_of(an_endpoint())
    going = seen.after(SERVICE, leaving(seen.objects[SERVICE]))

    reachable = [
        Standing(an_endpoint(), there, SCOPE).side(NAME, is_changing=False, since=None).is_reachable
        for there in (seen, going, seen.after(SERVICE, None))
    ]

    assert reachable == [True, False, True]


@pytest.mark.behaviour("B20")
def test_a_canary_that_is_scaled_to_nothing_loses_its_share_before_its_pods() -> None:
    story = with_canary()

    story.write(canary(V2, replicas=0))
    plan = story.look()

    assert [action.key for action in plan.actions] == [INGRESS, ObjectKey(Kind.DEPLOYMENT, CANARY)]
    assert story.phase() is Phase.ALONE
