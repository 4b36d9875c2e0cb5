"""Least privilege, both ways: what is granted is used, and what is used is granted; by audit log and by AWS calls."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from gco_stream.core.leadership import LEASE_NAME
from tests.cli.commands import shell_at
from tests.controller import running_controller
from tests.counting import counting_proxy
from tests.e2e.watching import is_promoted, is_purged, reaches
from tests.rights import Right, denied, granted, needed
from tests.world import Site, World
from tests.world.account import ACCOUNT, BASE, BINDING, ROLE
from tests.writers import Writers, a_spec

POLICY = json.loads((BASE.parent / "iam-policy.json").read_text())
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/gco-inference-endpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What an endpoint's whole life took, from its creation to the end of its record."""

    asked: frozenset[Right]
    """Every right that the controller's account has needed."""
    calls: dict[str, set[str]]
    """The operations that were called, by AWS' name of the service."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def life(world: World) -> AsyncIterator[Life]:
    """Run the controller, which has its own account and rights alone, and an endpoint from beginning to end."""
    start = world.audit_log.stat().st_size
    async with world.site() as site, counting_proxy(world.dynamodb.endpoint) as proxy:
        through = dict.fromkeys(("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS"), proxy.url)
        async with running_controller(site, **through):
            await live(Writers(site.table, site.namespace))
        for kind in ("Deployment", "Service", "Ingress", "HorizontalPodAutoscaler"):
            assert await site.kubernetes.list(kind) == []
        yield Life(asked=needed(world.audited(start)), calls=proxy.services)


async def live(writers: Writers) -> None:
    writers.create("llama", a_spec(autoscaling={"enabled": True}))
    await is_promoted(writers, "llama")
    await reaches(writers, "llama", "running", published=True)
    writers.say("llama", "stopped")
    await reaches(writers, "llama", "stopped")
    writers.say("llama", "running")
    await reaches(writers, "llama", "running", published=True)
    writers.say("llama", "deleted")
    await is_purged(writers, "llama")


@pytest.mark.behaviour("B36")
def test_the_role_grants_exactly_what_the_controller_asks_for(life: Life) -> None:
    assert granted(ROLE) == life.asked


def test_the_lease_alone_of_all_leases_is_granted() -> None:
    assert [rule["resourceNames"] for rule in ROLE["rules"] if "leases" in rule["resources"]] == [[LEASE_NAME]]


@pytest.mark.behaviour("B36")
def test_the_role_is_bound_to_the_account_where_it_is_shipped_to() -> None:
    account, role = ACCOUNT["metadata"], ROLE["metadata"]

    assert BINDING["subjects"] == [
        {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
    ]
    assert (BINDING["roleRef"]["kind"], BINDING["roleRef"]["name"]) == ("Role", role["name"])
    assert BINDING["metadata"]["namespace"] == role["namespace"]


@pytest.mark.behaviour("B36")
def test_the_aws_policy_allows_exactly_what_the_controller_calls(life: Life) -> None:
    allowed = {statement["Resource"]: set(statement["Action"]) for statement in POLICY["Statement"]}

    assert {statement["Effect"] for statement in POLICY["Statement"]} == {"Allow"}
    assert allowed == {
        TABLE: {f"dynamodb:{operation}" for operation in life.calls["DynamoDB"]},
        f"{TABLE}/stream/*": {f"dynamodb:{operation}" for operation in life.calls["DynamoDBStreams"]},
    }


@pytest.mark.behaviour("B36")
def test_nothing_is_asked_of_aws_in_plain_text() -> None:
    """DynamoDB answers on port 80, too."""
    conditions = [statement["Condition"] for statement in POLICY["Statement"]]

    assert conditions == [{"Bool": {"aws:SecureTransport": "true"}}] * 2


@pytest.mark.behaviour("B36")
async def test_what_is_not_granted_is_found_in_the_audit_log(world: World, site: Site) -> None:
    """The end-to-end tests rest on it: each of them ends by looking there for what its controller was denied."""
    start = world.audit_log.stat().st_size
    headers = {"Authorization": f"Bearer {token_of(site)}"}

    async with site.kubernetes.session.get(site.kubernetes.path("Secret"), headers=headers) as answer:
        assert answer.status == 403

    (found,) = denied(world.audited(start))
    assert found.endswith("secrets: list core/secrets is not in k8s/base/role.yaml")


def token_of(site: Site) -> str:
    config: dict[str, Any] = yaml.safe_load(Path(site.environment["KUBECONFIG"]).read_text())
    token: str = config["users"][0]["user"]["token"]
    return token


@pytest.mark.behaviour("B36")
@pytest.mark.parametrize("command", ["plan", "replay"])
async def test_a_command_that_only_looks_needs_a_reader_s_rights_alone(world: World, site: Site, command: str) -> None:
    """What the cluster role `view` allows, which comes with Kubernetes; the controller's own rights do as well."""
    Writers(site.table, site.namespace).create("llama")
    reader = world.kubeconfig_for(await a_reader(site))

    for kubeconfig in (str(reader), site.environment["KUBECONFIG"]):
        ended = await asyncio.to_thread(shell_at(site).apart, command, KUBECONFIG=kubeconfig)

        assert (ended.code, "create Deployment llama" in ended.out) == (1, True), ended


async def a_reader(site: Site) -> str:
    """Make an account that may look at everything in the site, and return a token of it."""
    kubernetes, name = site.kubernetes, "reader"
    await kubernetes.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
    await kubernetes.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": site.namespace}],
        }
    )
    return await kubernetes.token_of(name)
