"""Whatever passes came before: an endpoint at rest is left alone, and one with anything to do is not."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco_stream.core.conclusions import may_be_promoted, may_be_purged
from gco_stream.core.convergence import is_converged
from gco_stream.core.models import Item, Observed
from gco_stream.core.plan import make_plan
from gco_stream.core.projection import project
from gco_stream.core.record import read_record
from gco_stream.core.report import Outcome, region_status
from gco_stream.core.status import to_write
from gco_stream.core.wish import Run, read_request
from tests.builders import (
    DEPLOYMENT,
    INGRESS,
    NAME,
    NOW,
    REGION,
    SCOPE,
    SERVICE,
    a_spec,
    an_endpoint,
    an_item,
    container_of,
    everything_of,
)
from tests.cluster_model import ClusterModel
from tests.strategies import items

NOTHING = Observed()
EVERYTHING = everything_of(an_endpoint())


def thin(seen: Observed) -> Observed:
    """What a watch shows of it: projections, and no pods."""
    return Observed(objects={key: project(live) for key, live in seen.objects.items()})


def is_left_alone(item: Item, seen: Observed) -> bool:
    return is_converged(item, thin(seen), SCOPE, now=NOW)


def a_pass(cluster: ClusterModel, item: Item) -> tuple[dict[str, Any] | None, bool]:
    """Do what the reconciler does; return the record after it, and whether anything was written anywhere."""
    request, seen, writes = read_request(NAME, item, SCOPE), cluster.observe(NAME), len(cluster.writes)
    plan = make_plan(request, seen, SCOPE, now=NOW)
    for action in plan.actions:
        seen = seen.after(action.key, cluster.carry_out(action))
    status = region_status(request, Outcome(plan=plan, observed=seen), SCOPE, now=NOW)
    written = None if status is None else to_write(status, request.status(SCOPE.region), now=NOW)
    after = dict(item)
    if written is not None:
        after["region_status"] = {**request.region_status, REGION: written}
    record = request.record
    if record is not None:
        record = read_record(after)
        if may_be_purged(record):
            return None, True
        if may_be_promoted(after, record):
            after["desired_state"] = "running"
    return after, after != item or len(cluster.writes) > writes


def at_rest(cluster: ClusterModel, item: dict[str, Any]) -> dict[str, Any] | None:
    """Let passes and the cluster's own work follow each other until nothing is written any more."""
    current: dict[str, Any] | None = item
    for _ in range(12):
        if current is None:
            return None
        current, is_written = a_pass(cluster, current)
        before = copy.deepcopy(cluster.objects)
        cluster.work()
        if not is_written and cluster.objects == before:
            return current
    raise AssertionError("never comes to rest")


histories = st.lists(st.tuples(items(), st.integers(0, 2)), max_size=3)


def lived_through(history: Sequence[tuple[dict[str, Any], int]]) -> ClusterModel:
    cluster = ClusterModel()
    for item, passes in history:
        current: dict[str, Any] | None = item
        for _ in range(passes):
            current, _ = a_pass(cluster, current or item)
            cluster.work()
    return cluster


@pytest.mark.behaviour("B5")
@given(history=histories, item=items())
def test_an_endpoint_at_rest_is_left_alone(history: list[tuple[dict[str, Any], int]], item: dict[str, Any]) -> None:
    cluster = lived_through(history)

    final = at_rest(cluster, item)

    assert final is None or is_left_alone(final, cluster.observe(NAME))


@pytest.mark.behaviour("B5")
@given(history=histories, item=items(), data=st.data())
def test_an_endpoint_of_which_a_pass_would_write_anything_is_never_left_alone(
    history: list[tuple[dict[str, Any], int]], item: dict[str, Any], data: st.DataObject
) -> None:
    cluster = lived_through(history)
    current: dict[str, Any] | None = item
    for _ in range(data.draw(st.integers(0, 5))):
        current, _ = a_pass(cluster, current or item)
        if data.draw(st.booleans()):
            cluster.work()
    there = current or item

    left_alone = is_left_alone(there, cluster.observe(NAME))
    _, is_written = a_pass(cluster, there)

    assert not (left_alone and is_written)


def edit(key: Any, change: Callable[[Any], object]) -> Callable[[ClusterModel], object]:
    return lambda cluster: change(cluster.objects[key])


HAND_MADE: dict[str, Callable[[ClusterModel], object]] = {
    "image": edit(DEPLOYMENT, lambda live: container_of(live).update(image="hacked")),
    "variable": edit(DEPLOYMENT, lambda live: container_of(live)["env"][0].update(value="hacked")),
    "variable gone": edit(DEPLOYMENT, lambda live: container_of(live)["env"].pop()),
    "replicas": edit(DEPLOYMENT, lambda live: live["spec"].update(replicas=7)),
    "label": edit(DEPLOYMENT, lambda live: live["metadata"]["labels"].pop("project")),
    "empty label": edit(DEPLOYMENT, lambda live: live["metadata"]["labels"].pop("empty")),
    "mark": edit(DEPLOYMENT, lambda live: live["metadata"]["labels"].pop("gco.io/endpoint")),
    "probe": edit(DEPLOYMENT, lambda live: container_of(live)["livenessProbe"].update(periodSeconds=1)),
    "selector": edit(SERVICE, lambda live: live["spec"]["selector"].update(version="2")),
    "target port": edit(SERVICE, lambda live: live["spec"]["ports"][0].update(targetPort=1)),
    "path": edit(INGRESS, lambda live: live["spec"]["rules"][0]["http"]["paths"][0].update(path="/x")),
    "annotation": edit(INGRESS, lambda live: live["metadata"]["annotations"].clear()),
    "no Deployment": lambda cluster: cluster.objects.pop(DEPLOYMENT),
    "no Service": lambda cluster: cluster.objects.pop(SERVICE),
    "no Ingress": lambda cluster: cluster.objects.pop(INGRESS),
    "a replica lost": edit(DEPLOYMENT, lambda live: live["status"].pop("readyReplicas")),
    "leaving": edit(INGRESS, lambda live: live["metadata"].update(deletionTimestamp="2026-03-01T12:00:00Z")),
}


def at_rest_and_running() -> tuple[ClusterModel, dict[str, Any]]:
    cluster = ClusterModel()
    item = at_rest(cluster, an_item(spec=a_spec(env={"A": "1", "B": "2"}), labels={"empty": ""}))
    assert item is not None
    return cluster, item


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize("change", HAND_MADE.values(), ids=HAND_MADE)
def test_whatever_somebody_did_by_hand_is_looked_at(change: Callable[[ClusterModel], object]) -> None:
    cluster, item = at_rest_and_running()
    assert is_left_alone(item, cluster.observe(NAME))

    change(cluster)

    assert not is_left_alone(item, cluster.observe(NAME))


@given(other=items())
def test_another_wish_is_looked_at(other: dict[str, Any]) -> None:
    cluster, item = at_rest_and_running()
    changed = {**other, "region_status": item["region_status"]}

    wishes = [read_request(NAME, wanted, SCOPE).wish for wanted in (item, changed)]

    is_same = wishes[0] == wishes[1] and isinstance(wishes[1], Run) and other["desired_state"] == "running"
    assert is_left_alone(changed, cluster.observe(NAME)) is is_same


def test_an_unclear_record_that_was_reported_as_such_is_left_alone() -> None:
    item, _ = a_pass(ClusterModel(), an_item(spec={"image": ""}))

    assert is_left_alone(item or {}, NOTHING)
