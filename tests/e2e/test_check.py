"""``gco-stream check``, and how ``run`` answers at its start, where each mistake is really made."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from gco_stream.core.leadership import LEASE_NAME
from tests.cli.commands import Ended, Shell, shell_at
from tests.cli.test_table import make
from tests.controller import started_controller
from tests.counting import DENIED, counting_proxy
from tests.e2e.watching import is_promoted
from tests.k8s.built import BASE, built
from tests.k8s.rights import account_with_rights
from tests.poller import post_lease
from tests.world import Site, World
from tests.world.parts import Parts
from tests.writers import Writers

pytestmark = [pytest.mark.behaviour("B38"), pytest.mark.usefixtures("ingress_class")]

TABLE = "INFERENCE_ENDPOINTS_TABLE_NAME"
ACCOUNT = "gco-system/gco-inference-monitor-sa"


@pytest.fixture
def shell(site: Site) -> Shell:
    return shell_at(site)


@pytest.fixture
def other_table(site: Site, world: World) -> Iterator[str]:
    """The name of a table that does not exist yet, and does not any more afterwards."""
    name = f"{site.table_name}-other"
    yield name
    client = world.dynamodb.resource.meta.client
    if name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(world: World) -> AsyncIterator[Any]:
    async with counting_proxy(world.dynamodb.endpoint) as opened:
        yield opened


async def checked(shell: Shell, *arguments: str, **environment: str) -> tuple[int, list[tuple[str, str, str]]]:
    """Return the exit code, and what is not ok."""
    ended = await asyncio.to_thread(shell.apart, "check", "-o", "json", *arguments, **environment)
    found = json.loads(ended.out)
    told = [(one["check"], one["verdict"], f"{one['detail']}: {one['hint']}") for one in found]
    return ended.code, [one for one in told if one[1] != "ok"]


async def run_ended(shell: Shell, **environment: str) -> tuple[Ended, list[dict[str, str]]]:
    """Run the controller to its own end, and return the errors that it has logged."""
    ended = await asyncio.to_thread(shell.apart, "run", **environment)
    lines = [json.loads(line) for line in ended.out.splitlines()]
    return ended, [line for line in lines if line["level"] == "ERROR"]


async def account_without(world: World, site: Site, parts: Parts, *, verb: str, resource: str) -> dict[str, str]:
    """Make the controller's own account with the shipped Role, but for one verb, and point at it."""
    found = copy.deepcopy(built(parts, BASE))
    for rule in found["Role"]["rules"]:
        if resource in rule["resources"]:
            rule["verbs"] = [one for one in rule["verbs"] if one != verb]
    found["Role"]["rules"] = [rule for rule in found["Role"]["rules"] if rule["verbs"]]
    token = await account_with_rights(site.kubernetes, found)
    return {"KUBECONFIG": str(world.kubeconfig_for(token))}


async def test_where_all_is_there_everything_is_ok_and_a_line_each_says_so(shell: Shell, writers: Writers) -> None:
    writers.create("llama")

    ended = await asyncio.to_thread(shell.apart, "check")

    assert (ended.code, ended.err) == (0, "")
    assert {line.split()[0] for line in ended.out.splitlines()} == {"ok"}
    assert "records            1, of which 1 are for us-east-1" in ended.out


async def test_asking_changes_nothing_and_is_denied_nothing(
    world: World, site: Site, shell: Shell, writers: Writers, world_parts: Parts, proxy: Any
) -> None:
    writers.create("llama")
    before, start = writers.read("llama"), world.audit_log.stat().st_size
    environment = await account_without(world, site, world_parts, verb="", resource="")

    code, told = await checked(shell, **environment, AWS_ENDPOINT_URL_DYNAMODB=proxy.url)

    entries = [json.loads(line) for line in world.audited(start)]
    asked = [
        one for one in entries if one.get("userAgent") == "gco-stream-check" and one["stage"] == "ResponseComplete"
    ]
    assert code == 0
    assert {(check, verdict) for check, verdict, _ in told} == {
        *((check, "warning") for check in ("namespace", "service account", "claim", "ingress class"))
    }
    assert writers.read("llama") == before
    assert {one["responseStatus"]["code"] for one in asked} <= {200, 201, 404}
    assert {one["objectRef"]["resource"] for one in asked if one["verb"] == "create"} == {"selfsubjectaccessreviews"}
    assert {one["verb"] for one in asked} <= {"get", "create"}


async def test_a_table_that_is_not_there(shell: Shell, other_table: str) -> None:
    (code, told), (ended, errors) = await asyncio.gather(
        checked(shell, **{TABLE: other_table}), run_ended(shell, **{TABLE: other_table})
    )

    assert code == 1
    assert [(check, verdict) for check, verdict, _ in told] == [("table", "failed")]
    assert f"there is no table {other_table} in us-east-1" in told[0][2]
    assert ended.code == 2
    assert [(line["check"], line["detail"]) for line in errors] == [
        ("table", f"there is no table {other_table} in us-east-1")
    ]
    assert "gco-stream table create" in errors[0]["hint"]


async def test_another_region(shell: Shell, site: Site, writers: Writers) -> None:
    writers.create("llama")

    code, told = await checked(shell, REGION="eu-west-1", DYNAMODB_REGION="us-east-1")
    unknown, strange = await checked(shell, REGION="eu-west-9")

    assert code == 0
    assert [(check, verdict) for check, verdict, _ in told] == [("records", "warning")]
    assert "none of 1 records names eu-west-1 in target_regions, but us-east-1" in told[0][2]
    assert ("settings", "warning") in [(check, verdict) for check, verdict, _ in strange]
    assert unknown == 0, "the DynamoDB of the tests is in every region"


async def test_a_table_with_another_key(shell: Shell, world: World, other_table: str) -> None:
    key = [{"AttributeName": "name", "KeyType": "HASH"}]
    make(world, other_table, KeySchema=key, AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}])

    (code, told), (ended, errors) = await asyncio.gather(
        checked(shell, **{TABLE: other_table}), run_ended(shell, **{TABLE: other_table})
    )

    assert code == 1
    assert [(check, verdict) for check, verdict, _ in told] == [("key", "failed"), ("stream", "warning")]
    assert (ended.code, [line["check"] for line in errors]) == (2, ["key"])


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ({}, "the table has no stream"),
        ({"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}}, "view type is KEYS_ONLY"),
    ],
    ids=["no stream", "another view type"],
)
async def test_a_stream_that_is_not_as_it_should_be_is_a_warning(
    shell: Shell, site: Site, world: World, other_table: str, stream: dict[str, Any], words: str
) -> None:
    make(world, other_table, **stream)

    code, told = await checked(shell, **{TABLE: other_table})

    assert code == 0
    assert [(check, verdict) for check, verdict, _ in told] == [("stream", "warning")]
    assert words in told[0][2]
    async with started_controller({**site.environment, TABLE: other_table}) as controller:
        line = await controller.has_logged("not as it should be", check="stream")
        await controller.has_logged("table scanned")
    assert words in line["detail"]


@pytest.mark.parametrize("action", ["UpdateItem", "GetRecords"])
async def test_an_action_that_aws_does_not_allow(shell: Shell, proxy: Any, action: str) -> None:
    proxy.refused = {action: DENIED}
    aws = {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": proxy.url}

    (code, told), (ended, errors) = await asyncio.gather(checked(shell, **aws), run_ended(shell, **aws))

    which = "stream permissions" if action == "GetRecords" else "table permissions"
    assert code == 1
    assert [(check, verdict) for check, verdict, _ in told] == [(which, "failed")]
    assert (ended.code, [line["check"] for line in errors]) == (2, [which])
    assert f"allow dynamodb:{action} on " in errors[0]["hint"]
    assert "k8s/iam-policy.json" in errors[0]["hint"]


async def test_a_stream_that_too_many_read(shell: Shell, proxy: Any) -> None:
    proxy.refused = {"GetRecords": "LimitExceededException"}

    code, told = await checked(shell, AWS_ENDPOINT_URL_DYNAMODB_STREAMS=proxy.url)

    assert (code, [(check, verdict) for check, verdict, _ in told]) == (0, [("stream reads", "warning")])


async def test_a_verb_that_the_role_lacks(world: World, site: Site, shell: Shell, world_parts: Parts) -> None:
    environment = await account_without(world, site, world_parts, verb="patch", resource="ingresses")
    missing = f"may not patch ingresses.networking.k8s.io in namespace {site.namespace}"

    ended, errors = await run_ended(shell, **environment)
    code, told = await checked(shell, **environment)
    by_name, of_account = await checked(shell, "--service-account", ACCOUNT)

    assert (ended.code, [line["check"] for line in errors]) == (2, ["permissions"])
    assert missing in errors[0]["detail"]
    assert errors[0]["hint"] == "add that to the rule for ingresses in k8s/base/role.yaml, and apply it"
    assert code == by_name == 1
    assert next(one for one in told if one[1] == "failed")[2].startswith(f"this identity {missing}")
    assert [verdict for _, verdict, _ in of_account] == ["failed"]
    assert of_account[0][2].startswith(f"ServiceAccount {ACCOUNT} {missing}")
    assert await site.kubernetes.get("Lease", LEASE_NAME) is None, "it has not even tried to lead"


async def test_a_controller_that_may_not_write_events_works_and_says_so(
    world: World, site: Site, writers: Writers, world_parts: Parts
) -> None:
    environment = await account_without(world, site, world_parts, verb="create", resource="events")
    writers.create("llama")

    async with started_controller({**site.environment, **environment}) as controller:
        line = await controller.has_logged("not as it should be", check="permissions")
        await is_promoted(writers, "llama")

    assert "may not create events.events.k8s.io" in line["detail"]


@pytest.mark.parametrize("who", ["administrator", "controller"])
async def test_a_namespace_that_is_not_there(
    world: World, site: Site, shell: Shell, world_parts: Parts, who: str
) -> None:
    environment = {"INFERENCE_NAMESPACE": "nowhere"}
    if who == "controller":
        environment |= await account_without(world, site, world_parts, verb="", resource="")

    (code, told), (ended, errors) = await asyncio.gather(checked(shell, **environment), run_ended(shell, **environment))

    about = "namespace" if who == "administrator" else "permissions"
    assert (code, ended.code) == (1, 2)
    assert [check for check, verdict, _ in told if verdict == "failed"] == [about]
    assert [line["check"] for line in errors] == [about]
    assert "nowhere" in errors[0]["detail"]
    assert "INFERENCE_NAMESPACE" in errors[0]["hint"]


async def test_a_lease_that_a_poller_holds(site: Site, shell: Shell) -> None:
    await post_lease(site.kubernetes, "poller-1")

    code, told = await checked(shell)

    assert (code, [(check, verdict) for check, verdict, _ in told]) == (0, [("lease", "warning")])
    assert "is held by poller-1" in told[0][2]
    assert "that is no gco-stream, but a poller" in told[0][2]
    async with started_controller(site.environment) as controller:
        line = await controller.has_logged("a poller leads, and is waited for")
    assert line["leader"] == "poller-1"
    assert controller.logged("leading") == []


async def test_what_does_not_answer_is_unknown_and_does_not_keep_it_from_starting(site: Site, shell: Shell) -> None:
    nowhere = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}

    code, told = await checked(shell, **nowhere)

    assert (code, [(check, verdict) for check, verdict, _ in told]) == (3, [("table", "unknown")])
    async with started_controller({**site.environment, **nowhere}) as controller:
        await controller.has_logged("not everything could be checked", check="table")
        await controller.has_logged("leading")


async def test_wrong_settings_and_no_cluster_are_wrong_usage(shell: Shell, site: Site, tmp_path: Any) -> None:
    settings = await asyncio.to_thread(shell.apart, "check", REGION="moon", WORKERS="0")
    cluster = await asyncio.to_thread(shell.apart, "check", KUBECONFIG=str(tmp_path / "absent"))
    account = await asyncio.to_thread(shell.apart, "check", "--service-account", "monitor")

    assert (settings.code, len(settings.told)) == (2, 2)
    assert (cluster.code, cluster.out) == (2, "")
    assert "KUBECONFIG" in cluster.err
    assert (account.code, "must be NAMESPACE/NAME" in account.err) == (2, True)
