"""Whatever is asked for, in whatever order: plans lead there, and then there is nothing left to plan."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.models import Kind, canary_name
from gco_stream.core.plan import Plan
from gco_stream.core.route import Phase
from gco_stream.core.status import State
from gco_stream.core.wish import Remove, Run, Stop
from tests.builders import DEPLOYMENT, INGRESS, NAME, SERVICE, an_item, foreign
from tests.busy_cluster import BusyCluster
from tests.core.story import Story, told
from tests.strategies import items
from tests.wishes import IMAGES, Wish, canary, change, promote, wishes

CANARY = canary_name(NAME)

moments: st.SearchStrategy[Any] = st.one_of(
    wishes,
    wishes,
    st.integers(1, 3),
    st.sampled_from([1.0, 31.0, 299.0, 301.0]),
    st.frozensets(st.sampled_from([NAME, CANARY])),
)
"""A write; passes, with a moment for the cluster after each; seconds that pass; or which pods do not get ready."""

with_a_canary = [3, canary(IMAGES[1], weight=20), 3, 31.0, 2]
beginnings = st.sampled_from([[], [3], with_a_canary, [*with_a_canary, promote()], [*with_a_canary, promote(), 2]])
histories = st.builds(lambda first, then: [*first, *then], beginnings, st.lists(moments, min_size=1, max_size=12))


def with_everything_well(history: Sequence[Any]) -> Story:
    story = told(history)
    story.cluster.broken.clear()
    story.comes_to_rest()
    return story


@pytest.mark.behaviour("B14", "B16", "B20", "B21", "B25", "B27", "B34")
@given(history=histories, finalized=st.booleans())
def test_every_history_comes_to_rest_where_its_last_record_wants_it(history: list[Any], finalized: bool) -> None:
    story = told(history, finalized=finalized)
    story.cluster.broken.clear()

    story.comes_to_rest()

    kinds = {key.kind for key in story.cluster.objects if key.name != CANARY}
    match story.request().wish:
        case Run(endpoint):
            count = story.desired(endpoint)
            published = {Kind.INGRESS} if count else set()
            autoscaled = {Kind.AUTOSCALER} if endpoint.spec.autoscaled else set()
            assert kinds == {Kind.DEPLOYMENT, Kind.SERVICE} | published | autoscaled
            assert (story.status["state"], story.status["replicas_ready"]) == (State.RUNNING, count)
            assert story.has_canary() == (endpoint.spec.canary is not None)
            assert story.route() == story.route_at_rest(endpoint)
        case Stop():
            assert Kind.INGRESS not in kinds
            assert (story.status["state"], sum(story.cluster.pods.values())) == (State.STOPPED, 0)
        case Remove():
            assert story.cluster.objects == {}
    writes = len(story.cluster.writes)
    story.comes_to_rest()
    assert len(story.cluster.writes) == writes, "something was written in steady state"


@pytest.mark.behaviour("B14")
@given(first=histories, last=items())
def test_the_way_there_leaves_no_trace(first: list[Any], last: dict[str, Any]) -> None:
    detour, direct = with_everything_well(first), Story()

    for story in (detour, direct):
        story.item = {**last, "region_status": story.item["region_status"]}
        story.comes_to_rest()

    if isinstance(direct.request().wish, Run):
        assert detour.applied() == direct.applied()


@pytest.mark.behaviour("B19", "B28")
@given(history=histories, broken=st.sampled_from([{NAME}, {NAME, CANARY}]))
def test_what_has_no_ready_replica_is_off_the_load_balancer_in_the_end(history: list[Any], broken: set[str]) -> None:
    story = told(history)
    story.cluster.broken = set(broken)

    story.comes_to_rest()

    route = story.route()
    assert route is None or route.phase is Phase.STANDING_IN
    assert route is None or CANARY not in broken


@pytest.mark.behaviour("B20")
@given(history=histories)
def test_a_canary_that_is_never_ready_never_gets_a_share(history: list[Any]) -> None:
    story = told([moment for moment in history if not isinstance(moment, frozenset)], broken={CANARY})

    story.comes_to_rest()

    assert story.phases <= {Phase.UNPUBLISHED, Phase.ALONE}


@pytest.mark.behaviour("B19")
@given(history=histories)
def test_nothing_is_published_while_no_pod_gets_ready(history: list[Any]) -> None:
    story = told([moment for moment in history if not isinstance(moment, frozenset)], broken={NAME, CANARY})

    story.comes_to_rest()

    assert ("apply", INGRESS) not in story.cluster.writes


@pytest.mark.behaviour("B21")
@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("gpu_count", [0, 1])
def test_a_promotion_is_never_without_a_server(replicas: int, gpu_count: int) -> None:
    story = Story(item=an_item(spec={"image": IMAGES[0], "replicas": replicas, "gpu_count": gpu_count}))
    story.comes_to_rest()
    story.write(canary(IMAGES[1], weight=20))
    story.comes_to_rest()
    assert story.phases == {Phase.UNPUBLISHED, Phase.ALONE, Phase.WARMING, Phase.SPLIT}

    story.write(promote())
    story.comes_to_rest()

    is_without_primary = gpu_count == replicas == 1
    assert (Phase.CARRIED in story.phases) == is_without_primary
    assert Phase.DRAINING in story.phases
    assert story.phase() is Phase.ALONE
    assert not story.has_canary()


@pytest.mark.behaviour("B20")
@given(wish=wishes)
def test_every_change_of_the_spec_reaches_the_canary(wish: Wish) -> None:
    story = Story()
    story.write(canary(IMAGES[1], replicas=1))
    story.comes_to_rest()
    story.write(wish)

    story.comes_to_rest()

    endpoint = story.endpoint()
    if endpoint is not None and endpoint.spec.canary is not None:
        container = story.container(CANARY)
        assert container["image"] == endpoint.spec.canary.image
        assert container["ports"][0]["containerPort"] == endpoint.spec.port
        assert story.container(NAME)["image"] == endpoint.spec.image


@pytest.mark.behaviour("B13")
@given(history=histories, key=st.sampled_from([DEPLOYMENT, SERVICE, INGRESS]))
def test_foreign_objects_outlive_every_history_unchanged(history: list[Any], key: Any) -> None:
    made = Story()
    made.comes_to_rest()
    theirs = foreign(made.cluster.objects[key])
    cluster = BusyCluster()
    cluster.objects[key] = theirs

    story = told(history, cluster=cluster)

    assert cluster.objects[key] is theirs
    assert key not in [written for _, written in cluster.writes]
    assert story.last == Plan() or story.last.foreign or isinstance(story.request().wish, Remove | Stop)


@pytest.mark.behaviour("B16")
def test_turning_autoscaling_on_and_off_never_moves_the_count() -> None:
    story = Story(item=an_item(spec={"image": IMAGES[0], "replicas": 2}))
    story.comes_to_rest()
    story.cluster.load = 2

    for bounds in ({"enabled": True, "min_replicas": 1, "max_replicas": 5}, None, {"enabled": True}):
        story.write(change(autoscaling=bounds))
        story.comes_to_rest()

    assert story.cluster.replica_writes == []


@pytest.mark.behaviour("B20", "B28")
def test_a_canary_scaled_to_nothing_gets_no_share_and_is_not_waited_for() -> None:
    story = Story()
    story.write(canary(IMAGES[1], weight=20))
    story.comes_to_rest()

    story.write(canary(IMAGES[1], weight=20, replicas=0))
    began = story.now
    story.comes_to_rest()

    assert story.phase() is Phase.ALONE
    assert story.now == began
