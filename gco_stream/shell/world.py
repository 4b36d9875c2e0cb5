"""Opens the clients of everything outside, from the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aioboto3
from kubernetes_asyncio.client import ApiClient

from gco_stream.ports import World
from gco_stream.settings import Settings
from gco_stream.shell.aws import client_config
from gco_stream.shell.clock import SystemClock
from gco_stream.shell.cluster import KubernetesCluster
from gco_stream.shell.kubernetes_api import load_configuration
from gco_stream.shell.lease import KubernetesLeases
from gco_stream.shell.stream import DynamoStream
from gco_stream.shell.table import DynamoRecords


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[World]:
    """Open the clients of the table, its stream and the cluster, and close them in the end.

    Raises:
        InvalidSettings: No API server is configured.
    """
    configuration = await load_configuration()
    session = aioboto3.Session(region_name=settings.table_region)
    config = client_config()
    async with (
        session.client("dynamodb", config=config) as tables,
        session.client("dynamodbstreams", config=config) as streams,
        ApiClient(configuration) as api,
        ApiClient(configuration) as lease_api,
    ):
        api.user_agent = lease_api.user_agent = "gco-stream"
        yield World(
            records=DynamoRecords(tables, settings.table_name),
            stream=DynamoStream(tables, streams, settings.table_name),
            cluster=KubernetesCluster(api, namespace=settings.namespace, timeout=settings.kubernetes_timeout),
            # With connections of its own, so that no crowd of other requests keeps the leader from renewing it.
            leases=KubernetesLeases(
                lease_api, namespace=settings.lease_namespace, timeout=settings.lease_renew_deadline / 2
            ),
            clock=SystemClock(),
        )
