"""Writers, hands, failing pods, lost answers and crashes, in any order: the last intent is what stands in the end."""

import copy
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.models import EndpointName, Kind, ObjectKey, canary_name, object_keys
from gco_stream.core.record import read_endpoint
from gco_stream.errors import Conflict, Transient
from tests.builders import REGION, SCOPE, an_item
from tests.storm import Storm, StormRegion
from tests.wishes import IMAGES, Wish, canary, promote, wishes

NAMES = ("llama", "qwen")
APPS = tuple(app for name in NAMES for app in (name, canary_name(EndpointName(name))))
THEIRS = ("llama-2", "llama-canary-2", "lama", "qwen-canary-canary")
EXAMPLES = int(os.environ.get("STORM_EXAMPLES", "30"))

names = st.sampled_from(NAMES)
moments = st.sampled_from([0.0, 0.03, 0.3, 0.6, 1.2, 4.0, 33.0, 310.0])


def a_foreign(kind: str, name: str) -> dict[str, Any]:
    labels = {"app": name, "project": "gco", "gco.io/type": "inference"}
    version = {"Deployment": "apps/v1", "Service": "v1", "Ingress": "networking.k8s.io/v1"}[kind]
    spec: dict[str, Any] = {"ports": [{"port": 80, "protocol": "TCP"}], "selector": {"app": name}}
    if kind == "Deployment":
        container = {"name": "inference", "image": "theirs"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        spec["strategy"] = {"rollingUpdate": {"maxSurge": 0}}
    if kind == "Ingress":
        backend = {"service": {"name": name, "port": {"number": 80}}}
        paths = [{"path": f"/theirs/{name}", "pathType": "Prefix", "backend": backend}]
        spec = {"ingressClassName": "alb", "rules": [{"http": {"paths": paths}}]}
        name = f"inference-{name}"
    metadata = {"name": name, "namespace": SCOPE.namespace, "labels": labels}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def edits_of(name: str) -> dict[ObjectKey, dict[str, Any]]:
    """What somebody may do by hand to each of an endpoint's objects: fields that we set, too."""
    container = {"name": "inference", "image": "by-hand"}
    backend = {"service": {"name": "elsewhere", "port": {"number": 80}}}
    paths = [{"path": f"/by-hand/{name}", "pathType": "Prefix", "backend": backend}]
    return {
        ObjectKey(Kind.DEPLOYMENT, name): {"replicas": 3, "template": {"spec": {"containers": [container]}}},
        ObjectKey(Kind.SERVICE, name): {"selector": {"app": "elsewhere"}},
        ObjectKey(Kind.INGRESS, f"inference-{name}"): {"rules": [{"http": {"paths": paths}}]},
        ObjectKey(Kind.AUTOSCALER, name): {"maxReplicas": 7},
    }


class Storms(RuleBasedStateMachine):
    """One region, two endpoints, and everybody who has a hand in them."""

    def __init__(self) -> None:
        super().__init__()
        self.storm = Storm(REGION)
        self.region: StormRegion = self.storm.regions[0]
        for name in THEIRS:
            for kind in ("Deployment", "Service", "Ingress"):
                self.region.cluster.make(a_foreign(kind, name))
        self.storm.pass_time(2.0)
        self.theirs = copy.deepcopy(self.region.cluster.model.objects)
        self.create("llama")

    def create(self, name: str) -> None:
        if name not in self.storm.items:
            spec = {"image": IMAGES[0], "replicas": 1}
            self.region.records.put(an_item(name, spec=spec, created_at=str(self.storm.loop.time())))

    @rule(name=names)
    def somebody_creates(self, name: str) -> None:
        self.create(name)

    @rule(name=names, row=st.lists(st.tuples(wishes, moments), min_size=1, max_size=5))
    def somebody_wishes(self, name: str, row: list[tuple[Wish, float]]) -> None:
        for wish, seconds in row:
            self.write(name, wish)
            self.storm.pass_time(seconds)

    def write(self, name: str, wish: Wish) -> None:
        if name in self.storm.items:
            self.region.records.put(wish.of(self.storm.items[name]))

    @rule(name=names, weight=st.sampled_from([10, 50]))
    def a_canary_is_promoted_after_a_while(self, name: str, weight: int) -> None:
        for wish in (canary(IMAGES[1], weight=weight), promote()):
            self.write(name, wish)
            self.storm.pass_time(40.0)

    @rule(seconds=moments)
    def time_passes(self, seconds: float) -> None:
        self.storm.pass_time(seconds)

    @rule(turns=st.integers(1, 30))
    def it_is_caught_in_the_middle(self, turns: int) -> None:
        self.storm.turn(turns)

    @rule(app=st.sampled_from(APPS))
    def pods_fail_or_recover(self, app: str) -> None:
        self.region.cluster.model.broken ^= {app}

    @rule(load=st.integers(1, 4))
    def load_changes(self, load: int) -> None:
        self.region.cluster.model.load = load

    @rule(name=names, data=st.data())
    def somebody_deletes_by_hand(self, name: str, data: st.DataObject) -> None:
        objects = self.region.cluster.model.objects
        there = [key for key in object_keys(EndpointName(name)) if key in objects]
        if there:
            del objects[data.draw(st.sampled_from(there))]
            self.region.cluster.note()

    @rule(name=names, data=st.data())
    def somebody_edits_by_hand(self, name: str, data: st.DataObject) -> None:
        there = [key for key in edits_of(name) if key in self.region.cluster.model.objects]
        if there:
            key = data.draw(st.sampled_from(there))
            live = self.region.cluster.model.objects[key]
            metadata = {"name": key.name, "namespace": SCOPE.namespace, "labels": {"by": "hand"}}
            edit = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}
            self.region.cluster.make({**edit, "spec": edits_of(name)[key]}, manager="kubectl")
            self.region.cluster.note()

    @rule(operation=st.sampled_from(["apply", "delete", "write_status", "promote", "purge", "observe", "get", "count"]))
    def a_call_fails(self, operation: str) -> None:
        self.region.line.fail_next(operation, Transient("overloaded"))

    @rule(operation=st.sampled_from(["apply", "delete", "write_status", "promote", "purge"]))
    def somebody_was_faster(self, operation: str) -> None:
        self.region.line.fail_next(operation, Conflict("changed meanwhile"))

    @rule()
    def an_answer_is_lost(self) -> None:
        self.region.cluster.lost_answers += 1

    @rule(turns=st.integers(0, 10))
    def the_controller_is_killed(self, turns: int) -> None:
        self.storm.turn(turns)
        self.storm.restart(self.region)

    @precondition(lambda self: self.storm.items)
    @rule()
    def everything_comes_to_rest(self) -> None:
        self.subsides()

    def subsides(self) -> None:
        self.storm.subsides()
        for name in NAMES:
            self.stands_as_wished(EndpointName(name))
        now = self.region.cluster.model.objects
        assert {key: now.get(key) for key in self.theirs} == self.theirs, "something foreign was touched"

    def stands_as_wished(self, name: EndpointName) -> None:
        item, objects = self.storm.items.get(name), self.region.cluster.model.objects
        ours = {key for key in object_keys(name) if key in objects and is_ours(objects[key], name)}
        wish = None if item is None else item["desired_state"]
        if item is None or wish == "deleted" or REGION not in item["target_regions"]:
            assert ours == set()
            return
        if wish == "stopped":
            assert not any(self.region.cluster.model.pods.get(key.name) for key in ours)
            assert ObjectKey(Kind.INGRESS, f"inference-{name}") not in ours
            return
        spec = read_endpoint(item, SCOPE).spec
        live = objects[ObjectKey(Kind.DEPLOYMENT, name)]["spec"]
        assert live["template"]["spec"]["containers"][0]["image"] == spec.image
        assert spec.autoscaled or live["replicas"] == spec.replicas
        assert (ObjectKey(Kind.DEPLOYMENT, canary_name(name)) in ours) == (spec.canary is not None)
        assert (ObjectKey(Kind.INGRESS, f"inference-{name}") in ours) == (live["replicas"] > 0)
        assert item["region_status"][REGION]["state"] == "running"

    def teardown(self) -> None:
        try:
            self.subsides()
        finally:
            self.storm.close()


@pytest.mark.behaviour("B13", "B14", "B24", "B25", "B26", "B27")
def test_after_any_storm_the_last_intent_stands_and_nothing_is_left_to_do() -> None:
    wanted = settings(
        max_examples=EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Storms, settings=wanted)
