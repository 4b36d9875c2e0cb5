"""An Ingress says which Service gets which share, and is read back as it was written, whatever else is in it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from gco_stream.core.manifests.ingress import ingress
from gco_stream.core.models import Manifest
from gco_stream.core.route import (
    ACTION_ANNOTATION,
    WARMING_SINCE,
    Phase,
    Route,
    action_of,
    annotations_of,
    read_route,
    target_groups_of,
)
from tests.builders import NAME, NOW, SCOPE, a_live, an_endpoint

SINCE = NOW - timedelta(seconds=5)
ROUTES = {
    Phase.ALONE: Route(),
    Phase.WARMING: Route(primary=100, canary=0, warming_since=SINCE),
    Phase.SPLIT: Route(primary=93, canary=7),
    Phase.DRAINING: Route(primary=100, canary=0, draining_since=SINCE),
    Phase.CARRIED: Route(primary=0, canary=100, warming_since=SINCE),
    Phase.STANDING_IN: Route(primary=None, canary=100),
}


def an_ingress(action: object = None, **annotations: str) -> Manifest:
    """A live Ingress whose action says this; what is no text is written as JSON."""
    text = action if isinstance(action, str) else json.dumps(action)
    return {"metadata": {"annotations": {**({} if action is None else {ACTION_ANNOTATION: text}), **annotations}}}


def leading_to(*groups: Any) -> dict[str, Any]:
    return {"type": "forward", "forwardConfig": {"targetGroups": list(groups)}}


def a_group(service: str, weight: object) -> dict[str, object]:
    return {"serviceName": service, "servicePort": 80, "weight": weight}


@pytest.mark.behaviour("B20")
@pytest.mark.parametrize("phase", ROUTES)
def test_a_route_is_read_from_an_ingress_as_it_was_written(phase: Phase) -> None:
    live = a_live(ingress(an_endpoint(), SCOPE, route=ROUTES[phase]))

    assert read_route(live, NAME) == ROUTES[phase]
    assert ROUTES[phase].phase is phase
    assert target_groups_of(live) == ROUTES[phase].target_groups


@pytest.mark.behaviour("B20")
def test_an_action_is_canonical_and_all_its_numbers_are_whole() -> None:
    assert action_of(Route(primary=90, canary=10), NAME) == (
        '{"type":"forward","forwardConfig":{"targetGroups":['
        '{"serviceName":"llama","servicePort":80,"weight":90},'
        '{"serviceName":"llama-canary","servicePort":80,"weight":10}]}}'
    )


@pytest.mark.behaviour("B20")
def test_who_has_no_target_group_is_not_in_the_action() -> None:
    alone = action_of(Route(primary=None, canary=100), NAME)

    assert alone is not None
    assert '"llama"' not in alone
    assert action_of(Route(), NAME) is None
    assert set(annotations_of(Route(), NAME).values()) == {None}


def test_without_an_ingress_there_is_no_route() -> None:
    assert read_route(None, NAME) is None


@pytest.mark.parametrize(
    "action",
    [
        None,
        "{",
        "[]",
        "7",
        {"forwardConfig": None},
        {"forwardConfig": {"targetGroups": {"llama-canary": 10}}},
        leading_to("llama-canary", 7, None),
        leading_to(a_group("llama", 90), a_group("llama-canary", 10.0)),
        leading_to(a_group("llama", 90), a_group("llama-canary", "10")),
        leading_to(a_group("llama", 90), a_group("llama-canary", True)),
        leading_to(a_group("llama", 90), a_group("other-canary", 10)),
    ],
    ids=str,
)
def test_what_is_not_readable_leads_to_the_endpoint(action: object) -> None:
    assert read_route(an_ingress(action), NAME) == Route()


def test_annotations_may_be_missing_and_times_be_nonsense() -> None:
    warming = leading_to(a_group("llama", 100), a_group("llama-canary", 0))

    assert read_route({"metadata": {"annotations": None}}, NAME) == Route()
    assert read_route({"metadata": {}}, NAME) == Route()
    assert read_route(an_ingress(warming, **{WARMING_SINCE: "soon"}), NAME) == Route(primary=100, canary=0)


@pytest.mark.behaviour("B19")
@pytest.mark.parametrize(
    ("action", "groups"),
    [
        (None, 1),
        ("{", 1),
        (leading_to(), 1),
        (leading_to({"serviceName": "theirs", "servicePort": 80}), 1),
        (leading_to(*(a_group(f"theirs-{number}", 20) for number in range(5))), 5),
    ],
)
def test_every_ingress_takes_at_least_one_target_group_whoever_made_it(action: object, groups: int) -> None:
    assert target_groups_of(an_ingress(action)) == groups
