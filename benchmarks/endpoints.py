"""Endpoints of several shapes as they are once nothing is left to do, in memory and in any number."""

import copy
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gco_stream.core.conclusions import may_be_promoted
from gco_stream.core.models import Apply, EndpointName, Item, Manifest, ObjectKey, Observed, Scope
from gco_stream.core.plan import make_plan
from gco_stream.core.record import read_record, spec_hash
from gco_stream.core.report import Outcome, region_status
from gco_stream.core.status import to_write
from gco_stream.core.wish import read_request
from tests.builders import NOW, REGION, SCOPE, a_spec, an_item, as_stored
from tests.cluster_model import ClusterModel
from tests.left_behind import left_behind
from tests.writers import IMAGE

LATER = NOW + timedelta(hours=1)
_PATTERN = EndpointName("pattern-of-a-name")
_MOST_PASSES = 12
_VARIABLES = {f"VARIABLE_{number}": f"value-{number}" for number in range(20)}
_FOUND = "adopted as found"

SPECS: Mapping[str, dict[str, Any]] = {
    "plain": {},
    "canary split": {"canary": {"image": "registry.example/acme/llama-server:v2", "weight": 20, "replicas": 1}},
    "autoscaled": {"autoscaling": {"enabled": True, "min_replicas": 1, "max_replicas": 4}},
    _FOUND: {"env": {"A": "1"}},
    "20 env variables": {"env": _VARIABLES},
}
"""What a record's ``spec`` says of each shape."""
ASLEEP, STOPPED, SMALL = "no replicas", "stopped", "without an accelerator"
_OTHERS: Mapping[str, dict[str, Any]] = {ASLEEP: {"replicas": 0}, STOPPED: {}, SMALL: {"gpu_count": 0, "image": IMAGE}}
"""More shapes: without pods; without any object, since it never ran; with a pod that any node has room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRest:
    """An endpoint that is, and is reported, as its record asks.

    Attributes:
        item: Its record, as the table gives it back.
        observed: Its objects, whole, as the API server shows them.
        intents: What was applied last to each object.
    """

    name: EndpointName
    item: Item
    observed: Observed
    intents: Mapping[ObjectKey, Manifest]

    def called(self, name: str) -> "AtRest":
        """Return the same endpoint under another name."""
        item = _renamed(self.item, name)
        item["region_status"][REGION]["observed_spec"] = spec_hash(item)
        return AtRest(
            name=EndpointName(name),
            item=item,
            observed=Observed(objects=_all_renamed(self.observed.objects, name)),
            intents=_all_renamed(self.intents, name),
        )


def _all_renamed(objects: Mapping[ObjectKey, Manifest], name: str) -> dict[ObjectKey, Manifest]:
    return {key._replace(name=_renamed(key.name, name)): _renamed(one, name) for key, one in objects.items()}


def _renamed(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value.replace(_PATTERN, name)
    if isinstance(value, Mapping):
        return {key: _renamed(entry, name) for key, entry in value.items()}
    return [_renamed(entry, name) for entry in value] if isinstance(value, list | tuple) else value


def a_shape(shape: str, scope: Scope = SCOPE) -> AtRest:
    """Bring an endpoint to rest, by passes a minute apart."""
    spec = a_spec(**{**SPECS, **_OTHERS}[shape])
    state = "stopped" if shape == STOPPED else "deploying"
    item = an_item(_PATTERN, spec=spec, namespace=scope.namespace, desired_state=state)
    cluster = ClusterModel(namespace=scope.namespace, is_balanced=False)
    intents = dict[ObjectKey, Manifest]()
    if shape == _FOUND:
        left = left_behind(an_item(_PATTERN, spec=a_spec(), namespace=scope.namespace))
        cluster.objects = {key: copy.deepcopy(dict(live)) for key, live in left.objects.items()}
        cluster.work()
    for number in range(_MOST_PASSES):
        intents |= _pass(cluster, item, scope, now=NOW + timedelta(minutes=number))
        cluster.work()
    there = Observed(objects=cluster.observe(_PATTERN).objects)
    return AtRest(name=_PATTERN, item=item, observed=there, intents=intents)


def _pass(cluster: ClusterModel, item: dict[str, Any], scope: Scope, *, now: datetime) -> Mapping[ObjectKey, Manifest]:
    """Do what the reconciler does, change the record as it does, and return what was applied."""
    request = read_request(_PATTERN, item, scope)
    plan = make_plan(request, cluster.observe(_PATTERN), scope, now=now)
    for action in plan.actions:
        cluster.carry_out(action)
    status = region_status(request, Outcome(plan=plan, observed=cluster.observe(_PATTERN)), scope, now=now)
    written = None if status is None else to_write(status, request.status(scope.region), now=now)
    if written is not None:
        item["region_status"] = {REGION: as_stored(written)}
    if may_be_promoted(item, read_record(item)):
        item["desired_state"] = "running"
    return {action.key: action.manifest for action in plan.actions if isinstance(action, Apply)}


def many(
    count: int, shapes: Collection[str] = SPECS.keys(), scope: Scope = SCOPE, *, prefix: str = "endpoint"
) -> Iterator[AtRest]:
    """Make endpoints of these shapes in turn, each with a name of its own."""
    patterns = [a_shape(shape, scope) for shape in shapes]
    for number in range(count):
        yield patterns[number % len(patterns)].called(f"{prefix}-{number}")
