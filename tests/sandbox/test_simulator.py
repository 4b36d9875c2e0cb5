"""What the caller directs, in virtual time: times, failures, machines, and how much pods use."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from gco_stream.core.causes import first_cause
from gco_stream.sandbox.simulator.directions import Behaviour, Directions
from gco_stream.sandbox.simulator.nodes import Node
from gco_stream.sandbox.simulator.simulator import Simulator
from gco_stream.sandbox.store.kinds import RESOURCES
from gco_stream.sandbox.store.requests import Deletion, Place, Write
from gco_stream.sandbox.store.store import Store
from tests.builders import NOW
from tests.contracts.small_manifests import a_deployment

NAMESPACE = "inference"


class CountingStore(Store):
    """Counts the updates that are asked of it, and those among them that change nothing.

    Attributes:
        updates: So many of each kind of object, by whether something changed.
    """

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        super().__init__(now=now)
        self.updates = Counter[tuple[str, bool]]()

    def update(self, place: Place, body: Any, write: Write) -> tuple[dict[str, Any], bool]:
        before = self.version
        answer = super().update(place, body, write)
        self.updates[place.resource.kind, self.version > before] += 1
        return answer


class Cluster:
    """A store and what works on it, at a time that only the test moves on."""

    def __init__(self, directions: Directions) -> None:
        self.time = NOW
        self.directions = directions
        self.store = CountingStore(now=self.now)
        self.store.objects[NAMESPACE] = {}
        self.simulator = Simulator(self.store, self, directions)

    def now(self) -> Any:
        return self.time

    def apply(self, manifest: dict[str, Any]) -> None:
        place = self.place(manifest["kind"], manifest["metadata"]["name"])
        self.store.apply(place, manifest, Write(manager="test", force=True))
        self.simulator.work()

    def place(self, kind: str, name: str) -> Place:
        return Place(resource=RESOURCES[kind], namespace=NAMESPACE, name=name)

    def passes(self, seconds: float) -> None:
        """Let time pass, from one moment at which something is due to the next."""
        end = self.time + timedelta(seconds=seconds)
        due = self.simulator.work()
        while due is not None and due <= end:
            self.time = max(self.time, due)
            due = self.simulator.work()
        self.time = end

    def ready(self) -> int:
        count: int = self.deployment()["status"].get("readyReplicas", 0)
        return count

    def deployment(self) -> dict[str, Any]:
        return self.store.get(self.place("Deployment", "llama"))

    def pods(self) -> list[dict[str, Any]]:
        return self.store.listed("Pod", NAMESPACE)


def running(tag: str = "v1", *, gpus: int = 0, replicas: int = 1) -> dict[str, Any]:
    manifest = a_deployment(replicas=replicas)
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["image"] = f"acme/server:{tag}"
    if gpus:
        container["resources"] = {"limits": {"nvidia.com/gpu": str(gpus)}, "requests": {"cpu": "1"}}
    return manifest


def an_autoscaler(lowest: int, highest: int, *, target: int = 70) -> dict[str, Any]:
    utilization = {"type": "Utilization", "averageUtilization": target}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "llama"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llama"},
            "minReplicas": lowest,
            "maxReplicas": highest,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": utilization}}],
        },
    }


def test_a_pod_takes_the_time_that_it_is_given() -> None:
    cluster = Cluster(Directions(starts_after=20, otherwise=Behaviour(ready_after=40)))
    cluster.apply(running())

    cluster.passes(59)
    early = cluster.ready()
    cluster.passes(2)

    assert (early, cluster.ready()) == (0, 1)


def test_a_tag_behaves_as_directed() -> None:
    cluster = Cluster(Directions(tags={"v2": Behaviour(ready_after=None)}))

    cluster.apply(running("v2"))
    cluster.passes(3600)

    assert cluster.ready() == 0
    assert cluster.deployment()["status"]["conditions"][1]["reason"] == "ProgressDeadlineExceeded"


def test_a_crash_loop_waits_longer_each_time() -> None:
    cluster = Cluster(Directions())
    cluster.apply(running("crash"))

    counts = []
    for _ in range(4):
        counts.append(cluster.pods()[0]["status"]["containerStatuses"][0]["restartCount"])
        cluster.passes(10)

    assert counts == [1, 2, 3, 4]


def test_pods_wait_for_a_machine_and_run_once_there_is_one() -> None:
    cluster = Cluster(Directions(nodes=()))
    cluster.apply(running())
    found = first_cause(cluster.pods())
    assert found is not None
    assert found.reason == "Unschedulable"

    cluster.directions.nodes = (Node(name="new"),)
    cluster.passes(0)

    assert cluster.ready() == 1


def test_devices_are_shared_out_and_given_back() -> None:
    cluster = Cluster(Directions(nodes=(Node(name="one", resources={"nvidia.com/gpu": 4}),)))
    cluster.apply(running(gpus=4, replicas=2))
    first, second = sorted(cluster.pods(), key=is_pending)
    crowded = cluster.ready()

    cluster.store.delete(cluster.place("Pod", first["metadata"]["name"]), Deletion())
    cluster.passes(1)

    assert (crowded, cluster.ready()) == (1, 1)
    assert not is_pending(cluster.store.get(cluster.place("Pod", second["metadata"]["name"])))


def is_pending(pod: dict[str, Any]) -> bool:
    return bool(pod["status"]["phase"] == "Pending")


@pytest.mark.parametrize(("usage", "replicas"), [(140, 4), (72, 2), (10, 2), (1000, 6)])
def test_an_autoscaler_follows_the_usage_within_its_bounds(usage: float, replicas: int) -> None:
    cluster = Cluster(Directions(usage={"llama": {"cpu": usage}}))
    cluster.apply(running(replicas=2))
    cluster.apply(an_autoscaler(1, 10))

    cluster.passes(16)

    assert cluster.deployment()["spec"]["replicas"] == replicas


def test_an_autoscaler_takes_replicas_away_only_after_a_while() -> None:
    cluster = Cluster(Directions(usage={"llama": {"cpu": 10}}, scale_down_after=300))
    cluster.apply(running(replicas=4))
    cluster.apply(an_autoscaler(1, 10))

    cluster.passes(290)
    early = cluster.deployment()["spec"]["replicas"]
    cluster.passes(60)

    assert (early, cluster.deployment()["spec"]["replicas"]) == (4, 1)


def test_an_autoscaler_leaves_what_is_stopped_alone() -> None:
    cluster = Cluster(Directions(usage={"llama": {"cpu": 500}}))
    cluster.apply(running(replicas=0))
    cluster.apply(an_autoscaler(2, 10))

    cluster.passes(60)

    assert cluster.deployment()["spec"]["replicas"] == 0


def test_old_versions_are_forgotten_beyond_the_limit() -> None:
    cluster = Cluster(Directions())
    for number in range(5):
        manifest = running(f"v{number}")
        manifest["spec"]["revisionHistoryLimit"] = 2
        cluster.apply(manifest)

    assert len(cluster.store.listed("ReplicaSet", NAMESPACE)) == 3
    assert cluster.deployment()["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "5"}


def test_nothing_is_written_once_all_is_done() -> None:
    cluster = Cluster(Directions())
    cluster.apply(running(replicas=3))
    cluster.apply(an_autoscaler(1, 10))
    cluster.passes(400)
    before = cluster.store.version

    cluster.passes(3600)

    assert cluster.store.version == before


def test_no_status_is_written_that_says_nothing_new() -> None:
    cluster = Cluster(Directions(tags={"v2": Behaviour(is_pulled=False)}, usage={"llama": {"cpu": 10}}))

    cluster.apply(running(replicas=3))
    cluster.apply(an_autoscaler(1, 10))
    cluster.passes(400)
    cluster.apply(running("v2", gpus=1000))
    cluster.passes(3600)

    assert {kind for kind, _ in cluster.store.updates} == {
        *("Deployment", "ReplicaSet", "Pod", "HorizontalPodAutoscaler")
    }
    assert {is_new for _, is_new in cluster.store.updates} == {True}


def test_a_deleted_deployment_leaves_nothing() -> None:
    cluster = Cluster(Directions())
    cluster.apply(running("slow-stop-30s", replicas=2))

    cluster.store.delete(cluster.place("Deployment", "llama"), Deletion())
    cluster.passes(29)
    ending = len(cluster.pods())
    cluster.passes(2)

    assert (ending, cluster.pods(), cluster.store.listed("ReplicaSet", NAMESPACE)) == (2, [], [])
