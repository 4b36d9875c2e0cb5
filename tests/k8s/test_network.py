"""What the controller's pods may reach, and who may reach them."""

from typing import Any

import pytest

from gco_stream.settings import read_settings
from tests.k8s.built import OVERLAYS, built
from tests.world import Manifest
from tests.world.parts import Parts

AGENT = [{"ipBlock": {"cidr": "169.254.170.23/32"}}, {"ipBlock": {"cidr": "fd00:ec2::23/128"}}]
"""Where EKS' agent hands out credentials.

Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
"""


def policy_of(parts: Parts, overlay: str) -> Manifest:
    return built(parts, OVERLAYS[overlay])["NetworkPolicy"]


def ports(rule: Manifest) -> set[tuple[str, Any]]:
    return {(one["protocol"], one["port"]) for one in rule["ports"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_policy_denies_by_default_in_both_directions_and_for_the_controllers_pods_alone(
    world_parts: Parts, overlay: str
) -> None:
    found = built(world_parts, OVERLAYS[overlay])

    policy = found["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["podSelector"] == found["Deployment"]["spec"]["selector"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_metrics_are_let_in_from_namespaces_that_say_so(world_parts: Parts, overlay: str) -> None:
    (rule,) = policy_of(world_parts, overlay)["spec"]["ingress"]

    (source,) = rule["from"]
    assert source == {"namespaceSelector": {"matchLabels": {"metrics": "enabled"}}}
    assert ports(rule) == {("TCP", read_settings({"REGION": "us-east-1"}).health_port)}


@pytest.mark.parametrize("overlay", ["irsa", "gco"])
def test_names_and_what_speaks_https_are_all_that_is_reached(world_parts: Parts, overlay: str) -> None:
    rules = policy_of(world_parts, overlay)["spec"]["egress"]

    assert [ports(rule) for rule in rules] == [{("UDP", 53), ("TCP", 53)}, {("TCP", 443)}]
    assert not any("to" in rule for rule in rules)


def test_with_pod_identity_the_agent_is_reached_too(world_parts: Parts) -> None:
    *others, agent = policy_of(world_parts, "pod-identity")["spec"]["egress"]

    assert others == policy_of(world_parts, "irsa")["spec"]["egress"]
    assert agent["to"] == AGENT
    assert ports(agent) == {("TCP", 80)}
