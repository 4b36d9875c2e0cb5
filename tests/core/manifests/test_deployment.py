from typing import Any

import pytest

from gco_stream.core.manifests.ownership import TEMPLATE_VERSION
from tests.builders import NAME, an_endpoint, deployment_of


def strategy(**spec: Any) -> dict[str, Any]:
    rolling: dict[str, Any] = deployment_of(an_endpoint(**spec))["spec"]["strategy"]["rollingUpdate"]
    return rolling


@pytest.mark.behaviour("B30")
def test_the_selector_is_the_one_that_can_never_change() -> None:
    assert deployment_of(an_endpoint())["spec"]["selector"] == {"matchLabels": {"app": NAME}}


@pytest.mark.behaviour("B16")
@pytest.mark.parametrize("replicas", [0, 1, 5])
def test_the_replica_count_is_always_said(replicas: int) -> None:
    assert deployment_of(an_endpoint(), replicas=replicas)["spec"]["replicas"] == replicas


@pytest.mark.behaviour("B31")
def test_with_an_accelerator_the_old_pod_goes_first() -> None:
    assert strategy(gpu_count=1) == {"maxSurge": 0, "maxUnavailable": 1}
    assert strategy(gpu_count=2, accelerator="neuron") == {"maxSurge": 0, "maxUnavailable": 1}


@pytest.mark.behaviour("B31")
def test_without_one_kubernetes_default_counts() -> None:
    assert strategy(gpu_count=0) == {"maxSurge": "25%", "maxUnavailable": "25%"}


@pytest.mark.behaviour("B31")
@pytest.mark.parametrize(
    ("rollout", "wanted"),
    [
        ({"max_surge": 1, "max_unavailable": 0}, {"maxSurge": 1, "maxUnavailable": 0}),
        ({"max_surge": "50%", "max_unavailable": "0%"}, {"maxSurge": "50%", "maxUnavailable": "0%"}),
        ({"max_surge": 2}, {"maxSurge": 2, "maxUnavailable": 1}),
        ({"max_surge": 0}, {"maxSurge": 0, "maxUnavailable": 1}),
        ({"max_unavailable": 2}, {"maxSurge": 0, "maxUnavailable": 2}),
        ({"max_unavailable": 0}, {"maxSurge": 1, "maxUnavailable": 0}),
    ],
)
def test_the_record_overrides_how_pods_are_replaced(rollout: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert strategy(rollout=rollout) == wanted


@pytest.mark.behaviour("B31")
def test_a_rollout_has_half_an_hour_unless_the_record_says_otherwise() -> None:
    assert deployment_of(an_endpoint())["spec"]["progressDeadlineSeconds"] == 1800
    other = an_endpoint(rollout={"progress_deadline_seconds": "60"})
    assert deployment_of(other)["spec"]["progressDeadlineSeconds"] == 60


@pytest.mark.behaviour("B30")
def test_the_templates_version_is_a_label_and_the_history_is_short() -> None:
    deployment = deployment_of(an_endpoint())

    assert deployment["metadata"]["labels"][TEMPLATE_VERSION] == "2"
    assert "annotations" not in deployment["metadata"]
    assert deployment["spec"]["revisionHistoryLimit"] == 2
