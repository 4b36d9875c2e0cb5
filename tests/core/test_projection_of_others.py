"""What is kept of objects that bear nothing by which an endpoint's are known."""

import pytest

from gco_stream.core.manifests.ownership import is_ours
from gco_stream.core.mirror import Listed, Mirror
from gco_stream.core.models import Kind
from gco_stream.core.projection import is_somebody_elses, project
from tests.builders import NAME, a_deployment_status, a_live, an_endpoint, deployment_of


@pytest.mark.behaviour("B13")
@pytest.mark.parametrize("labels", [None, {"app": "llama", "app.kubernetes.io/managed-by": "Helm"}])
def test_of_somebody_elses_object_only_its_coming_and_going_is_kept(labels: dict[str, str] | None) -> None:
    live = a_live(deployment_of(an_endpoint()), **a_deployment_status(1))
    live["metadata"] |= {"labels": labels, "annotations": {"theirs": "x"}}
    thin = project(live)

    live["metadata"]["generation"] += 1
    live["spec"]["replicas"] = 7
    assert project(live) == thin
    assert is_somebody_elses(thin)
    assert not is_ours(thin, NAME)
    assert thin["metadata"]["name"] == NAME


@pytest.mark.parametrize("mark", ["gco.io/type", "gco.io/endpoint", "app.kubernetes.io/managed-by"])
def test_any_one_of_our_labels_that_is_left_keeps_an_object_from_being_somebody_elses(mark: str) -> None:
    live = a_live(deployment_of(an_endpoint()))
    live["metadata"]["labels"] = {mark: live["metadata"]["labels"][mark]}

    assert not is_somebody_elses(project(live))


def test_all_is_seen_once_every_kind_is_followed() -> None:
    mirror = Mirror()
    seen = [mirror.sees_all()]

    for kind in Kind:
        mirror.take(kind, Listed((), "10"))
        seen.append(mirror.sees_all())
    mirror.doubt(Kind.SERVICE)

    assert [*seen, mirror.sees_all()] == [False, False, False, False, True, False]


@pytest.mark.behaviour("B39")
def test_an_ingress_of_somebody_else_is_no_target_group_of_ours() -> None:
    theirs = {"kind": "Ingress", "metadata": {"name": "theirs", "uid": "uid-1", "resourceVersion": "5"}}
    mirror = Mirror()

    mirror.take(Kind.INGRESS, Listed((project(theirs),), "10"))

    assert mirror.target_groups() == 0
