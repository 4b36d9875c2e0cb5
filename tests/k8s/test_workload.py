"""How the controller's pods are run: probes, numbers, grace, and what they may do, held to what the controller does."""

import pytest

from gco_stream.app import _DRAIN_SECONDS
from gco_stream.chronicle import _DRAIN_SECONDS as EVENTS_SECONDS
from gco_stream.core.health import GRACE_SECONDS
from gco_stream.election import RELEASE_SECONDS
from gco_stream.settings import read_settings
from tests.k8s.built import OVERLAYS, built, container_of, environment_of, pod_spec
from tests.world import Manifest
from tests.world.parts import Parts

ENDING_SECONDS = 2
"""What is left for closing connections, once work, Events and lease have had theirs."""


@pytest.fixture(params=OVERLAYS)
def found(request: pytest.FixtureRequest, world_parts: Parts) -> dict[str, Manifest]:
    return built(world_parts, OVERLAYS[request.param])


@pytest.fixture
def deployment(found: dict[str, Manifest]) -> Manifest:
    return found["Deployment"]


def defaults() -> dict[str, str]:
    return {"REGION": "us-east-1", "DYNAMODB_REGION": "us-east-1"}


@pytest.mark.behaviour("B5")
def test_work_in_hand_may_finish_and_the_lease_be_given_back_before_the_pod_is_killed(deployment: Manifest) -> None:
    needed = _DRAIN_SECONDS + EVENTS_SECONDS + RELEASE_SECONDS + ENDING_SECONDS

    assert pod_spec(deployment)["terminationGracePeriodSeconds"] >= needed


@pytest.mark.behaviour("B4")
def test_an_update_always_leaves_a_ready_standby_that_leads_before_a_lease_would_have_run_out(
    deployment: Manifest,
) -> None:
    settings = read_settings(environment_of(deployment) | defaults())

    rolling = deployment["spec"]["strategy"]["rollingUpdate"]
    # One is asked to end, and while it does, this many others are ready.
    standing_by = deployment["spec"]["replicas"] - rolling["maxUnavailable"] - 1
    # It looks once per retry, and what it sees at the worst is a lease that was given back in the last moment.
    gap = settings.lease_retry.total_seconds() + RELEASE_SECONDS
    assert (standing_by, rolling["maxSurge"]) == (1, 1)
    assert gap < settings.lease_duration.total_seconds()


def test_a_drain_of_nodes_leaves_one_to_lead_and_waits_for_none_that_is_broken(found: dict[str, Manifest]) -> None:
    budget = found["PodDisruptionBudget"]["spec"]

    assert budget["selector"] == found["Deployment"]["spec"]["selector"]
    assert budget["minAvailable"] == found["Deployment"]["spec"]["replicas"] - 1 == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@pytest.mark.behaviour("B6")
def test_probes_and_prometheus_ask_where_the_controller_answers(deployment: Manifest) -> None:
    container = container_of(deployment)
    settings = read_settings(environment_of(deployment) | defaults())

    ((name, port),) = ((one["name"], one["containerPort"]) for one in container["ports"])
    asked = {probe: container[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert port == settings.health_port
    assert asked == {
        "startupProbe": {"path": "/healthz", "port": name},
        "livenessProbe": {"path": "/healthz", "port": name},
        "readinessProbe": {"path": "/readyz", "port": name},
    }
    assert deployment["spec"]["template"]["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(port),
        "prometheus.io/path": "/metrics",
    }


@pytest.mark.behaviour("B6")
def test_liveness_leaves_a_leader_the_time_to_end_by_itself(deployment: Manifest) -> None:
    probe = container_of(deployment)["livenessProbe"]

    assert probe["periodSeconds"] * probe["failureThreshold"] >= GRACE_SECONDS
    assert probe["timeoutSeconds"] < probe["periodSeconds"]


def test_both_tokens_are_projected_and_the_one_for_the_api_server_is_given_to_this_container_alone(
    found: dict[str, Manifest],
) -> None:
    pod = pod_spec(found["Deployment"])

    kinds = {volume["name"]: set(volume) - {"name"} for volume in pod["volumes"]}
    mounts = {mount["name"]: mount for mount in container_of(found["Deployment"])["volumeMounts"]}
    assert set(kinds) == set(mounts)
    assert all(kind == {"projected"} for kind in kinds.values())
    assert all(mount["readOnly"] for mount in mounts.values())
    assert mounts["kube-api-access"]["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert found["ServiceAccount"]["automountServiceAccountToken"] is False
    assert pod["automountServiceAccountToken"] is False


def test_memory_is_what_was_asked_for_and_processor_time_has_no_limit(deployment: Manifest) -> None:
    resources = container_of(deployment)["resources"]

    assert resources["limits"] == {"memory": resources["requests"]["memory"]}
    assert resources["requests"].keys() == {"cpu", "memory"}


def test_the_pods_are_spread_over_nodes_and_zones_without_counting_those_that_an_update_replaces(
    deployment: Manifest,
) -> None:
    spread = {one["topologyKey"]: one for one in pod_spec(deployment)["topologySpreadConstraints"]}

    assert {key: one["whenUnsatisfiable"] for key, one in spread.items()} == {
        "kubernetes.io/hostname": "DoNotSchedule",
        "topology.kubernetes.io/zone": "ScheduleAnyway",
    }
    for one in spread.values():
        assert one["maxSkew"] == 1
        assert one["labelSelector"] == deployment["spec"]["selector"]
        assert one["matchLabelKeys"] == ["pod-template-hash"]
        assert one["nodeTaintsPolicy"] == "Honor"


def test_nothing_may_be_written_or_gained(deployment: Manifest) -> None:
    pod, container = pod_spec(deployment), container_of(deployment)

    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
