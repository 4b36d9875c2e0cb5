"""Whether a new version means a time without a server."""

from typing import Any

import pytest

from gco_stream.core.interruption import interrupts
from tests.builders import an_endpoint, deployment_of


@pytest.mark.behaviour("B31")
@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, True),
        ({"replicas": 2}, False),
        ({"replicas": 0}, False),
        ({"gpu_count": 0}, False),
        ({"rollout": {"max_surge": 1, "max_unavailable": 0}}, False),
        ({"rollout": {"max_unavailable": 0}}, False),
        ({"rollout": {"max_surge": 1}}, True),
        ({"rollout": {"max_surge": "25%", "max_unavailable": "99%"}}, False),
        ({"rollout": {"max_surge": "25%", "max_unavailable": "100%"}}, True),
        # Neither may be: Kubernetes then takes one away.
        ({"rollout": {"max_surge": 0, "max_unavailable": "25%"}}, True),
    ],
)
def test_only_where_the_one_pod_goes_before_the_next_is_ready(spec: dict[str, Any], expected: bool) -> None:
    assert interrupts(deployment_of(an_endpoint(**spec))) is expected


def test_what_is_not_said_is_kubernetes_default() -> None:
    assert interrupts({"spec": {}}) is False
