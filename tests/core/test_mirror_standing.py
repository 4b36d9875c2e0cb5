"""Whose objects stand in the cluster, as far as the watch has shown: what the brake counts."""

from typing import Any

import pytest

from gco_stream.core.mirror import Mirror
from gco_stream.core.models import EndpointName, Kind, Manifest, ObjectKey
from gco_stream.core.projection import project
from tests.builders import DEPLOYMENT, INGRESS, NAME, SERVICE, an_endpoint, changed, everything_of, foreign, leaving

pytestmark = pytest.mark.behaviour("B12")

EVERYTHING = everything_of(an_endpoint()).objects


def mirror_of(*objects: Manifest) -> Mirror:
    mirror = Mirror()
    for live in objects:
        mirror.note(ObjectKey(Kind(live["kind"]), live["metadata"]["name"]), project(live))
    return mirror


def marked(live: Manifest, endpoint: str, **metadata: Any) -> dict[str, Any]:
    return changed(live, labels={**live["metadata"]["labels"], "gco.io/endpoint": endpoint}, **metadata)


@pytest.mark.parametrize("key", [DEPLOYMENT, SERVICE, INGRESS], ids=str)
def test_one_object_of_ours_is_enough(key: ObjectKey) -> None:
    assert mirror_of(EVERYTHING[key]).standing() == {NAME}


def test_an_endpoint_counts_once_and_a_canary_for_its_endpoint() -> None:
    canary = changed(EVERYTHING[DEPLOYMENT], name=f"{NAME}-canary", uid="uid-of-canary")

    assert mirror_of(*EVERYTHING.values(), canary).standing() == {NAME}


def test_what_is_not_ours_does_not_count() -> None:
    assert mirror_of(foreign(EVERYTHING[SERVICE])).standing() == frozenset()


def test_a_copy_of_ours_under_another_name_does_not_count() -> None:
    assert mirror_of(marked(EVERYTHING[SERVICE], NAME, name="copy")).standing() == frozenset()


def test_what_is_leaving_does_not_count() -> None:
    assert mirror_of(leaving(EVERYTHING[INGRESS])).standing() == frozenset()
    assert mirror_of(leaving(EVERYTHING[INGRESS]), EVERYTHING[SERVICE]).standing() == {NAME}


def test_what_somebody_holds_does_not_count() -> None:
    held = changed(EVERYTHING[DEPLOYMENT], annotations={"gco.io/hold": "being looked at"})
    other = marked(EVERYTHING[SERVICE], "other", name="other", uid="uid-of-other")

    assert mirror_of(held, EVERYTHING[SERVICE], other).standing() == {EndpointName("other")}
