"""Whether an endpoint is left alone by a resync: only if a pass would change nothing."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from gco_stream.core.convergence import is_converged
from gco_stream.core.models import Item, Manifest, Observed
from gco_stream.core.projection import project
from tests.builders import (
    DEPLOYMENT,
    ELSEWHERE,
    INGRESS,
    NOW,
    REGION,
    SCOPE,
    SERVICE,
    a_deployment_status,
    a_live,
    a_spec,
    a_status,
    an_endpoint,
    an_item,
    deployment_of,
    everything_of,
    foreign,
    leaving,
    observed,
)
from tests.strategies import junk_items

NOTHING = Observed()
EVERYTHING = everything_of(an_endpoint())


def thin(seen: Observed) -> Observed:
    """What a watch shows of it: projections, and no pods."""
    return Observed(objects={key: project(live) for key, live in seen.objects.items()})


def is_left_alone(item: Item, seen: Observed) -> bool:
    return is_converged(item, thin(seen), SCOPE, now=NOW)


def reporting(state: str, *, item: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    """A record that asks for what it asks for, with this region's status."""
    wanted = an_item(desired_state="running") if item is None else item
    return wanted | {"region_status": {REGION: a_status(state, wanted, **status)}}


def stopped(state: str = "stopped", **status: Any) -> dict[str, Any]:
    counters = {"replicas_ready": 0, "replicas_desired": 0, "published": False}
    return reporting(state, item=an_item(desired_state="stopped"), **(counters | status))


def at_zero(**status: Any) -> Observed:
    live = a_live(deployment_of(an_endpoint(), replicas=0), **(status or a_deployment_status(0)))
    return observed(live, EVERYTHING.objects[SERVICE])


def without(*keys: Any, seen: Observed = EVERYTHING) -> Observed:
    return replace(seen, objects={key: live for key, live in seen.objects.items() if key not in keys})


def with_instead(key: Any, live: Manifest) -> Observed:
    return EVERYTHING.after(key, live)


def elsewhere(**fields: Any) -> dict[str, Any]:
    return an_item(target_regions=[ELSEWHERE], **fields)


CONVERGED: dict[str, tuple[Item, Observed]] = {
    "runs": (reporting("running"), EVERYTHING),
    "runs here and not yet elsewhere": (
        reporting("running", item=an_item(target_regions=[REGION, ELSEWHERE])),
        EVERYTHING,
    ),
    "runs no replica": (
        reporting(
            "running",
            item=an_item(desired_state="running", spec=a_spec(replicas=0)),
            replicas_ready=0,
            replicas_desired=0,
            published=False,
        ),
        at_zero(),
    ),
    "stopped": (stopped(), at_zero()),
    "stopped before anything was made": (stopped(), NOTHING),
    "meant for another region": (elsewhere(), NOTHING),
    "gone from this region": (
        reporting("deleted", item=elsewhere(), replicas_ready=0, replicas_desired=0, published=False),
        NOTHING,
    ),
    "deleted here and not yet elsewhere": (
        reporting(
            "deleted",
            item=an_item(desired_state="deleted", target_regions=[REGION, ELSEWHERE]),
            replicas_ready=0,
            replicas_desired=0,
            published=False,
        ),
        NOTHING,
    ),
}

UNFINISHED: dict[str, tuple[Item, Observed]] = {
    "new": (an_item(), NOTHING),
    "never reported": (an_item(desired_state="running"), EVERYTHING),
    "to be promoted": (reporting("running", item=an_item()), EVERYTHING),
    "reported for an older record": (reporting("running", observed_spec="older"), EVERYTHING),
    "reported by another cluster": (reporting("running", cluster="theirs"), EVERYTHING),
    "reported with another count": (reporting("running", replicas_ready=0), EVERYTHING),
    "no Deployment": (reporting("running"), without(DEPLOYMENT)),
    "no Service": (reporting("running"), without(SERVICE)),
    "no Ingress": (reporting("running"), without(INGRESS)),
    "foreign Service": (reporting("running"), with_instead(SERVICE, foreign(EVERYTHING.objects[SERVICE]))),
    "Service that is leaving": (reporting("running"), with_instead(SERVICE, leaving(EVERYTHING.objects[SERVICE]))),
    "rolling out": (
        reporting("updating", reason="RolloutInProgress"),
        everything_of(an_endpoint(), **a_deployment_status(1, updated=0, old=1, progress="ReplicaSetUpdated")),
    ),
    "degraded": (
        reporting("running", reason="Degraded"),
        everything_of(an_endpoint(), **a_deployment_status(1, ready=0)),
    ),
    "overdue": (
        reporting("error", reason="ProgressDeadlineExceeded", error="m", replicas_ready=0),
        everything_of(
            an_endpoint(), **a_deployment_status(1, ready=0, progress="ProgressDeadlineExceeded", message="m")
        ),
    ),
    "stopped with replicas": (stopped(), without(INGRESS)),
    "stopped and published": (stopped(), at_zero().after(INGRESS, EVERYTHING.objects[INGRESS])),
    "stopping": (stopped("stopping"), at_zero()),
    "stopped, unheard": (stopped(), at_zero(observedGeneration=0)),
    "deleted, with something left": (
        reporting("deleted", item=an_item(desired_state="deleted"), replicas_ready=0, published=False),
        without(INGRESS, DEPLOYMENT),
    ),
    "to be purged": (
        reporting(
            "deleted",
            item=an_item(desired_state="deleted"),
            replicas_ready=0,
            replicas_desired=0,
            published=False,
        ),
        NOTHING,
    ),
    "no target, with something left": (elsewhere(), without(INGRESS, DEPLOYMENT)),
    "unclear and not yet said": (an_item(desired_state="sideways"), NOTHING),
}


@pytest.mark.behaviour("B5")
@pytest.mark.parametrize(("item", "seen"), CONVERGED.values(), ids=CONVERGED)
def test_an_endpoint_that_is_and_is_reported_as_wanted_is_left_alone(item: Item, seen: Observed) -> None:
    assert is_left_alone(item, seen)


@pytest.mark.behaviour("B5")
@pytest.mark.parametrize(("item", "seen"), UNFINISHED.values(), ids=UNFINISHED)
def test_an_endpoint_that_is_not_as_wanted_or_not_reported_so_is_looked_at(item: Item, seen: Observed) -> None:
    assert not is_left_alone(item, seen)


@given(item=junk_items())
def test_whatever_a_record_holds_a_resync_gets_past_it(item: dict[str, Any]) -> None:
    assert is_left_alone(item, EVERYTHING) in (True, False)
