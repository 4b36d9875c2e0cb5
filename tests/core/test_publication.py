from dataclasses import replace

import pytest

from gco_stream.core.models import Observed, Scope
from gco_stream.core.publication import LOAD_BALANCER_FULL, Publication, decide_publication
from tests.builders import (
    DEPLOYMENT,
    NAME,
    SCOPE,
    SERVICE,
    a_deployment_status,
    an_endpoint,
    everything_of,
    leaving,
)


def decided(seen: Observed, *, replicas: int = 1, scope: Scope = SCOPE) -> Publication:
    return decide_publication(NAME, seen, scope, replicas=replicas)


def ready(*, published: bool = False) -> Observed:
    return everything_of(an_endpoint(), published=published)


@pytest.mark.behaviour("B19")
def test_an_endpoint_is_published_at_its_first_ready_replica() -> None:
    loading = everything_of(an_endpoint(), published=False, **a_deployment_status(1, ready=0))

    assert decided(loading) == Publication(is_on=False, why="no replica is ready")
    assert decided(ready()).is_on


@pytest.mark.behaviour("B19")
def test_nothing_is_published_before_there_is_a_deployment() -> None:
    assert not decided(Observed()).is_on


@pytest.mark.behaviour("B19")
def test_what_is_published_stays_so_while_no_replica_is_ready() -> None:
    assert decided(everything_of(an_endpoint(), **a_deployment_status(1, ready=0))).is_on


@pytest.mark.behaviour("B14", "B19")
def test_what_is_published_stays_so_while_a_deleted_deployment_is_made_again() -> None:
    assert decided(ready(published=True).after(DEPLOYMENT, None)).is_on


@pytest.mark.behaviour("B16", "B19")
def test_an_endpoint_of_no_replicas_is_not_published() -> None:
    assert decided(ready(published=True), replicas=0) == Publication(is_on=False, why="no replica is wanted")


@pytest.mark.behaviour("B19")
def test_nothing_is_published_before_a_service_that_is_going() -> None:
    seen = ready()

    assert not decided(seen.after(SERVICE, leaving(seen.objects[SERVICE]))).is_on


@pytest.mark.behaviour("B19")
@pytest.mark.parametrize(("there", "is_on"), [(0, True), (89, True), (90, False), (91, False)])
def test_the_load_balancer_takes_no_more_than_its_target_groups(there: int, is_on: bool) -> None:
    decision = decided(replace(ready(), target_groups=there))

    assert decision.is_on is is_on
    assert decision.withheld == (None if is_on else LOAD_BALANCER_FULL)


@pytest.mark.behaviour("B19")
def test_a_full_load_balancer_takes_nothing_away_from_who_is_on_it() -> None:
    assert decided(replace(ready(published=True), target_groups=200)).is_on


@pytest.mark.behaviour("B19")
def test_the_room_on_the_load_balancer_is_a_setting() -> None:
    scope = replace(SCOPE, target_groups=2)

    assert decided(replace(ready(), target_groups=2), scope=scope).withheld == LOAD_BALANCER_FULL
