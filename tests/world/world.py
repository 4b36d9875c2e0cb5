"""The test world: a real control plane with fake GPU machines, and DynamoDB Local."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.world.control_plane import ControlPlane, start_control_plane
from tests.world.dynamodb import CREDENTIAL, REGION, DynamoDB, start_dynamodb
from tests.world.eventually import eventually
from tests.world.kubernetes import Kubernetes, Manifest, open_session
from tests.world.nodes import all_nodes
from tests.world.parts import Parts, find_parts
from tests.world.processes import PartFailed, Processes, guarded_processes
from tests.world.site import Site, open_site


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A running world."""

    folder: Path
    """Everything's state and logs (`<part>.log`); gone with the world."""
    kubernetes: Kubernetes
    dynamodb: DynamoDB
    control_plane: ControlPlane
    processes: Processes
    """What it consists of, by name: `etcd`, `kube-apiserver`, `dynamodb-local`, …"""
    parts: Parts

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each part, by its name."""
        return self.processes.pids()

    @property
    def kubeconfig(self) -> Path:
        """An administrator's kubeconfig file."""
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """What the API server was asked: JSON lines, audit.k8s.io/v1 Event; see `ControlPlane.audit_log`."""
        return self.control_plane.audit_log

    def audited(self, since: int = 0) -> list[str]:
        """Return the whole lines of the audit log, from a place in it: the last one may be half written yet.

        Args:
            since: A size that the log had; a line that was half written then is left out.
        """
        with self.audit_log.open("rb") as log:
            log.seek(max(0, since - 1))
            text = log.read()
        whole, _, _ = text.rpartition(b"\n")
        if since:
            _, _, whole = whole.partition(b"\n")
        return whole.decode().split("\n") if whole else []

    @property
    def environment(self) -> dict[str, str]:
        """For a process that may do everything in this world; to be added to its own environment."""
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": self.dynamodb.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": CREDENTIAL,
            "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
        }

    def site(self, *, stream: bool = True) -> AbstractAsyncContextManager[Site]:
        """A place of one's own in this world; `stream=False` makes its table have none."""
        return open_site(self.kubernetes, self.dynamodb, self.environment, self.kubeconfig_for, stream=stream)

    def kubeconfig_for(self, token: str) -> Path:
        """A kubeconfig file for a token, such as `Kubernetes.token_of` gives."""
        path = self.folder / f"kubeconfig-{token[-12:]}"
        path.write_text(self.control_plane.kubeconfig(token))
        return path


@asynccontextmanager
async def running_world(parts: Parts | None = None) -> AsyncIterator[World]:
    """Start a world, and leave nothing of it behind.

    Args:
        parts: What to start it from; None finds or builds it, which may take minutes.
    Raises:
        CannotMake: A part is missing and cannot be built here.
        PartFailed: A part did not start; the message has the end of its log.
    """
    parts = parts or find_parts()
    with guarded_processes() as processes:
        dynamodb, plane = await _start(processes, parts)
        async with open_session(plane.server, plane.token, plane.certificate) as session:
            kubernetes = Kubernetes(session)
            await _populate(kubernetes)
            yield World(
                folder=processes.folder,
                kubernetes=kubernetes,
                dynamodb=dynamodb,
                control_plane=plane,
                processes=processes,
                parts=parts,
            )


async def _start(processes: Processes, parts: Parts) -> tuple[DynamoDB, ControlPlane]:
    try:
        async with asyncio.TaskGroup() as starting:
            dynamodb = starting.create_task(start_dynamodb(processes, parts))
            plane = starting.create_task(start_control_plane(processes, parts))
    except* PartFailed as failures:
        # The first is the reason, and its message reads better outside a group.
        raise failures.exceptions[0] from None
    return dynamodb.result(), plane.result()


async def _populate(kubernetes: Kubernetes) -> None:
    nodes = all_nodes()
    for node in nodes:
        await kubernetes.create(node)

    async def all_usable() -> bool:
        return all(map(_is_usable, await kubernetes.list("Node")))

    await eventually(all_usable, deadline=30, what="all nodes ready, their not-ready taints gone")


def _is_usable(node: Manifest) -> bool:
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", ()))
    tainted = any(taint["key"].startswith("node.kubernetes.io/") for taint in node["spec"].get("taints", ()))
    return ready and not tainted
