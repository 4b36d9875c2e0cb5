"""The records in examples/: what newcomers copy must be right."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from gco_stream.core.compare import differences
from gco_stream.core.manifests import render
from gco_stream.core.manifests.ownership import FIELD_MANAGER
from gco_stream.core.models import Item, Kind, Manifest, ObjectKey, Scope
from gco_stream.core.record import DesiredState, Endpoint, read_endpoint, read_record
from gco_stream.core.rollout import read_rollout
from tests.world import Site, World, eventually
from tests.world.dynamodb import CREDENTIAL, REGION

EXAMPLES = Path(__file__).parents[1] / "examples"
README = (EXAMPLES / "README.md").read_text()
FILES = sorted(EXAMPLES.glob("*.json"))
every_example = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])

CREATED = {
    "endpoint_name",
    "desired_state",
    "target_regions",
    "namespace",
    "spec",
    "ingress_path",
    "created_at",
    "updated_at",
    "region_status",
}
"""What a writer that makes a new endpoint puts, apart from ``labels`` and ``created_by``."""


def a_scope(namespace: str = "gco-inference", region: str = "us-east-1") -> Scope:
    return Scope(region=region, cluster="world", namespace=namespace, model_sync_image="amazon/aws-cli:2.37.4")


def item_of(file: Path, **changes: Any) -> Item:
    return {**json.loads(file.read_text()), **changes}


def rendered(endpoint: Endpoint, scope: Scope) -> dict[ObjectKey, Manifest]:
    return dict(render(endpoint, scope, replicas=endpoint.spec.replicas))


def of_kind(manifests: dict[ObjectKey, Manifest], kind: Kind) -> Manifest:
    """The first of a kind, which is the endpoint's own."""
    return next(manifest for key, manifest in manifests.items() if key.kind is kind)


@every_example
def test_an_example_is_a_record_as_it_is_written_for_a_new_endpoint(file: Path) -> None:
    item = item_of(file)

    record = read_record(item)

    assert item.keys() - {"labels", "created_by"} == CREATED
    assert record.desired_state is DesiredState.DEPLOYING
    assert item["ingress_path"] == f"/inference/{record.endpoint_name}"
    assert item["created_at"] == item["updated_at"]
    assert item["region_status"] == {}


@every_example
def test_an_example_has_only_fields_that_are_understood(file: Path) -> None:
    item = item_of(file)

    endpoint = read_endpoint(item, a_scope())

    read = endpoint.spec.model_dump(mode="json", exclude_unset=True)
    assert read == item["spec"]
    assert dict(endpoint.labels) == item.get("labels", {})


def test_names_of_examples_are_unique_and_each_has_a_row_in_the_readme() -> None:
    names = {item_of(file)["endpoint_name"] for file in FILES}

    rows = re.findall(r"^\| \[`([\w-]+\.json)`\]\(\1\) \| \S", README, re.MULTILINE)

    assert len(names) == len(FILES) >= 10
    assert sorted(rows) == [file.name for file in FILES]


async def test_the_readmes_command_makes_items_that_dynamodb_takes(world: World, site: Site) -> None:
    (command,) = re.findall(r"^```sh\n(python -c .+?)\n```$", README, re.MULTILINE | re.DOTALL)
    client: Any = boto3.client(
        "dynamodb",
        endpoint_url=world.dynamodb.endpoint,
        region_name=REGION,
        aws_access_key_id=CREDENTIAL,
        aws_secret_access_key=CREDENTIAL,
    )

    for file in FILES:
        typed = json.loads(await output_of_shell(command.replace("examples/vllm.json > item.json", f"'{file}'")))
        client.put_item(
            TableName=site.table_name, Item=typed, ConditionExpression="attribute_not_exists(endpoint_name)"
        )

    client.close()
    items = {item["endpoint_name"]: item for item in site.table.scan()["Items"]}
    assert items == {item_of(file)["endpoint_name"]: item_of(file) for file in FILES}


async def output_of_shell(command: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_shell(
        command, env={**os.environ, "PATH": path}, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


NODES = {
    "vllm": ("gpu-a10g-", "gpu-spot-"),
    "sglang": ("gpu-",),
    "tgi": ("gpu-spot-",),
    "triton": ("gpu-",),
    "torchserve": ("gpu-",),
    "canary": ("gpu-",),
    "autoscaling": ("gpu-",),
    "neuron": ("neuron-",),
    "multi-region": ("gpu-l40s-",),
    "cpu-only": ("cpu-",),
}
"""The beginnings of the names of the nodes on which each example may run."""


@every_example
async def test_pods_of_an_example_run_on_nodes_that_it_is_meant_for(site: Site, file: Path) -> None:
    applied = await running(site, file)

    pods = await site.kubernetes.list("Pod")
    assert len(pods) == sum(live["spec"]["replicas"] for key, live in applied.items() if key.kind is Kind.DEPLOYMENT)
    for pod in pods:
        assert pod["spec"]["nodeName"].startswith(NODES[file.stem])


@every_example
async def test_applying_an_example_again_changes_nothing(site: Site, file: Path) -> None:
    before = await running(site, file)

    again = {key: await site.kubernetes.apply(dict(m), FIELD_MANAGER) for key, m in manifests_of(site, file).items()}

    # What the autoscaler's controller says of it is none of ours.
    assert [without_status(live) for live in again.values()] == [without_status(live) for live in before.values()]
    assert all(differences(m, before[key]) == () for key, m in manifests_of(site, file).items())


def without_status(live: Manifest) -> Manifest:
    left_out = ("resourceVersion", "managedFields") if live["kind"] == "HorizontalPodAutoscaler" else ()
    metadata = {field: value for field, value in live["metadata"].items() if field not in left_out}
    return {**live, "metadata": metadata, "status": None}


def manifests_of(site: Site, file: Path, region: str = "us-east-1") -> dict[ObjectKey, Manifest]:
    scope = a_scope(site.namespace, region)
    return rendered(read_endpoint(item_of(file, namespace=site.namespace), scope), scope)


async def running(site: Site, file: Path) -> dict[ObjectKey, Manifest]:
    """Apply all that an example asks for, and return it as it is when all pods are ready."""
    manifests = manifests_of(site, file)
    applied = {key: await site.kubernetes.apply(dict(m), FIELD_MANAGER) for key, m in manifests.items()}
    deployments = [key for key in manifests if key.kind is Kind.DEPLOYMENT]
    return applied | {key: await rolled_out(site, key.name) for key in deployments}


async def rolled_out(site: Site, name: str) -> Manifest:
    async def settled() -> Manifest | None:
        deployment = await site.kubernetes.get("Deployment", name)
        return deployment if deployment and is_settled(deployment) else None

    return await eventually(settled, deadline=30, what=f"all pods of {name} ready")


def is_settled(deployment: Manifest) -> bool:
    rollout = read_rollout(deployment)
    return rollout.complete and rollout.settled and rollout.ready == rollout.desired


def test_each_region_pulls_its_own_copy_of_the_image_of_the_example_for_many() -> None:
    item = item_of(EXAMPLES / "multi-region.json")

    images = {region: image_in(item, region) for region in item["target_regions"]}

    assert len(images) == 3
    assert all(f".ecr.{region}.amazonaws.com/" in image for region, image in images.items())


def image_in(item: Item, region: str) -> str:
    scope = a_scope(region=region)
    pod = of_kind(rendered(read_endpoint(item, scope), scope), Kind.DEPLOYMENT)["spec"]["template"]["spec"]
    image: str = pod["containers"][0]["image"]
    return image


@pytest.mark.parametrize(
    ("example", "path"),
    [
        ("vllm", "/inference/vllm-qwen/health"),
        ("sglang", "/health"),
        ("tgi", "/health"),
        ("triton", "/v2/health/ready"),
        ("torchserve", "/ping"),
        ("neuron", "/inference/llama-neuron/health"),
    ],
)
def test_the_health_of_an_example_is_asked_for_where_its_server_answers(example: str, path: str) -> None:
    manifests = rendered(read_endpoint(item_of(EXAMPLES / f"{example}.json"), a_scope()), a_scope())

    container = of_kind(manifests, Kind.DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]
    annotations = of_kind(manifests, Kind.INGRESS)["metadata"]["annotations"]
    assert container["readinessProbe"]["httpGet"]["path"] == path
    assert annotations["alb.ingress.kubernetes.io/healthcheck-path"] == path
