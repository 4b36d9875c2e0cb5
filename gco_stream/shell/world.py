"""Opens the clients of everything outside, from the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gco_stream.meters import Meters
from gco_stream.ports import World
from gco_stream.settings import Settings
from gco_stream.shell.aws import AwsSession, client_config, new_session
from gco_stream.shell.clock import SystemClock
from gco_stream.shell.cluster import KubernetesCluster
from gco_stream.shell.connection import Connection
from gco_stream.shell.events import KubernetesEvents
from gco_stream.shell.kubernetes_api import KubernetesApi, load_configuration
from gco_stream.shell.lease import KubernetesLeases
from gco_stream.shell.stream import DynamoStream
from gco_stream.shell.table import DynamoRecords


@asynccontextmanager
async def connected_api(settings: Settings) -> AsyncIterator[KubernetesApi]:
    """Open the API server alone, for what people ask of it and no controller does.

    Raises:
        InvalidSettings: No API server is configured.
    """
    async with Connection(await load_configuration()) as connection:
        yield KubernetesApi(connection, timeout=settings.kubernetes_timeout)


@asynccontextmanager
async def connected(
    settings: Settings, meters: Meters | None = None, session: AwsSession | None = None
) -> AsyncIterator[World]:
    """Open the clients of the table, its stream and the cluster, and close them in the end.

    Args:
        session: Where AWS' clients come from; None: a new one.

    Raises:
        InvalidSettings: No API server is configured.
    """
    configuration = await load_configuration()
    session = session or new_session(settings.table_region)
    config = client_config()
    async with (
        session.client("dynamodb", config=config) as tables,
        session.client("dynamodbstreams", config=config) as streams,
        Connection(configuration) as api,
        Connection(configuration) as lease_api,
    ):
        yield World(
            records=DynamoRecords(tables, settings.table_name),
            stream=DynamoStream(tables, streams, settings.table_name),
            cluster=KubernetesCluster(
                api, namespace=settings.namespace, timeout=settings.kubernetes_timeout, meters=meters
            ),
            # With connections of its own, so that no crowd of other requests keeps the leader from renewing it.
            leases=KubernetesLeases(
                lease_api, namespace=settings.lease_namespace, timeout=settings.lease_renew_deadline / 2, meters=meters
            ),
            clock=SystemClock(),
            events=KubernetesEvents(api, namespace=settings.namespace, instance=settings.hostname, meters=meters),
            meters=meters or Meters(),
        )
