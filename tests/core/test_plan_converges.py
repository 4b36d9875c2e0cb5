"""Whatever is asked for, in whatever order: plans lead there, and then there is nothing left to plan."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.models import Apply, Delete, Kind, Observed
from gco_stream.core.plan import Plan, make_plan
from gco_stream.core.rollout import read_rollout
from gco_stream.core.status import State
from gco_stream.core.wish import Remove, Request, Run, Stop
from tests.builders import DEPLOYMENT, INGRESS, NAME, NOW, SCOPE, SERVICE, a_request, foreign, status_of
from tests.cluster_model import ClusterModel
from tests.strategies import items

histories = st.lists(st.tuples(items(), st.integers(0, 3)), min_size=1, max_size=5)
"""Records one after the other, and how many passes each has before the next one comes."""


def look(cluster: ClusterModel, request: Request) -> Plan:
    """One pass, held to what must be true after every single write."""
    seen = cluster.observe(NAME)
    plan = make_plan(request, seen, SCOPE, now=NOW)
    for action in plan.actions:
        if isinstance(action, Apply) and action.key == INGRESS:
            check_publishing(seen, cluster, is_new=INGRESS not in seen.objects)
        if isinstance(action, Delete) and action.key in (SERVICE, DEPLOYMENT):
            assert is_leaving_or_gone(cluster), "something behind an Ingress went before it"
        cluster.carry_out(action)
    return plan


def check_publishing(seen: Observed, cluster: ClusterModel, *, is_new: bool) -> None:
    assert SERVICE in cluster.objects, "an Ingress without its Service"
    deployment = seen.deployment(NAME)
    assert deployment is not None
    assert not is_new or read_rollout(deployment).ready > 0, "published without a ready replica"


def is_leaving_or_gone(cluster: ClusterModel) -> bool:
    ingress = cluster.objects.get(INGRESS)
    return ingress is None or "deletionTimestamp" in ingress["metadata"]


def converge(cluster: ClusterModel, request: Request) -> None:
    for _ in range(8):
        plan = look(cluster, request)
        cluster.work()
        if plan == Plan() and make_plan(request, cluster.observe(NAME), SCOPE, now=NOW) == Plan():
            return
    raise AssertionError("never comes to rest")


def live_through(cluster: ClusterModel, history: Sequence[tuple[dict[str, Any], int]]) -> Request:
    """Let records follow each other faster than the cluster works; the last one has all the time it needs."""
    for item, passes in history:
        for _ in range(passes):
            look(cluster, a_request(item))
            if passes > 1:
                cluster.work()
    request = a_request(history[-1][0])
    converge(cluster, request)
    return request


@pytest.mark.behaviour("B14")
@pytest.mark.behaviour("B25")
@pytest.mark.behaviour("B27")
@given(history=histories, finalized=st.booleans())
def test_every_history_comes_to_rest_where_its_last_record_wants_it(
    history: list[tuple[dict[str, Any], int]], finalized: bool
) -> None:
    cluster = ClusterModel(finalized=finalized)

    request = live_through(cluster, history)

    kinds, writes = {key.kind for key in cluster.objects}, len(cluster.writes)
    status = status_of(request, cluster.observe(NAME)) if not isinstance(request.wish, Remove) else None
    match request.wish:
        case Run(endpoint):
            published = {Kind.INGRESS} if endpoint.spec.replicas else set()
            assert kinds == {Kind.DEPLOYMENT, Kind.SERVICE} | published
            assert status is not None
            assert (status.state, status.replicas_ready) == (State.RUNNING, endpoint.spec.replicas)
        case Stop():
            assert Kind.INGRESS not in kinds
            assert status is not None
            assert (status.state, cluster.pods.get(NAME, 0)) == (State.STOPPED, 0)
        case Remove():
            assert kinds == set()
    converge(cluster, request)
    assert len(cluster.writes) == writes, "something was written in steady state"


@pytest.mark.behaviour("B14")
@given(first=items(), last=items())
def test_the_way_there_leaves_no_trace(first: dict[str, Any], last: dict[str, Any]) -> None:
    direct, detour = ClusterModel(), ClusterModel()
    for item in (first, last):
        converge(detour, a_request(item))

    request = a_request(last)
    converge(direct, request)

    if isinstance(request.wish, Run):
        assert {key: live["spec"] for key, live in detour.objects.items()} == {
            key: live["spec"] for key, live in direct.objects.items()
        }


@pytest.mark.behaviour("B19")
@given(history=histories)
def test_nothing_is_published_while_no_pod_gets_ready(history: list[tuple[dict[str, Any], int]]) -> None:
    cluster = ClusterModel(can_be_ready=False)

    live_through(cluster, history)

    assert ("apply", INGRESS) not in cluster.writes


@pytest.mark.behaviour("B13")
@given(history=histories, key=st.sampled_from([DEPLOYMENT, SERVICE, INGRESS]))
def test_foreign_objects_outlive_every_history_unchanged(history: list[tuple[dict[str, Any], int]], key: Any) -> None:
    made = ClusterModel()
    converge(made, a_request(spec={"image": "acme/llama:1"}))
    theirs = foreign(made.objects[key])
    cluster = ClusterModel(objects={key: theirs})

    for item, _ in history:
        look(cluster, a_request(item))

    assert cluster.objects[key] is theirs
    assert key not in [written for _, written in cluster.writes]
