"""A projection answers whether an object is as we want it, and is small."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gco_stream.core.compare import differences
from gco_stream.core.manifests import render
from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.models import Kind, Manifest, is_leaving
from gco_stream.core.projection import digest, digest_of_intent, digest_of_live, project
from gco_stream.core.record import Endpoint, read_endpoint
from gco_stream.core.rollout import read_rollout
from tests.builders import (
    NAME,
    SCOPE,
    a_deployment_status,
    a_live,
    an_endpoint,
    an_item,
    container_of,
    deployment_of,
    foreign,
    leaving,
    manifests_of,
)
from tests.server_side_apply import applied
from tests.strategies import labels, specs

Change = Callable[[Any], object]


@st.composite
def intents(draw: st.DrawFn) -> Manifest:
    """Manifests of every kind, as any right record has them rendered; empty strings count like none, so none here."""
    endpoint = read_endpoint(an_item(spec=draw(specs), labels=draw(labels)), SCOPE)
    rendered = list(render(endpoint, SCOPE, replicas=draw(st.integers(0, 3))).values())
    intent = draw(st.sampled_from(rendered))
    assume('""' not in json.dumps(intent))
    return intent


@given(intent=intents())
def test_an_object_that_is_as_applied_has_the_digest_of_its_intent(intent: Manifest) -> None:
    assert digest_of_live(a_live(intent)) == digest_of_intent(intent)


@given(first=intents(), second=intents())
def test_digests_tell_intents_apart_exactly_as_comparing_them_does(first: Manifest, second: Manifest) -> None:
    live = a_live(first)

    has_same_digest = digest_of_live(live) == digest_of_intent({**second, "kind": first["kind"]})

    assert has_same_digest is (differences({**second, "kind": first["kind"]}, live) == ())


@pytest.mark.behaviour("B14")
@given(intent=intents(), data=st.data())
def test_any_field_of_ours_that_changes_changes_the_digest(intent: Manifest, data: st.DataObject) -> None:
    live = a_live(intent)
    path = data.draw(st.sampled_from(list(leaves_of(body_of(intent)))))

    before = set_at(live, path, "something else")

    assert before != "something else"
    assert digest_of_live(live) != digest_of_intent(intent)


@pytest.mark.behaviour("B14")
@given(intent=intents(), data=st.data())
def test_any_field_of_ours_that_goes_changes_the_digest(intent: Manifest, data: st.DataObject) -> None:
    live = a_live(intent)
    path = data.draw(st.sampled_from(list(leaves_of(body_of(intent)))))

    del value_at(live, path[:-1])[path[-1]]

    assert digest_of_live(live) != digest_of_intent(intent)


@pytest.mark.behaviour("B14")
@given(intent=intents(), data=st.data())
def test_any_field_of_ours_that_another_took_over_changes_the_digest(intent: Manifest, data: st.DataObject) -> None:
    live = a_live(intent)
    entry = live["metadata"]["managedFields"][0]
    leaves = [path for path in leaves_of(entry["fieldsV1"]) if path[-1] not in (".", "f:replicas")]
    path = data.draw(st.sampled_from(leaves))

    entry["fieldsV1"] = without(entry["fieldsV1"], path)

    assert digest_of_live(live) != digest_of_intent(intent)


def test_an_object_to_which_we_never_applied_anything_differs_from_every_intent() -> None:
    intent = deployment_of(an_endpoint())
    theirs = applied(None, intent, manager="kubectl")

    assert digest_of_live(theirs) != digest_of_intent(intent)


def test_what_an_earlier_intent_left_behind_changes_the_digest() -> None:
    live = a_live(deployment_of(an_endpoint(env={"A": "1", "B": "2"})))
    intent = deployment_of(an_endpoint(env={"A": "1"}))

    assert digest_of_live(live) != digest_of_intent(intent)
    assert digest_of_live(a_live(intent, before=live)) == digest_of_intent(intent)


def set_by_status(live: Any) -> None:
    live["status"] = {"readyReplicas": 7, "conditions": []}


THEIRS: dict[str, Change] = {
    "status": set_by_status,
    "version": lambda live: live["metadata"].update(resourceVersion="9999", generation=77),
    "label": lambda live: live["metadata"]["labels"].update({"theirs": "1"}),
    "annotation": lambda live: live["metadata"].setdefault("annotations", {}).update({"theirs": "1"}),
    "variable": lambda live: container_of(live)["env"].append({"name": "THEIRS", "value": "1"}),
    "container": lambda live: live["spec"]["template"]["spec"]["containers"].append({"name": "x", "image": "x"}),
    "field": lambda live: live["spec"]["template"]["spec"].update(hostNetwork=True),
    "field of an entry": lambda live: container_of(live).update(tty=True),
    "order of variables": lambda live: container_of(live)["env"].reverse(),
    "manager": lambda live: live["metadata"]["managedFields"].append(
        {"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    ),
}


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize("change", THEIRS.values(), ids=THEIRS)
def test_what_is_not_ours_does_not_count(change: Change) -> None:
    intent = deployment_of(an_endpoint(env={"A": "1", "B": "2"}))
    live = a_live(intent)
    untouched = copy.deepcopy(live)

    change(live)

    assert live != untouched
    assert digest_of_live(live) == digest_of_intent(intent)


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (Kind.SERVICE, lambda live: live["spec"]["selector"].update(version="2")),
        (Kind.DEPLOYMENT, lambda live: live["spec"]["template"]["spec"]["nodeSelector"].update(zone="a")),
        (Kind.DEPLOYMENT, lambda live: live["spec"]["template"]["spec"]["tolerations"].append({"key": "x"})),
        (Kind.DEPLOYMENT, lambda live: container_of(live)["args"].append("--theirs")),
        (Kind.INGRESS, lambda live: live["spec"]["rules"].append({"host": "theirs"})),
    ],
    ids=["selector", "node selector", "tolerations", "args", "rules"],
)
def test_whatever_is_added_to_what_has_one_owner_changes_the_digest(kind: Kind, change: Change) -> None:
    intent = manifests_of(an_endpoint(args=["--ours"]))[kind]
    live = a_live(intent)

    change(live)

    assert digest_of_live(live) != digest_of_intent(intent)


def test_an_order_that_matters_changes_the_digest() -> None:
    intent = deployment_of(an_endpoint(args=["--a", "--b"]))
    live = a_live(intent)

    container_of(live)["args"].reverse()

    assert digest_of_live(live) != digest_of_intent(intent)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("1.0", "1"), ("0.5", "500m"), ("1000m", "1"), ("1024Mi", "1Gi"), (2, "2"), ("1e3", "1k"), ("100", "1e2")],
)
def test_the_same_amount_in_other_words_has_the_same_digest(asked: object, answered: str) -> None:
    intent = copy.deepcopy(deployment_of(an_endpoint(gpu_count=0)))
    container_of(intent)["resources"] = {"requests": {"cpu": asked}, "limits": {"cpu": asked}}
    live = a_live(intent)

    container_of(live)["resources"] = {"requests": {"cpu": answered}, "limits": {"cpu": answered}}

    assert digest_of_live(live) == digest_of_intent(intent)


def test_another_amount_has_another_digest() -> None:
    intent = deployment_of(an_endpoint(gpu_count=0, resources={"requests": {"cpu": "1"}}))
    live = a_live(intent)

    container_of(live)["resources"]["requests"]["cpu"] = "1m"

    assert digest_of_live(live) != digest_of_intent(intent)


def test_an_empty_variable_may_come_back_without_its_value() -> None:
    intent = deployment_of(an_endpoint(env={"EMPTY": ""}))
    live = a_live(intent)

    del container_of(live)["env"][0]["value"]

    assert digest_of_live(live) == digest_of_intent(intent)


def test_words_that_look_like_amounts_are_words_elsewhere() -> None:
    intent = deployment_of(an_endpoint(env={"SIZE": "1.0"}))
    live = a_live(intent)

    container_of(live)["env"][0]["value"] = "1"

    assert digest_of_live(live) != digest_of_intent(intent)


def test_a_whole_object_carries_no_digest_and_a_projection_does() -> None:
    live = a_live(deployment_of(an_endpoint()))

    assert digest(live) is None
    assert digest(project(live)) == digest_of_live(live)


@given(spec=specs, replicas=st.integers(0, 3), ready=st.integers(0, 3), progress=st.sampled_from(["x", "Progress"]))
def test_a_projection_tells_all_that_planning_and_reporting_read(
    spec: dict[str, Any], replicas: int, ready: int, progress: str
) -> None:
    status = a_deployment_status(replicas, ready=ready, progress=progress, message="m")
    live = a_live(deployment_of(read_endpoint(an_item(spec=spec), SCOPE), replicas=replicas), **status)

    thin = project(live)

    assert read_rollout(thin) == read_rollout(live)
    assert is_ours(thin, NAME) is is_ours(live, NAME) is True
    assert thin["metadata"]["uid"] == live["metadata"]["uid"]
    assert (is_leaving(thin), is_leaving(project(leaving(live)))) == (False, True)


def test_conditions_that_nobody_reads_make_no_difference() -> None:
    live = a_live(deployment_of(an_endpoint()), **a_deployment_status(1))
    before = project(live)

    live["status"]["conditions"].append({"type": "ReplicaFailure", "status": "True", "message": "at 12:00"})
    assert project(live) == before


def test_what_lacks_our_marks_is_not_ours_in_a_projection_either() -> None:
    assert not is_ours(project(foreign(a_live(deployment_of(an_endpoint())))), NAME)


def huge() -> Endpoint:
    spec: dict[str, Any] = {"env": {f"VARIABLE_{number}": "x" * 100 for number in range(300)}}
    labels = {f"label-{number}": "x" * 60 for number in range(30)}
    return an_endpoint(labels=labels, autoscaling={"enabled": True}, **spec)


@pytest.mark.parametrize("kind", Kind)
def test_a_projection_is_less_than_a_kilobyte_whatever_the_object_holds(kind: Kind) -> None:
    status = a_deployment_status(3, progress="ProgressDeadlineExceeded", message="x" * 200)

    thin = project(a_live(manifests_of(huge())[kind], **status))

    assert len(json.dumps(thin)) < 1000


Path = tuple[Any, ...]


def body_of(intent: Manifest) -> dict[str, Any]:
    """What an intent sets: all but what says which object it is of."""
    metadata = {key: value for key, value in intent["metadata"].items() if key not in ("name", "namespace")}
    return {"metadata": metadata, "spec": intent["spec"]}


def leaves_of(value: Any, above: Path = ()) -> Iterator[Path]:
    """The paths of all single values."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    paths = [path for step, entry in below for path in leaves_of(entry, (*above, step))]
    yield from paths or [above]


def value_at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def without(fields: dict[str, Any], path: Path) -> dict[str, Any]:
    """A tree of fields without one of them, and without what has none left below it."""
    step, *rest = path
    below = without(fields[step], tuple(rest)) if rest else {}
    kept = {name: entry for name, entry in fields.items() if name != step}
    return kept | {step: below} if set(below) - {"."} else kept


def set_at(value: Any, path: Path, new: Any) -> Any:
    """Put another value at a path, and return the one that was there."""
    owner = value_at(value, path[:-1])
    before, owner[path[-1]] = owner[path[-1]], new
    return before
