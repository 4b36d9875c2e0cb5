"""The checker of load balancer groups: it passes what is good, and names what is bad, one thing at a time.

The numbers are those of the facts about the load balancer's controller that the checker stands for.
"""

import json
from typing import Any

import pytest

from tests.load_balancer import platform, traffic_is_lost, violations
from tests.load_balancer_builders import (
    ACTION,
    ALB,
    BY_ACTION,
    HERE,
    NUMBER_80,
    a_service,
    a_target,
    an_action,
    an_ingress,
    split,
    weighted,
)

PAIR = [a_service("llama"), a_service("llama-canary")]
GONE = "2026-03-01T12:00:00Z"
TOGETHER = {
    "nothing at all": ([], []),
    "one endpoint": ([an_ingress()], [a_service()]),
    "3: a port by its name, of the platform": (
        [an_ingress(backend={"name": "llama", "port": {"name": "http"}}, namespace="gco-system")],
        [a_service() | {"metadata": {"namespace": "gco-system", "name": "llama"}}],
    ),
    "1: one that is going is no member": ([an_ingress(deletionTimestamp=GONE)], []),
    "2: a Service that is going is there": (
        [an_ingress()],
        [a_service() | {"metadata": {"namespace": HERE, "name": "llama", "deletionTimestamp": GONE}}],
    ),
    "4: a canary with its weight": ([weighted(split(90, 10))], PAIR),
    "4: a canary before its weight": ([weighted(split(100, 0))], PAIR),
    "4: one target group needs no weight": ([weighted(an_action(a_target("llama")))], PAIR),
    "10: the longest path": ([an_ingress(path="/" + "x" * 125)], [a_service()]),
    "10: five wildcards": ([an_ingress(path="/*/*/*/*/*", kind="ImplementationSpecific")], [a_service()]),
    "10: the shortest interval": (
        [an_ingress(annotations={f"{ALB}healthcheck-interval-seconds": "6"})],
        [a_service()],
    ),
    "11: ours before the platform's": (
        [*(i for i, _ in [platform()]), an_ingress()],
        [*(s for _, s in [platform()]), a_service()],
    ),
    "12: two beside each other": (
        [an_ingress(), an_ingress("llama-2", path="/inference/llama-2/")],
        [a_service(), a_service("llama-2")],
    ),
    "13: a node port": ([an_ingress()], [a_service(type="NodePort")]),
    "16: the same attributes": (
        [
            an_ingress(namespace="gco-system", annotations={f"{ALB}tags": "a=1"}),
            an_ingress("other", namespace="gco-system", annotations={f"{ALB}tags": "a=1"}),
        ],
        [a_service(n) | {"metadata": {"namespace": "gco-system", "name": n}} for n in ("llama", "other")],
    ),
    "another class is no member": ([{**an_ingress(), "spec": {"ingressClassName": "nginx"}}], []),
}


@pytest.mark.parametrize(("ingresses", "services"), TOGETHER.values(), ids=TOGETHER)
def test_what_can_be_deployed_is_passed(ingresses: list[Any], services: list[Any]) -> None:
    assert violations(ingresses, services, own_namespace=HERE) == []


def health(**checks: str) -> dict[str, Any]:
    return an_ingress(annotations={f"{ALB}healthcheck-{name}": value for name, value in checks.items()})


def interval(seconds: str) -> dict[str, Any]:
    return an_ingress(annotations={f"{ALB}healthcheck-interval-seconds": seconds})


NAMED = {"name": "llama", "port": {"name": "http"}}
MANY = [a_target("llama", 1)] * 6
BAD_MEMBERS: dict[str, tuple[dict[str, Any], str]] = {
    "2: two targets, one Service missing": (
        weighted(an_action(a_target("llama", 90), a_target("gone", 10))),
        "names the Service 'gone', which is not there: the group is frozen",
    ),
    "2: missing at weight 0": (
        weighted(an_action(a_target("llama", 100), a_target("gone", 0))),
        "names the Service 'gone', which is not there: the group is frozen",
    ),
    "2: one target, Service missing": (
        weighted(an_action(a_target("gone"))),
        "names the Service 'gone', which is not there: all its requests are answered 503",
    ),
    "2: backend, Service missing": (
        an_ingress(backend={"name": "gone", "port": NUMBER_80}),
        "names the Service 'gone', which is not there: all its requests are answered 503",
    ),
    "3: no such port": (an_ingress(backend={"name": "odd", "port": NUMBER_80}), "the Service odd does not have"),
    "3: no action": (an_ingress(backend=BY_ACTION), "its action weighted is not there: all its requests"),
    "3: broken JSON": (weighted('{"type": "forward",'), "its action weighted is no JSON"),
    "3: not JSON for Go": (weighted(split(float("nan"), 1)), "its action weighted is no JSON"),
    "3: a list": (weighted("[]"), "its action weighted is no JSON object"),
    "4: a float": (weighted(split(80.0, 20)), "has the weight 80.0 for llama, which is no integer"),
    "4: a string": (weighted(split("80", 20)), 'has the weight "80" for llama, which is no integer'),
    "4: a bool": (weighted(split(True, 20)), "has the weight true for llama, which is no integer"),
    "4: no weight": (weighted(split(..., 20)), "has no weight for llama"),
    "4: null": (weighted(split(100, None)), "has no weight for llama-canary"),
    "4: all refused": (weighted(split(0, 0)), "refuses all requests"),
    "4: all of one refused": (weighted(an_action(a_target("llama", 0))), "refuses all requests"),
    "5: a typo above": (weighted(an_action(a_target("llama"), Type="x")), "has the key 'Type', which nobody reads"),
    "5: a typo below": (weighted(an_action(a_target("llama", wieght=1))), "has the key 'wieght', which nobody reads"),
    "5: a typo between": (
        weighted(json.dumps({"type": "forward", "forwardConfig": {"targetGroups": [a_target("llama")], "x": 1}})),
        "has the key 'x', which nobody reads",
    ),
    "5: no target groups": (weighted(an_action()), "has no target groups"),
    "5: target groups misspelt": (weighted('{"type": "forward"}'), "has no forwardConfig"),
    "5: type misspelt": (weighted('{"type": "Forward"}'), "has the type 'Forward', not 'forward'"),
    "5: a redirect": (weighted('{"type": "redirect"}'), "is a redirect, and sends requests nowhere"),
    "5: no Service": (weighted(an_action(a_target("", 1))), "has a target group without a Service"),
    "6: port as a name": (an_ingress(backend=NAMED), "names the port 'http', not the number 80"),
    "6: port as a string": (weighted(an_action(a_target("llama", servicePort="80"))), "the port '80', not the number"),
    "6: action left over": (an_ingress(annotations={ACTION: split(90, 10)}), "which no path of it uses"),
    "7: the Service's own check": (
        an_ingress(backend={"name": "checked", "port": NUMBER_80}),
        "has the health check interval '15s' and timeout '5': both must be plain integers, for the Service checked",
    ),
    "8: a float interval": (interval("15.0"), "interval '15.0' and timeout '5': both must be plain integers"),
    "8: an interval with unit": (interval("15s"), "must be plain integers"),
    "8: an empty interval": (interval(""), "must be plain integers"),
    "8: other digits": (interval("\u0661\u0665"), "must be plain integers"),
    "10: too often": (interval("4"), "interval 4, outside 5 to 300 s"),
    "10: too seldom": (interval("301"), "interval 301, outside 5 to 300 s"),
    "10: not longer than the timeout": (interval("5"), "not longer than 5 s"),
    "10: health path with a space": (health(path="/a b"), "which the load balancer refuses"),
    "10: health path without /": (health(path="health"), "which the load balancer refuses"),
    "10: health path too long": (health(path="/" + "x" * 1024), "of 1025 characters, which the load balancer refuses"),
    "10: weight too large": (weighted(split(1000, 0)), "has the weight 1000 for llama, outside 0 to 999"),
    "10: weight too small": (weighted(split(100, -1)), "has the weight -1 for llama-canary, outside 0 to 999"),
    "10: six target groups": (weighted(an_action(*MANY)), "has 6 target groups, more than 5"),
    "10: path with its twin too long": (
        an_ingress(path="/" + "x" * 126),
        "makes a condition of 129 characters, more than 128",
    ),
    "10: path of odd characters": (an_ingress(path="/a#b"), "has characters that no rule takes"),
    "10: path without /": (an_ingress(path="a"), "does not start with /"),
    "10: six wildcards": (
        an_ingress(path="/*/*/*/*/*/*", kind="ImplementationSpecific"),
        "makes more than 5 condition values or wildcards",
    ),
    "11: no order": (an_ingress(annotations={f"{ALB}group.order": "1001"}), "has the order '1001', not -1000 to 1000"),
    "12: wildcard": (an_ingress(path="/a*"), "has wildcards, and is a Prefix path"),
    "12: question mark": (an_ingress(path="/a?", kind="Exact"), "has wildcards, and is a Exact path"),
    "13: ClusterIP as instance": (
        an_ingress(annotations={f"{ALB}target-type": "instance"}),
        "names the Service llama of type ClusterIP, which cannot have targets of type instance",
    ),
    "13: an external name": (
        an_ingress(backend={"name": "outside", "port": NUMBER_80}),
        "names the Service outside of type ExternalName, which cannot have targets of type ip",
    ),
    "16: what is the platform's": (
        an_ingress(annotations={f"{ALB}load-balancer-attributes": "x=1"}),
        "load-balancer-attributes, which is not for an endpoint to set",
    ),
}
AROUND = [
    *PAIR,
    a_service("odd", ports=[{"port": 8080}]),
    a_service("outside", type="ExternalName"),
    a_service("checked", annotations={f"{ALB}healthcheck-interval-seconds": "15s"}),
]


@pytest.mark.parametrize(("ingress", "said"), BAD_MEMBERS.values(), ids=BAD_MEMBERS)
def test_one_bad_ingress_is_named_with_the_one_thing_that_is_wrong(ingress: dict[str, Any], said: str) -> None:
    found = violations([ingress], AROUND, own_namespace=HERE)

    assert len(found) == 1, found
    assert found[0].startswith(f"Ingress {HERE}/inference-llama: ")
    assert said in found[0]


def test_5_a_backend_that_is_no_service_is_named() -> None:
    ingress = an_ingress()
    ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"] = {"resource": {"kind": "Bucket", "name": "models"}}

    found = violations([ingress], [], own_namespace=HERE)

    assert found == ["Ingress gco-inference/inference-llama: a backend is no Service"]


@pytest.mark.parametrize(
    ("ready", "text", "said"),
    [
        ({"llama": 1, "llama-canary": 0}, split(90, 10), None),
        ({"llama": 0, "llama-canary": 1}, split(0, 100), None),
        ({"llama": 0, "llama-canary": 0}, split(100, 0), None),
        ({"llama": 1}, an_action(a_target("llama")), None),
        (
            {"llama": 0, "llama-canary": 1},
            split(100, 0),
            "llama-canary could answer, but all requests go to llama",
        ),
        (
            {"llama": 1, "llama-canary": 0},
            split(0, 100),
            "llama could answer, but all requests go to llama-canary",
        ),
        ({"llama": 1}, "{", "llama could answer, but all requests go to nobody"),
    ],
)
@pytest.mark.behaviour("B21")
def test_traffic_is_lost_where_no_weight_is_on_what_could_answer(
    ready: dict[str, int], text: str, said: str | None
) -> None:
    assert traffic_is_lost(weighted(text), ready) == said


def test_traffic_to_a_plain_backend_is_lost_only_where_another_could_answer() -> None:
    assert traffic_is_lost(an_ingress(), {"llama": 2}) is None
    assert traffic_is_lost(an_ingress(), {"llama": 0, "llama-canary": 2}) is not None
