"""The sandbox: an API server of its own, on this machine, for as long as a block lasts."""

import asyncio
import json
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from gco_stream.sandbox.clock import Clock
from gco_stream.sandbox.server import ApiServer
from gco_stream.sandbox.simulator.directions import Directions
from gco_stream.sandbox.simulator.simulator import Simulator
from gco_stream.sandbox.store.kinds import RESOURCES
from gco_stream.sandbox.store.requests import Place, Write
from gco_stream.sandbox.store.store import Store

_SHUTDOWN_SECONDS = 1.0


class Sandbox:
    """A Kubernetes API server for the kinds that an endpoint consists of, over real HTTP on ``127.0.0.1``.

    ``async with Sandbox(clock, namespaces=["inference"]) as sandbox:`` starts it, and
    nothing is left of it after the block.

    What is applied to it comes to life: Deployments get pods, on machines, that get ready or do not, as ``directions``
    say; autoscalers scale, and what belongs to something deleted goes.

    Attributes:
        store: Its objects, for who wants to look at them or change them from inside.
        directions: How long things take and what goes wrong; may be changed at any time.
        token: Whoever has it may do everything, and nobody else anything.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        namespaces: Sequence[str] = (),
        directions: Directions | None = None,
        port: int = 0,
        keep: int = 10_000,
    ) -> None:
        """Make it, without starting it.

        Args:
            clock: What tells the time; waits are on the event loop's own.
            namespaces: Those that are there beside ``default``.
            directions: None for pods that are ready at once.
            port: Where it is on this machine; 0 for any that is free.
            keep: How many changes it remembers; a watch from before those gets 410.
        """
        self.directions = directions or Directions()
        self.store = Store(now=clock.now, keep=keep)
        self._simulator = Simulator(self.store, clock, self.directions)
        self._tasks = asyncio.TaskGroup()
        self._working: asyncio.Task[None] | None = None
        self.token = secrets.token_hex(16)
        self._port = port
        self._folder: Path | None = None
        self._runner: web.AppRunner | None = None
        self._make("IngressClass", "alb", spec={"controller": "ingress.k8s.aws/alb"})
        for name in ("default", *namespaces):
            self.make_namespace(name)

    @property
    def url(self) -> str:
        """Where it is, such as ``http://127.0.0.1:40123``."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file for it; gone with it."""
        if self._folder is None:
            raise RuntimeError("the sandbox is not running")
        return self._folder / "kubeconfig"

    def make_namespace(self, name: str) -> None:
        """Make a namespace, with the service account and the claim that the pods of endpoints need."""
        self._make("Namespace", name)
        self._make("ServiceAccount", "gco-service-account", namespace=name)
        claim = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Ti"}}}
        self._make("PersistentVolumeClaim", "efs-claim", namespace=name, spec=claim)

    def _make(self, kind: str, name: str, *, namespace: str = "", **fields: Any) -> None:
        place = Place(resource=RESOURCES[kind], namespace=namespace, name=name)
        self.store.create(place, {"metadata": {"name": name}, **fields}, Write(manager="sandbox"))

    async def __aenter__(self) -> Self:
        application = ApiServer(self.store, token=self.token).application()
        self._runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._folder = Path(tempfile.mkdtemp(prefix="gco-stream-sandbox-"))
        self.kubeconfig.write_text(self._kubeconfig())
        await self._tasks.__aenter__()
        self._working = self._tasks.create_task(self._simulator.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._working is not None:
                self._working.cancel()
            await self._tasks.__aexit__(kind, error, trace)
        finally:
            if self._runner is not None:
                await self._runner.cleanup()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    def _kubeconfig(self) -> str:
        # JSON is YAML.
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": f"{self.url}/{self.token}"}}],
            "users": [{"name": "sandbox", "user": {}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
            "current-context": "sandbox",
        }
        return json.dumps(content, indent=2)
