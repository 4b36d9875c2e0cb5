"""While old pods serve, a Service and the load balancer's health check lead to where those listen."""

import copy
from typing import Any

import pytest

from gco_stream.core.continuity import health_path, target_port
from gco_stream.core.manifests.ingress import HEALTH_PATH
from gco_stream.core.models import Manifest
from gco_stream.core.projection import project
from tests.builders import (
    INGRESS,
    SERVICE,
    a_deployment_status,
    a_live,
    an_endpoint,
    deployment_of,
    everything_of,
)

pytestmark = pytest.mark.behaviour("B14")

AT_REST = a_deployment_status(2)
HALF_WAY = a_deployment_status(2, updated=1, old=1, ready=1)
NOT_SEEN_YET = a_deployment_status(2, generation=0)
NOBODY_READY = a_deployment_status(2, updated=1, old=1, ready=0)
SERVICE_NOW = everything_of(an_endpoint(port=8000)).objects[SERVICE]


def a_deployment(status: dict[str, Any]) -> Manifest:
    return a_live(deployment_of(an_endpoint(replicas=2, port=8000)), **status)


def without_port_name(deployment: Manifest) -> Manifest:
    """As Deployments were before container ports had a name."""
    for port in deployment["spec"]["template"]["spec"]["containers"][0]["ports"]:
        port.pop("name")
    return deployment


def leading_to(port: int | str, service: Manifest = SERVICE_NOW) -> Manifest:
    other = copy.deepcopy(dict(service))
    other["spec"]["ports"][0]["targetPort"] = port
    return other


def test_without_old_pods_a_service_leads_to_the_port_of_the_record() -> None:
    assert target_port(9000, None, a_deployment(HALF_WAY), is_changing=True) == 9000
    assert target_port(9000, SERVICE_NOW, None, is_changing=True) == 9000
    assert target_port(9000, SERVICE_NOW, a_deployment(AT_REST), is_changing=False) == 9000


def test_old_pods_that_answer_nobody_are_waited_for_by_nobody() -> None:
    assert target_port(9000, SERVICE_NOW, a_deployment(NOBODY_READY), is_changing=True) == 9000


@pytest.mark.parametrize("status", [AT_REST, HALF_WAY])
def test_a_port_that_changes_is_led_to_by_its_name_which_old_and_new_pods_have(status: dict[str, Any]) -> None:
    assert target_port(9000, SERVICE_NOW, a_deployment(status), is_changing=True) == "http"


@pytest.mark.parametrize("status", [AT_REST, HALF_WAY])
def test_pods_whose_port_has_no_name_keep_its_number_until_they_are_gone(status: dict[str, Any]) -> None:
    old = without_port_name(a_deployment(status))

    assert target_port(9000, SERVICE_NOW, old, is_changing=True) == 8000


@pytest.mark.parametrize("status", [HALF_WAY, NOT_SEEN_YET])
def test_a_name_stays_until_the_last_old_pod_is_gone(status: dict[str, Any]) -> None:
    named = leading_to("http")

    assert target_port(9000, named, a_deployment(status), is_changing=False) == "http"
    assert target_port(9000, named, a_deployment(AT_REST), is_changing=False) == 9000


def test_a_port_that_somebody_else_set_is_put_right_at_once() -> None:
    theirs = leading_to(6666)
    theirs["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].pop("f:ports")

    assert target_port(8000, theirs, a_deployment(HALF_WAY), is_changing=False) == 8000


def test_what_is_kept_of_the_objects_says_the_same() -> None:
    half, rest = (project(a_deployment(status)) for status in (HALF_WAY, AT_REST))

    assert target_port(9000, project(leading_to("http")), half, is_changing=False) == "http"
    assert target_port(9000, project(leading_to("http")), rest, is_changing=False) == 9000


def an_ingress(path: str | None) -> Manifest:
    live = everything_of(an_endpoint()).objects[INGRESS]
    others = {key: value for key, value in live["metadata"]["annotations"].items() if key != HEALTH_PATH}
    annotations = others if path is None else {**others, HEALTH_PATH: path}
    return {**live, "metadata": {**live["metadata"], "annotations": annotations}}


@pytest.mark.parametrize("status", [AT_REST, HALF_WAY])
def test_pods_that_serve_are_asked_for_their_health_where_they_answer(status: dict[str, Any]) -> None:
    assert health_path("/new", "/old", a_deployment(status), is_changing=True) == "/old"


def test_when_the_last_old_pod_is_gone_the_new_path_counts() -> None:
    assert health_path("/new", "/old", a_deployment(HALF_WAY), is_changing=False) == "/old"
    assert health_path("/new", "/old", a_deployment(AT_REST), is_changing=False) == "/new"
    assert health_path("/new", "/old", a_deployment(NOBODY_READY), is_changing=True) == "/new"
    assert health_path("/new", None, a_deployment(HALF_WAY), is_changing=True) == "/new"
    assert health_path("/new", "/old", None, is_changing=True) == "/new"


@pytest.mark.parametrize("path", [None, "", "no-slash", "/with space"])
def test_a_path_that_would_stop_the_load_balancer_is_not_kept(path: str | None) -> None:
    assert health_path("/new", path, a_deployment(HALF_WAY), is_changing=True) == "/new"
