"""What a Deployment that another version of the controller made keeps, and what a hand edit ends."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from gco_stream.core.kept_template import keeps_template, with_kept_sync_image, with_kept_template
from gco_stream.core.models import Manifest
from gco_stream.core.projection import project
from tests.builders import NAME, REGION, a_live, an_endpoint, deployment_of
from tests.next_version import next_version
from tests.server_side_apply import applied


def ours(**spec: Any) -> dict[str, Any]:
    """A Deployment as this version makes it."""
    return a_live(deployment_of(an_endpoint(**spec)), replicas=1)


def keeps(live: Manifest, **spec: Any) -> bool:
    return keeps_template(live, an_endpoint(**spec), region=REGION)


def by_hand(live: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The Deployment once somebody has applied something else to its container."""
    containers = [{"name": "inference", **change}]
    identity = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}}
    wish = {**identity, "spec": {"template": {"spec": {"containers": containers}}}}
    return applied(live, wish, manager="somebody")


SAID: dict[str, Any] = {"env": {"A": "1", "EMPTY": ""}, "command": ["serve"], "args": ["--fast"]}


@pytest.mark.behaviour("B14", "B35")
@pytest.mark.parametrize(
    "change",
    [
        {"image": "hacked:v9"},
        {"command": ["sleep"]},
        {"args": ["--slow"]},
        {"env": [{"name": "A", "value": "2"}]},
        {"resources": {"limits": {"memory": "1Gi"}}},
    ],
    ids=str,
)
def test_what_somebody_else_has_set_of_what_the_record_says_is_not_kept(change: dict[str, Any]) -> None:
    live = ours(**SAID)

    with next_version():
        assert keeps(live, **SAID)
        assert not keeps(by_hand(live, change), **SAID)


@pytest.mark.behaviour("B14", "B35")
def test_another_image_is_seen_in_a_projection_too() -> None:
    live = by_hand(ours(), {"image": "hacked:v9"})

    with next_version():
        assert not keeps(live)
        assert not keeps(project(live))


@pytest.mark.behaviour("B14", "B35")
def test_what_somebody_has_taken_away_of_what_the_record_says_is_not_kept() -> None:
    live = ours(**SAID)
    fields = live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    del fields['k:{"name":"inference"}']["f:env"]['k:{"name":"A"}']

    with next_version():
        assert not keeps(live, **SAID)


@pytest.mark.behaviour("B14", "B35")
@pytest.mark.parametrize("change", [{"tty": True}, {"env": [{"name": "THEIRS", "value": "1"}]}], ids=str)
def test_what_somebody_has_added_beside_ends_nothing(change: dict[str, Any]) -> None:
    live = by_hand(ours(), change)

    with next_version():
        assert keeps(live)
        assert keeps(project(live))


@pytest.mark.behaviour("B35")
def test_of_an_earlier_versions_deployment_the_template_alone_is_kept() -> None:
    live = ours(**SAID)

    with next_version():
        rendered = deployment_of(an_endpoint(rollout={"max_surge": 2}, **SAID), replicas=3)
        manifest = with_kept_template(rendered, live)

    assert manifest["spec"] == rendered["spec"] | {"template": deployment_of(an_endpoint(**SAID))["spec"]["template"]}
    assert manifest["metadata"] == deployment_of(an_endpoint(**SAID))["metadata"]


def synced(image: str, *, replicas: int = 1, **spec: Any) -> dict[str, Any]:
    """A rendered Deployment with an image for its model sync."""
    rendered = copy.deepcopy(
        dict(deployment_of(an_endpoint(model_source="s3://models/llama", **spec), replicas=replicas))
    )
    rendered["spec"]["template"]["spec"]["initContainers"][0]["image"] = image
    return rendered


@pytest.mark.behaviour("B35")
@pytest.mark.parametrize("seen", [dict, project], ids=["whole", "projection"])
def test_pods_keep_the_sync_image_that_they_were_made_with(seen: Callable[[Any], Any]) -> None:
    live = seen(a_live(synced("sync:1"), replicas=1))

    assert with_kept_sync_image(synced("sync:2"), live) == synced("sync:1")
    assert with_kept_sync_image(synced("sync:2", env={"A": "1"}), live) == synced("sync:2", env={"A": "1"})


@pytest.mark.behaviour("B35")
def test_a_sync_image_is_kept_only_for_pods_and_only_if_it_is_ours() -> None:
    asleep = a_live(synced("sync:1", replicas=0), observedGeneration=1)
    theirs = a_live(synced("sync:1"), replicas=1)
    fields = theirs["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:initContainers"]
    del fields['k:{"name":"model-sync"}']["f:image"]

    for live in (asleep, project(asleep), theirs, project(theirs)):
        assert with_kept_sync_image(synced("sync:2"), live) == synced("sync:2")
