"""The rights that the controller is given, held to what it really does; `tests/k8s` holds the rest of `k8s/`."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from gco_stream.core.leadership import LEASE_NAME
from gco_stream.shell.table_inquiry import INQUIRY
from tests.controller import running_controller
from tests.counting import counting_proxy
from tests.e2e.watching import is_promoted, is_purged, reaches
from tests.k8s.built import BASE, K8S, built
from tests.world import Kubernetes, Manifest, World
from tests.world.parts import Parts
from tests.writers import Writers, a_spec

ACCOUNT = "system:serviceaccount:gco-system:gco-inference-monitor-sa"


def placed(manifest: Manifest, namespace: str) -> Manifest:
    """The same in another namespace."""
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


def test_the_lease_alone_of_all_leases_is_granted(world_parts: Parts) -> None:
    rules = built(world_parts, BASE)["Role"]["rules"]

    assert [r["resourceNames"] for r in rules if "leases" in r["resources"]] == [[LEASE_NAME]]


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
        if entry.get("userAgent", "").startswith(INQUIRY):
            continue  # It only asks what it may do, and everybody may.
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
