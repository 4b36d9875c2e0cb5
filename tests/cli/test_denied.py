"""What is told to somebody who lacks a permission: what was refused, which permission that is, and where to look."""

import asyncio
from pathlib import Path

import pytest

from gco_stream.core.manifests.ownership import HOLD
from tests.cli.commands import Shell, apart, shell_at
from tests.contracts.small_manifests import a_deployment
from tests.counting import DENIED, counting_proxy
from tests.shell.servers import Server
from tests.shell.test_aws import an_error
from tests.world.account import ROLE
from tests.world.site import Site
from tests.world.world import World
from tests.writers import Writers, a_spec

pytestmark = pytest.mark.process

KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "REGION": "us-east-1"}
CANARY = {"image": "acme/server:v2", "weight": 10, "replicas": 1}
# Every command that needs the table or its stream, with each action that it needs; `check` judges them itself.
ACTIONS = (
    ("table create", "CreateTable"),
    ("table describe", "DescribeTable"),
    ("endpoint list", "Scan"),
    ("endpoint show chat", "GetItem"),
    ("endpoint create new --image a:v1", "PutItem"),
    ("endpoint apply -f chat.json", "GetItem"),
    ("endpoint apply -f chat.json", "UpdateItem"),
    ("endpoint scale chat 3", "GetItem"),
    ("endpoint scale chat 3 --wait", "UpdateItem"),
    ("endpoint stop chat", "UpdateItem"),
    ("endpoint start chat", "UpdateItem"),
    ("endpoint delete chat --yes", "UpdateItem"),
    ("endpoint set-image chat a:v2", "UpdateItem"),
    ("endpoint canary chat a:v2", "UpdateItem"),
    ("endpoint promote chat", "GetItem"),
    ("endpoint promote chat", "UpdateItem"),
    ("endpoint rollback chat", "UpdateItem"),
    ("endpoint add-region chat eu-west-1", "UpdateItem"),
    ("endpoint remove-region chat us-east-1", "UpdateItem"),
    ("endpoint forget-region chat ap-south-1 --yes", "UpdateItem"),
    ("top --once", "Scan"),
    ("plan", "Scan"),
    ("explain chat", "Scan"),
    ("capture new.jsonl", "DescribeTable"),
    ("capture new.jsonl", "DescribeStream"),
    ("capture new.jsonl", "GetShardIterator"),
    ("capture new.jsonl", "GetRecords"),
    ("replay", "GetRecords"),
    ("replay", "Scan"),
    ("replay --apply --yes", "Scan"),
)
# Every command that needs the cluster, with a verb that it cannot do without.
VERBS = (
    ("plan", "get", "deployments.apps"),
    ("explain chat", "get", "ingresses.networking.k8s.io"),
    ("explain chat", "list", "pods"),
    ("endpoint hold chat", "get", "deployments.apps"),
    ("endpoint hold chat", "patch", "deployments.apps"),
    ("endpoint release held", "patch", "deployments.apps"),
    ("replay", "get", "services"),
    ("replay --apply --yes", "get", "leases.coordination.k8s.io"),
)


@pytest.mark.parametrize("command", ["endpoint list", "endpoint stop chat", "table describe", "table create"])
async def test_without_rights_on_the_table_it_is_unknown(command: str) -> None:
    async with Server().running() as server:
        server.will(an_error("AccessDeniedException", message="User: u is not authorized to perform: dynamodb:X"))

        ended = await asyncio.to_thread(apart, *command.split(), AWS_ENDPOINT_URL_DYNAMODB=server.url, **KEYS)

    assert ended.code == 3
    assert "is not authorized to perform" in ended.told[0]
    assert "aws sts get-caller-identity" in ended.told[1]


async def test_every_action_on_the_table_that_is_denied_is_named(
    world: World, shell: Shell, writers: Writers, tmp_path: Path
) -> None:
    """All at one table, since nothing comes of any of them."""
    gone = {"ap-south-1": {"state": "running", "last_sync": "2026-01-01T00:00:00Z"}}
    targets = ["us-east-1", "us-west-2"]
    writers.create("chat", a_spec(canary=CANARY), target_regions=targets, region_status=gone)
    before = writers.scan()["Items"]
    files = {name: str(tmp_path / name) for name in ("chat.json", "new.jsonl")}
    Path(files["chat.json"]).write_text('{"endpoint_name": "chat", "spec": {"image": "a:v9"}}')
    async with counting_proxy(world.dynamodb.endpoint) as proxy:
        aws = {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": proxy.url}
        for command, action in ACTIONS:
            words = [files.get(word, word) for word in command.split()]
            run = shell if words[0] in ("endpoint", "table", "top") else shell.apart
            proxy.refused = {action: DENIED}

            ended = await asyncio.to_thread(run, *words, **aws)

            case = f"{command} without {action}: {ended}"
            assert (ended.code, ended.out) == (3, ""), case
            assert f"is not authorized to perform: dynamodb:{action}" in ended.err, case
            assert "aws sts get-caller-identity" in ended.told[-1], case
            assert writers.scan()["Items"] == before, case
            Path(files["new.jsonl"]).unlink(missing_ok=True)


async def test_enabling_a_stream_that_is_denied_is_named(world: World) -> None:
    async with world.site(stream=False) as site, counting_proxy(world.dynamodb.endpoint) as proxy:
        proxy.refused = {"UpdateTable": DENIED}
        aws = {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url}

        ended = await asyncio.to_thread(shell_at(site).apart, "table", "enable-stream", **aws)

    assert ended.code == 3
    assert "dynamodb:UpdateTable" in ended.told[0]


async def a_person_without(world: World, site: Site, verb: str, subject: str, *, called: str = "person") -> Shell:
    """A shell of somebody who has the Role's rights in a site, but for one."""
    resource = subject.partition(".")[0]
    kept = [
        {**rule, "verbs": [one for one in rule["verbs"] if one != verb or resource not in rule["resources"]]}
        for rule in ROLE["rules"]
    ]
    name, kind = {"name": called}, {"apiVersion": "rbac.authorization.k8s.io/v1"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", **name}
    account = {"kind": "ServiceAccount", "namespace": site.namespace, **name}
    await site.kubernetes.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name})
    await site.kubernetes.create({**kind, "kind": "Role", "metadata": name, "rules": [r for r in kept if r["verbs"]]})
    await site.kubernetes.create(
        {**kind, "kind": "RoleBinding", "metadata": name, "roleRef": role, "subjects": [account]}
    )
    kubeconfig = world.kubeconfig_for(await site.kubernetes.token_of(called))
    return Shell({**site.administrator, "KUBECONFIG": str(kubeconfig)})


async def ours(site: Site, name: str, **annotations: str) -> None:
    """Make a Deployment as the controller marks its own."""
    labels = {"app.kubernetes.io/managed-by": "gco-stream", "gco.io/endpoint": name}
    manifest = a_deployment(name)
    await site.kubernetes.create({**manifest, "metadata": {"name": name, "labels": labels, "annotations": annotations}})


async def test_every_verb_in_the_cluster_that_is_denied_is_named(world: World, site: Site, writers: Writers) -> None:
    writers.create("chat")
    await ours(site, "chat")
    await ours(site, "held", **{HOLD: "by hand"})
    before = writers.read("chat")
    for number, (command, verb, subject) in enumerate(VERBS):
        shell = await a_person_without(world, site, verb, subject, called=f"person-{number}")

        ended = await asyncio.to_thread(shell.apart, *command.split())

        case = f"{command} without {verb} {subject}: {ended}"
        assert (ended.code, ended.out) == (3, ""), case
        assert refusal(verb, subject) in ended.err, case
        assert "k8s/base/role.yaml" in ended.told[-1], case
        assert writers.read("chat") == before, case


def refusal(verb: str, subject: str) -> str:
    """How the API server names what is missing."""
    resource, _, group = subject.partition(".")
    return f'cannot {verb} resource "{resource}" in API group "{group}"'


async def test_what_an_explanation_can_do_without_is_noted(world: World, site: Site, writers: Writers) -> None:
    """Events the Role does not let anybody read, so whoever has no more than its rights is told so, too."""
    writers.create("chat")
    shell = await a_person_without(world, site, "get", "leases.coordination.k8s.io")

    ended = await asyncio.to_thread(shell.apart, "explain", "chat")

    notes = [line for line in ended.told if line.startswith("gco-stream: note: ")]
    assert (ended.code, len(notes)) == (0, 2)
    assert any(refusal("get", "leases.coordination.k8s.io") in note for note in notes)
    assert any(refusal("list", "events.events.k8s.io") in note for note in notes)


async def test_a_plan_that_may_not_be_carried_out_says_which_verb_it_lacks(
    world: World, site: Site, writers: Writers
) -> None:
    writers.create("chat")
    shell = await a_person_without(world, site, "patch", "deployments.apps")

    ended = await asyncio.to_thread(shell.apart, "replay", "--apply", "--yes")

    assert ended.code == 1
    assert refusal("patch", "deployments.apps") in ended.err
    assert "chat: not finished: the next controller goes on with it" in ended.out
