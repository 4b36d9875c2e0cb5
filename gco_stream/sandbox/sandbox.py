"""The sandbox: an API server of its own, on this machine, for as long as a block lasts."""

import json
import secrets
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from gco_stream.sandbox.clock import Clock
from gco_stream.sandbox.server import ApiServer
from gco_stream.sandbox.store.kinds import RESOURCES
from gco_stream.sandbox.store.requests import Place, Write
from gco_stream.sandbox.store.store import Store

_SHUTDOWN_SECONDS = 1.0


class Sandbox:
    """A Kubernetes API server for the kinds that an endpoint consists of, over real HTTP on ``127.0.0.1``.

    ``async with Sandbox(clock, namespaces=["inference"]) as sandbox:`` starts it, and
    nothing is left of it after the block.

    Attributes:
        store: Its objects, for who wants to look at them or change them from inside.
    """

    def __init__(self, clock: Clock, *, namespaces: tuple[str, ...] = (), port: int = 0, keep: int = 10_000) -> None:
        self.store = Store(now=clock.now, keep=keep)
        self._token = secrets.token_hex(16)
        self._port = port
        self._folder: Path | None = None
        self._runner: web.AppRunner | None = None
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
        """Make a namespace."""
        place = Place(resource=RESOURCES["Namespace"], namespace="", name=name)
        self.store.create(place, {"metadata": {"name": name}}, Write(manager="sandbox"))

    async def __aenter__(self) -> Self:
        application = ApiServer(self.store, token=self._token).application()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._folder = Path(tempfile.mkdtemp(prefix="gco-stream-sandbox-"))
        self.kubeconfig.write_text(self._kubeconfig())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _kubeconfig(self) -> str:
        # JSON is YAML.
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": self.url}}],
            "users": [{"name": "sandbox", "user": {"token": self._token}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
            "current-context": "sandbox",
        }
        return json.dumps(content, indent=2)
