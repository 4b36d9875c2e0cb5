"""Everything that the demo needs, on this machine: a table with its stream, a cluster, and the controller."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gco_stream.cli.demo.cluster import Cluster, open_cluster
from gco_stream.cli.demo.controller import Controller, LogLine, apart_from, running_controller
from gco_stream.cli.demo.emulator import CREDENTIAL, emulated_dynamodb
from gco_stream.cli.demo.scenes import Pace
from gco_stream.cli.demo.story import BROKEN_TRITON
from gco_stream.cli.telling import Unable
from gco_stream.ports import Clock
from gco_stream.sandbox import Behaviour, Directions, Sandbox
from gco_stream.shell.tables import Tables
from gco_stream.shell.writing import RecordWriter, table_client

REGION, NAMESPACE, TABLE = "us-east-1", "gco-inference", "gco-inference-endpoints"
_START_SECONDS = 60.0
_PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What runs.

    Attributes:
        environment: Points other commands at the same table and cluster.
    """

    environment: Mapping[str, str]
    records: RecordWriter
    cluster: Cluster
    controller: Controller


def environment_of(address: str, kubeconfig: Path) -> dict[str, str]:
    """Say where the table and the cluster are, as the controller and the commands are told it."""
    proxied = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} if any(name in os.environ for name in _PROXIES) else {}
    return {
        "REGION": REGION,
        "CLUSTER_NAME": "demo",
        "INFERENCE_NAMESPACE": NAMESPACE,
        "INFERENCE_ENDPOINTS_TABLE_NAME": TABLE,
        "KUBECONFIG": str(kubeconfig),
        "AWS_ENDPOINT_URL_DYNAMODB": address,
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": address,
        "AWS_ACCESS_KEY_ID": CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Nothing of this machine's own configuration may lead anywhere else.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **proxied,
    }


def settings_of(pace: Pace) -> dict[str, str]:
    """Shorten what takes half a minute and more in earnest."""
    return {
        "CANARY_WARMUP_SECONDS": f"{pace.warmup:g}",
        "DRAIN_SECONDS": f"{pace.drain:g}",
        "INFERENCE_UNHEALTHY_THRESHOLD_SECONDS": f"{pace.threshold:g}",
        "HEALTH_PORT": "0",
        # Nobody else wants to lead, and a laptop may have other things to do for a while.
        "LEASE_DURATION_SECONDS": "60",
        "LEASE_RENEW_DEADLINE_SECONDS": "40",
        "LEASE_RETRY_SECONDS": "5",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "INFO",
        "DYNAMODB_REGION": REGION,
    }


@contextmanager
def this_process(environment: Mapping[str, str]) -> Iterator[None]:
    """Point this process, too, at the demo's table, and at nothing else."""
    before = dict(os.environ)
    _replace(apart_from(before, environment))
    try:
        yield
    finally:
        _replace(before)


def _replace(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


@asynccontextmanager
async def embedded(pace: Pace, clock: Clock, hear: Callable[[LogLine], None]) -> AsyncIterator[Embedded]:
    """Run everything until the end of the block, and leave nothing behind.

    Args:
        hear: Told each line of the controller's log.

    Raises:
        Unable: The controller ended, or did not get ready in time.
    """
    with emulated_dynamodb() as address:
        async with Sandbox(clock, namespaces=(NAMESPACE,), directions=directions_of(pace)) as sandbox:
            environment = environment_of(address, sandbox.kubeconfig)
            with this_process(environment):
                async with table_client(REGION) as client, open_cluster(sandbox, NAMESPACE) as cluster:
                    await Tables(client, clock).create(TABLE)
                    listener = _Listener(hear)
                    async with running_controller(environment | settings_of(pace), listener) as controller:
                        await listener.ready()
                        yield Embedded(
                            environment=environment,
                            records=RecordWriter(client, TABLE),
                            cluster=cluster,
                            controller=controller,
                        )


def directions_of(pace: Pace) -> Directions:
    """Direct how long pods take, and that those of one image never get ready."""
    usual = Behaviour(ready_after=pace.ready, stops_after=pace.stop)
    return Directions(otherwise=usual, tags={BROKEN_TRITON.rpartition(":")[2]: replace(usual, ready_after=None)})


class _Listener:
    """Passes lines on, and notes when the controller has begun to work."""

    def __init__(self, hear: Callable[[LogLine], None]) -> None:
        self._hear = hear
        self._is_ready = asyncio.Event()

    def __call__(self, line: LogLine) -> None:
        self._hear(line)
        if line.get("message") == "table scanned":
            self._is_ready.set()

    async def ready(self) -> None:
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._is_ready.wait()
        except TimeoutError:
            raise Unable(f"the controller was not ready within {_START_SECONDS:g} s") from None
