"""What ``kubectl apply -k k8s/monitoring`` brings: it finds the controller's pods, and a dashboard that can be read."""

import json
import subprocess
from itertools import combinations
from typing import Any

import pytest
import yaml

from tests.monitoring.shipped import ALERTS, DASHBOARD, FOLDER, panels
from tests.world.parts import Parts

pytestmark = pytest.mark.behaviour("B39")


@pytest.fixture(scope="module")
def shipped(world_parts: Parts) -> dict[str, Any]:
    """Everything that kustomize makes of it, by kind."""
    command = [str(world_parts.programs["kubectl"]), "kustomize", str(FOLDER)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {manifest["kind"]: manifest for manifest in yaml.safe_load_all(output)}


def test_prometheus_asks_the_controller_s_pods_at_the_port_that_they_name(shipped: dict[str, Any]) -> None:
    template = yaml.safe_load((FOLDER.parent / "base" / "deployment.yaml").read_text())["spec"]["template"]
    (container,) = template["spec"]["containers"]

    monitor = shipped["PodMonitor"]["spec"]

    assert monitor["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    (asked,) = monitor["podMetricsEndpoints"]
    assert asked["port"] in {port["name"] for port in container["ports"]}
    assert asked["path"] == "/metrics"


def test_everything_goes_where_the_controller_is(shipped: dict[str, Any]) -> None:
    assert shipped.keys() == {"PodMonitor", "PrometheusRule", "ConfigMap"}
    assert {manifest["metadata"]["namespace"] for manifest in shipped.values()} == {"gco-system"}


def test_the_rules_and_the_dashboard_arrive_as_they_are(shipped: dict[str, Any]) -> None:
    rules = [rule for group in shipped["PrometheusRule"]["spec"]["groups"] for rule in group["rules"]]

    assert [rule["alert"] for rule in rules] == list(ALERTS)
    assert shipped["ConfigMap"]["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(shipped["ConfigMap"]["data"]["gco-stream.json"]) == DASHBOARD


def test_no_panel_covers_another_or_leaves_the_page() -> None:
    places = {panel["title"]: panel["gridPos"] for panel in DASHBOARD["panels"]}

    assert len(places) == len(DASHBOARD["panels"])
    assert all(place["x"] + place["w"] <= 24 for place in places.values())
    for one, other in combinations(places, 2):
        assert are_apart(places[one], places[other]), (one, other)


def are_apart(one: dict[str, int], other: dict[str, int]) -> bool:
    def is_before(a: dict[str, int], b: dict[str, int], start: str, length: str) -> bool:
        return a[start] + a[length] <= b[start]

    return any(is_before(a, b, *side) for a, b in ((one, other), (other, one)) for side in (("x", "w"), ("y", "h")))


def test_every_panel_says_what_it_shows_and_asks_the_prometheus_that_was_chosen() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for panel in panels():
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "$datasource"}
            assert "$namespace" in target["expr"], f"{panel['title']} mixes installations"
