from typing import Any

import pytest

from gco_stream.core.models import Manifest
from gco_stream.core.sightings import objects_told, pods_told
from tests.builders import (
    a_live,
    a_spec,
    an_endpoint,
    an_item,
    changed,
    everything_of,
    leaving,
    manifests_of,
    observed,
)
from tests.core.situations import findings, pod, running, unready, with_pods

pytestmark = pytest.mark.behaviour("B50")


def told(*objects: Manifest, **spec: Any) -> tuple[str, ...]:
    return objects_told(findings(an_item(spec=a_spec(**spec)), observed(*objects, pods=())))


def deployment() -> Manifest:
    return next(iter(everything_of(an_endpoint()).objects.values()))


def test_what_is_going_says_what_it_waits_for() -> None:
    (line,) = told(changed(leaving(deployment()), finalizers=["acme.io/guard"]))

    assert "is being deleted, waits for acme.io/guard" in line


def test_another_endpoints_object_is_named_as_such() -> None:
    labels = {"app.kubernetes.io/managed-by": "gco-stream", "gco.io/endpoint": "other"}

    (line,) = told(changed(deployment(), labels=labels))

    assert "is another endpoint's" in line


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({}, "1 to 8 replicas"),
        ({"desiredReplicas": 3}, "1 to 8 replicas, wants 3 now"),
        (
            {"conditions": [{"type": "ScalingActive", "status": "False", "message": "no metrics"}]},
            "1 to 8 replicas, cannot scale: no metrics",
        ),
    ],
)
def test_an_autoscaler_says_its_bounds_its_wish_and_its_trouble(status: dict[str, Any], said: str) -> None:
    scaling = {"enabled": True, "max_replicas": 8}
    manifests = manifests_of(an_endpoint(autoscaling=scaling))
    scaler = next(m for kind, m in manifests.items() if kind == "HorizontalPodAutoscaler")

    (line,) = told({**a_live(scaler), "status": status}, autoscaling=scaling)

    assert line.startswith(f"HorizontalPodAutoscaler llama: {said}, made")


def test_pods_in_trouble_come_first_and_a_crowd_is_counted() -> None:
    pods = (*(pod(number) for number in range(20)), unready(99))

    lines = pods_told(findings(an_item(), with_pods(running().observed, *pods)))

    assert lines[0].startswith("llama-5d8f-99: ")
    assert (len(lines), lines[-1]) == (13, "and 9 more, 9 of them ready")


def test_a_pod_that_goes_and_one_without_a_word_are_told_apart() -> None:
    mute = {**pod(1), "status": {}}
    going = changed(pod(2), deletionTimestamp="2026-03-01T11:59:00Z")

    lines = pods_told(findings(an_item(), with_pods(running().observed, mute, going)))

    assert lines == (
        "llama-5d8f-1: not ready yet (Pending), on gpu-a10g-1",
        "llama-5d8f-2: is on its way out, on gpu-a10g-2",
    )
