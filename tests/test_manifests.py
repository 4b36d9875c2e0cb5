"""What is applied to a cluster to run the controller: names, rights and restrictions, held to what it really does."""

import json
import subprocess
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from gco_stream.app import _DRAIN_SECONDS
from gco_stream.core.health import GRACE_SECONDS
from gco_stream.core.leadership import LEASE_NAME
from gco_stream.election import RELEASE_SECONDS
from gco_stream.errors import InvalidSettings
from gco_stream.settings import read_settings
from tests.controller import running_controller
from tests.counting import counting_proxy
from tests.e2e.watching import is_promoted, is_purged, reaches
from tests.world import Kubernetes, Manifest, Site, World, eventually
from tests.world.parts import Parts
from tests.writers import Writers, a_spec

K8S = Path(__file__).parents[1] / "k8s"
BASE, EXAMPLE = K8S / "base", K8S / "overlays" / "example"
ACCOUNT = "system:serviceaccount:gco-system:gco-inference-monitor-sa"


def built(parts: Parts, folder: Path) -> dict[str, Manifest]:
    """What kustomize makes of a folder, by kind."""
    command = [str(parts.programs["kubectl"]), "kustomize", str(folder)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {manifest["kind"]: manifest for manifest in yaml.safe_load_all(output)}


def placed(manifest: Manifest, namespace: str) -> Manifest:
    """The same in another namespace."""
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


def pod_spec(deployment: Manifest) -> Any:
    return deployment["spec"]["template"]["spec"]


def environment_of(deployment: Manifest) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in pod_spec(deployment)["containers"][0]["env"]}


@pytest.mark.behaviour("B36")
@pytest.mark.parametrize("folder", [BASE, EXAMPLE], ids=["base", "example"])
def test_names_and_labels_are_those_that_the_platform_looks_for(world_parts: Parts, folder: Path) -> None:
    found = built(world_parts, folder)

    names = {kind: (m["metadata"]["namespace"], m["metadata"]["name"]) for kind, m in found.items()}
    assert names == {
        "ServiceAccount": ("gco-system", "gco-inference-monitor-sa"),
        "Deployment": ("gco-system", "inference-monitor"),
        "Role": ("gco-inference", "gco-inference-monitor-role"),
        "RoleBinding": ("gco-inference", "gco-inference-monitor-binding"),
    }
    deployment = found["Deployment"]["spec"]
    assert deployment["selector"] == {"matchLabels": {"app": "inference-monitor"}}
    assert deployment["template"]["metadata"]["labels"] == {"app": "inference-monitor", "project": "gco"}
    assert deployment["template"]["spec"]["serviceAccountName"] == "gco-inference-monitor-sa"


@pytest.mark.behaviour("B36")
def test_the_token_for_aws_is_where_the_environment_says(world_parts: Parts) -> None:
    deployment = built(world_parts, EXAMPLE)["Deployment"]

    (volume,) = pod_spec(deployment)["volumes"]
    (mount,) = pod_spec(deployment)["containers"][0]["volumeMounts"]
    (source,) = volume["projected"]["sources"]
    variables = environment_of(deployment)
    assert mount["name"] == volume["name"]
    assert source["serviceAccountToken"]["audience"] == "sts.amazonaws.com"
    assert variables["AWS_WEB_IDENTITY_TOKEN_FILE"] == f"{mount['mountPath']}/{source['serviceAccountToken']['path']}"
    assert variables["AWS_ROLE_ARN"].startswith("arn:aws:iam::")


@pytest.mark.behaviour("B36")
def test_the_environment_of_the_example_is_all_that_the_controller_needs(world_parts: Parts) -> None:
    variables = environment_of(built(world_parts, EXAMPLE)["Deployment"])

    settings = read_settings(variables)

    assert (settings.cluster_name, settings.region, settings.table_region) == ("gco-us-east-1", *["us-east-1"] * 2)
    assert settings.table_name == "gco-inference-endpoints"
    assert settings.namespace == built(world_parts, EXAMPLE)["Role"]["metadata"]["namespace"]
    assert "RECONCILE_INTERVAL_SECONDS" not in variables


def test_the_base_alone_names_no_region_so_that_nobody_runs_it_as_it_is(world_parts: Parts) -> None:
    variables = environment_of(built(world_parts, BASE)["Deployment"])

    with pytest.raises(InvalidSettings, match="REGION is missing"):
        read_settings(variables)


def test_one_controller_stands_by_also_during_an_update_and_work_in_hand_may_finish(world_parts: Parts) -> None:
    spec = built(world_parts, EXAMPLE)["Deployment"]["spec"]

    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] >= _DRAIN_SECONDS + RELEASE_SECONDS + 2


@pytest.mark.behaviour("B6")
def test_probes_and_prometheus_ask_where_the_controller_answers(world_parts: Parts) -> None:
    deployment = built(world_parts, EXAMPLE)["Deployment"]

    (container,) = pod_spec(deployment)["containers"]
    settings = read_settings(environment_of(deployment))
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
def test_liveness_leaves_a_leader_the_time_to_end_by_itself(world_parts: Parts) -> None:
    (container,) = pod_spec(built(world_parts, EXAMPLE)["Deployment"])["containers"]

    probe = container["livenessProbe"]

    assert probe["periodSeconds"] * probe["failureThreshold"] >= GRACE_SECONDS
    assert probe["timeoutSeconds"] < probe["periodSeconds"]


def test_the_lease_alone_of_all_leases_is_granted(world_parts: Parts) -> None:
    rules = built(world_parts, BASE)["Role"]["rules"]

    assert [r["resourceNames"] for r in rules if "leases" in r["resources"]] == [[LEASE_NAME]]


async def test_the_pod_is_admitted_where_pod_security_is_restricted(world_parts: Parts, site: Site) -> None:
    restricted = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    await site.kubernetes.patch("Namespace", site.namespace, restricted)
    found = built(world_parts, EXAMPLE)
    await site.kubernetes.apply(placed(found["ServiceAccount"], site.namespace))

    await site.kubernetes.apply(placed(found["Deployment"], site.namespace))

    await eventually(lambda: is_available(site.kubernetes), what="the pod ready, not refused")


async def is_available(kubernetes: Kubernetes) -> bool:
    deployment = await kubernetes.get("Deployment", "inference-monitor")
    status = deployment["status"] if deployment else {}
    counters = (status.get("replicas"), status.get("updatedReplicas"), status.get("availableReplicas"))
    return counters == (2, 2, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What an endpoint's whole life took, from its creation to the end of its record."""

    asked: frozenset[tuple[str, str, str]]
    """(verb, API group, resource) of everything that the API server was asked by the controller's account."""
    calls: dict[str, set[str]]
    """The operations that were called, by AWS' name of the service."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def life(world: World, world_parts: Parts) -> AsyncIterator[Life]:
    """Run the controller with its own account and rights alone, and an endpoint from beginning to end."""
    async with world.site() as site, counting_proxy(world.dynamodb.endpoint) as proxy:
        token = await account_with_rights(site.kubernetes, built(world_parts, BASE))
        environment = {
            "KUBECONFIG": str(world.kubeconfig_for(token)),
            "AWS_ENDPOINT_URL_DYNAMODB": proxy.url,
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": proxy.url,
        }
        async with running_controller(site, **environment):
            writers = Writers(site.table, site.namespace)
            writers.create("llama", a_spec(autoscaling={"enabled": True}))
            await is_promoted(writers, "llama")
            await reaches(writers, "llama", "running", published=True)
            writers.say("llama", "stopped")
            await reaches(writers, "llama", "stopped")
            writers.say("llama", "running")
            await reaches(writers, "llama", "running", published=True)
            writers.say("llama", "deleted")
            await is_purged(writers, "llama")
        for kind in ("Deployment", "Service", "Ingress", "HorizontalPodAutoscaler"):
            assert await site.kubernetes.list(kind) == []
        yield Life(asked=frozenset(asked_by(world, ACCOUNT)), calls=proxy.services)


async def account_with_rights(kubernetes: Kubernetes, found: dict[str, Manifest]) -> str:
    """Make the controller's account where it belongs, its Role in this site instead, and return a token."""
    system = kubernetes.within("gco-system")
    await system.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gco-system"}})
    await system.apply(found["ServiceAccount"])
    await kubernetes.apply(placed(found["Role"], kubernetes.namespace))
    await kubernetes.apply(placed(found["RoleBinding"], kubernetes.namespace))
    return await system.token_of("gco-inference-monitor-sa")


def asked_by(world: World, user: str) -> Iterable[tuple[str, str, str]]:
    """Every right that a user has needed; an apply that made its object (201) needed ``create`` as well."""
    for line in world.audit_log.read_text().splitlines():
        entry = json.loads(line)
        if entry["user"].get("username") != user or entry["stage"] != "ResponseComplete":
            continue
        thing = entry.get("objectRef") or {"resource": entry["requestURI"]}
        yield entry["verb"], thing.get("apiGroup", ""), thing["resource"]
        if entry["verb"] == "patch" and entry["responseStatus"]["code"] == 201:
            yield "create", thing.get("apiGroup", ""), thing["resource"]


@pytest.mark.behaviour("B36")
def test_the_role_grants_exactly_what_the_controller_asks_for(world_parts: Parts, life: Life) -> None:
    rules = built(world_parts, BASE)["Role"]["rules"]

    granted = {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }

    assert granted == life.asked


@pytest.mark.behaviour("B36")
def test_the_aws_policy_allows_exactly_what_the_controller_calls(life: Life) -> None:
    policy = json.loads((K8S / "iam-policy.json").read_text())

    allowed = {statement["Resource"]: set(statement["Action"]) for statement in policy["Statement"]}

    table = "arn:aws:dynamodb:us-east-1:111122223333:table/gco-inference-endpoints"
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}
    assert allowed == {
        table: {f"dynamodb:{operation}" for operation in life.calls["DynamoDB"]},
        f"{table}/stream/*": {f"dynamodb:{operation}" for operation in life.calls["DynamoDBStreams"]},
    }
