"""A site: what one test has to itself in a shared world."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.world.account import admit
from tests.world.dynamodb import REGION, DynamoDB
from tests.world.eventually import eventually
from tests.world.kubernetes import Kubernetes, Manifest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

SERVICE_ACCOUNT = "gco-service-account"
CLAIM = "efs-claim"
STORAGE = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A namespace with what pods need in it, and a table with a stream."""

    namespace: str
    table_name: str
    kubernetes: Kubernetes
    """The API server as an administrator sees it from this namespace."""
    table: "Table"
    environment: dict[str, str]
    """For a controller that is to work on this site, with its own account; to be added to its own environment."""
    administrator: dict[str, str]
    """The same for a person, who may do everything."""


@asynccontextmanager
async def open_site(
    kubernetes: Kubernetes,
    dynamodb: DynamoDB,
    environment: dict[str, str],
    kubeconfig_for: Callable[[str], Path],
    *,
    stream: bool,
) -> AsyncIterator[Site]:
    """Make a site, and remove it afterwards; its pods may go on dying for a moment.

    Args:
        environment: An administrator's, of the whole world.
        kubeconfig_for: Writes a kubeconfig file for a token.
    """
    name = f"site-{secrets.token_hex(4)}"
    inside = kubernetes.within(name)
    table = await dynamodb.create_table(name, stream=stream)
    try:
        await _furnish(inside)
        administrator = environment | _settings(name)
        yield Site(
            namespace=name,
            table_name=name,
            kubernetes=inside,
            table=table,
            environment=administrator | {"KUBECONFIG": str(kubeconfig_for(await admit(inside)))},
            administrator=administrator,
        )
    finally:
        await inside.delete("Namespace", name)
        await inside.delete("PersistentVolume", name)
        await dynamodb.delete_table(name)


def _settings(name: str) -> dict[str, str]:
    return {
        "CLUSTER_NAME": "world",
        "REGION": REGION,
        "INFERENCE_NAMESPACE": name,
        "INFERENCE_ENDPOINTS_TABLE_NAME": name,
        "HEALTH_PORT": "0",
    }


async def _furnish(kubernetes: Kubernetes) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": kubernetes.namespace}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": SERVICE_ACCOUNT}}
    for manifest in (namespace, account, _volume(kubernetes.namespace), _claim(kubernetes.namespace)):
        await kubernetes.create(manifest)

    async def bound() -> bool:
        claim = await kubernetes.get("PersistentVolumeClaim", CLAIM)
        return claim is not None and claim["status"].get("phase") == "Bound"

    await eventually(bound, 30, f"{CLAIM} bound to its volume")


def _volume(namespace: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": namespace},
        "spec": STORAGE
        | {
            "capacity": {"storage": "1Ti"},
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"namespace": namespace, "name": CLAIM},
            "csi": {"driver": "efs.csi.aws.com", "volumeHandle": "fs-0123456789abcdef0"},
        },
    }


def _claim(volume: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM},
        "spec": STORAGE | {"volumeName": volume, "resources": {"requests": {"storage": "1Ti"}}},
    }
