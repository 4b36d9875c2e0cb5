import json
from typing import Any

import pytest
from hypothesis import given

from gco_stream.core.manifests.autoscaler import autoscaler
from gco_stream.core.models import Manifest
from gco_stream.core.record import read_endpoint
from tests.builders import NAME, SCOPE, a_spec, an_endpoint, an_item, as_stored
from tests.strategies import autoscalings

pytestmark = pytest.mark.behaviour("B34")


def rendered(**autoscaling: Any) -> Manifest:
    return autoscaler(an_endpoint(autoscaling={"enabled": True, **autoscaling}), SCOPE)


def metrics_of(manifest: Manifest) -> list[tuple[str, int]]:
    resources = [metric["resource"] for metric in manifest["spec"]["metrics"]]
    return [(resource["name"], resource["target"]["averageUtilization"]) for resource in resources]


def test_the_autoscaler_has_the_name_of_the_deployment_that_it_scales() -> None:
    manifest = rendered()

    assert (manifest["apiVersion"], manifest["kind"]) == ("autoscaling/v2", "HorizontalPodAutoscaler")
    assert manifest["metadata"]["name"] == NAME
    assert manifest["spec"]["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}


def test_it_carries_our_marks_and_the_users_labels() -> None:
    endpoint = an_endpoint(labels={"team": "nlp"}, autoscaling={"enabled": True})

    metadata = autoscaler(endpoint, SCOPE)["metadata"]

    assert metadata["namespace"] == SCOPE.namespace
    assert metadata["labels"] == {
        "app": NAME,
        "app.kubernetes.io/managed-by": "gco-stream",
        "gco.io/endpoint": NAME,
        "gco.io/type": "inference",
        "project": "gco",
        "team": "nlp",
    }


def test_bounds_and_utilization_are_the_records() -> None:
    manifest = rendered(min_replicas=2, max_replicas=8, metrics=[{"type": "memory", "target": 140}])

    target = {"type": "Utilization", "averageUtilization": 140}
    assert (manifest["spec"]["minReplicas"], manifest["spec"]["maxReplicas"]) == (2, 8)
    assert manifest["spec"]["metrics"] == [{"type": "Resource", "resource": {"name": "memory", "target": target}}]


@pytest.mark.parametrize("metrics", [None, []])
def test_without_metrics_it_looks_at_70_percent_of_the_processors(metrics: list[Any] | None) -> None:
    assert metrics_of(rendered(metrics=metrics)) == [("cpu", 70)]


def test_the_order_of_the_records_metrics_changes_nothing() -> None:
    cpu, memory = {"type": "cpu", "target": 60}, {"type": "memory", "target": 80}

    one, other = rendered(metrics=[cpu, memory]), rendered(metrics=[memory, cpu])

    assert json.dumps(one) == json.dumps(other)
    assert metrics_of(one) == [("memory", 80), ("cpu", 60)]


@given(autoscaling=autoscalings)
def test_every_number_is_an_integer_however_the_record_has_it(autoscaling: dict[str, Any]) -> None:
    item = an_item(spec=as_stored(a_spec(autoscaling=autoscaling)))

    spec = autoscaler(read_endpoint(item, SCOPE), SCOPE)["spec"]

    targets = [metric["resource"]["target"]["averageUtilization"] for metric in spec["metrics"]]
    assert {type(number) for number in (spec["minReplicas"], spec["maxReplicas"], *targets)} == {int}
    assert json.loads(json.dumps(spec)) == spec


@pytest.mark.parametrize("autoscaling", [None, {}, {"enabled": False, "min_replicas": 3}])
def test_an_endpoint_that_is_not_autoscaled_has_none(autoscaling: dict[str, Any] | None) -> None:
    with pytest.raises(ValueError, match="not autoscaled"):
        autoscaler(an_endpoint(autoscaling=autoscaling), SCOPE)
