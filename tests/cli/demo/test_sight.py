"""What the demo sees of endpoints, and what it says is new."""

from typing import Any

from gco_stream.cli.demo.sight import Endpoint, Pods, in_the_cluster, in_the_table, news, sight_of
from gco_stream.core.models import EndpointName
from gco_stream.core.route import Route, annotations_of

REGION = "us-east-1"


def a_deployment(name: str, *, desired: int, ready: int) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "generation": 1},
        "spec": {"replicas": desired, "template": {"spec": {"containers": [{"image": "vllm:v1"}]}}},
        "status": {"readyReplicas": ready},
    }


def a_pod(app: str, **metadata: Any) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": f"{app}-1", "labels": {"app": app}, **metadata}}


def an_ingress(name: str, route: Route) -> dict[str, Any]:
    annotations = {key: value for key, value in annotations_of(route, EndpointName(name)).items() if value is not None}
    return {"kind": "Ingress", "metadata": {"name": f"inference-{name}", "annotations": annotations}}


def a_record(**status: Any) -> dict[str, Any]:
    return {"endpoint_name": "chat", "desired_state": "running", "region_status": {REGION: status}}


def test_a_record_and_its_objects_are_one_endpoint() -> None:
    objects = [
        a_deployment("chat", desired=2, ready=1),
        a_deployment("chat-canary", desired=1, ready=1),
        {"kind": "Service", "metadata": {"name": "chat"}},
        an_ingress("chat", Route(primary=80, canary=20)),
        a_pod("chat"),
        a_pod("chat", deletionTimestamp="2026-05-20T09:30:00Z"),
    ]

    seen = sight_of([a_record(state="updating", reason="NotReady")], objects, REGION)

    assert list(seen) == ["chat"]
    chat = seen["chat"]
    assert (chat.desired, chat.state, chat.why, chat.shares) == ("running", "updating", "NotReady", "80 : 20")
    assert chat.own == Pods(desired=2, ready=1, image="vllm:v1", leaving=1)
    assert chat.canary == Pods(desired=1, ready=1, image="vllm:v1")
    assert chat.has_service


def test_an_endpoint_is_told_by_what_the_table_and_what_the_cluster_says_of_it() -> None:
    own, canary = Pods(desired=2, ready=1, image="vllm:v1", leaving=1), Pods(desired=1, ready=0, image="vllm:v2")
    chat = Endpoint(
        name="chat",
        item=a_record(),
        status={"state": "error", "error": "spec.port is 'abc'"},
        own=own,
        canary=canary,
        route=Route(primary=100, canary=0),
        has_service=True,
    )

    assert in_the_table(chat) == "running wanted, status error (spec.port is 'abc')"
    assert in_the_cluster(chat) == (
        "1 of 2 pods ready, image vllm:v1, 1 leaving, canary: 0 of 1 pods ready, image vllm:v2, with its Service, "
        "on the load balancer: 100 % : 0 % canary (warming)"
    )


def test_of_an_endpoint_that_is_gone_nothing_is_told_to_be_there() -> None:
    gone = Endpoint(name="chat")

    assert in_the_table(gone) == "no record"
    assert in_the_cluster(gone) == "no Deployment, no Service, off the load balancer"


def test_what_has_lost_its_record_is_seen_as_long_as_anything_of_it_is_there() -> None:
    assert list(sight_of([], [a_deployment("chat", desired=1, ready=0)], REGION)) == ["chat"]
    assert list(sight_of([], [a_pod("chat")], REGION)) == []


def test_nothing_is_new_where_all_is_as_it_was() -> None:
    seen = sight_of([a_record(state="running")], [a_deployment("chat", desired=1, ready=1)], REGION)

    assert list(news(seen, seen)) == []


def test_pods_that_get_ready_and_shares_that_change_are_new() -> None:
    def chat(ready: int, route: Route | None) -> dict[str, Endpoint]:
        own = Pods(desired=2, ready=ready, image="vllm:v1")
        return {"chat": Endpoint(name="chat", own=own, canary=own, route=route)}

    told = list(news(chat(1, Route()), chat(2, Route(primary=100, canary=0))))

    assert told == [
        ("chat", "2 of 2 pods ready"),
        ("chat", "canary: 2 of 2 pods ready"),
        ("chat", "on the load balancer: 100 % : 0 % canary (warming)"),
    ]


def test_what_goes_is_new() -> None:
    own = Pods(desired=1, ready=1, image="vllm:v1")

    told = list(news({"chat": Endpoint(name="chat", own=own, route=Route())}, {}))

    assert told == [("chat", "no Deployment any more"), ("chat", "off the load balancer")]
