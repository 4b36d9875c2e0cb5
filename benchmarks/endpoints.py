"""Endpoints of several shapes as they are once nothing is left to do, in memory and in any number."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gco_stream.core.conclusions import may_be_promoted
from gco_stream.core.models import EndpointName, Item, Observed
from gco_stream.core.plan import make_plan
from gco_stream.core.record import read_record, spec_hash
from gco_stream.core.report import Outcome, region_status
from gco_stream.core.status import to_write
from gco_stream.core.wish import read_request
from tests.builders import NOW, REGION, SCOPE, a_spec, an_item, as_stored
from tests.cluster_model import ClusterModel
from tests.left_behind import left_behind

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRest:
    """An endpoint that is, and is reported, as its record asks.

    Attributes:
        item: Its record, as the table gives it back.
        observed: Its objects, whole, as the API server shows them.
    """

    name: EndpointName
    item: Item
    observed: Observed

    def called(self, name: str) -> "AtRest":
        """Return the same endpoint under another name."""
        item = _renamed(self.item, name)
        item["region_status"][REGION]["observed_spec"] = spec_hash(item)
        objects = {key._replace(name=_renamed(key.name, name)): live for key, live in self.observed.objects.items()}
        there = {key: _renamed(live, name) for key, live in objects.items()}
        return AtRest(name=EndpointName(name), item=item, observed=Observed(objects=there))


def _renamed(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value.replace(_PATTERN, name)
    if isinstance(value, Mapping):
        return {key: _renamed(entry, name) for key, entry in value.items()}
    return [_renamed(entry, name) for entry in value] if isinstance(value, list | tuple) else value


def a_shape(shape: str) -> AtRest:
    """Bring an endpoint to rest, by passes a minute apart."""
    item = an_item(_PATTERN, spec=a_spec(**SPECS[shape]))
    cluster = ClusterModel(is_balanced=False)
    if shape == _FOUND:
        left = left_behind(an_item(_PATTERN, spec=a_spec()))
        cluster.objects = {key: copy.deepcopy(dict(live)) for key, live in left.objects.items()}
        cluster.work()
    for number in range(_MOST_PASSES):
        _pass(cluster, item, now=NOW + timedelta(minutes=number))
        cluster.work()
    objects = cluster.observe(_PATTERN).objects
    return AtRest(name=_PATTERN, item=item, observed=Observed(objects=objects))


def _pass(cluster: ClusterModel, item: dict[str, Any], *, now: datetime) -> None:
    """Do what the reconciler does, and change the record as it does."""
    request = read_request(_PATTERN, item, SCOPE)
    plan = make_plan(request, cluster.observe(_PATTERN), SCOPE, now=now)
    for action in plan.actions:
        cluster.carry_out(action)
    status = region_status(request, Outcome(plan=plan, observed=cluster.observe(_PATTERN)), SCOPE, now=now)
    written = None if status is None else to_write(status, request.status(SCOPE.region), now=now)
    if written is not None:
        item["region_status"] = {REGION: as_stored(written)}
    if may_be_promoted(item, read_record(item)):
        item["desired_state"] = "running"


def many(count: int) -> Iterator[AtRest]:
    """Make endpoints of all shapes in turn, each with a name of its own."""
    shapes = [a_shape(shape) for shape in SPECS]
    for number in range(count):
        yield shapes[number % len(shapes)].called(f"endpoint-{number}")
