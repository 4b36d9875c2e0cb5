"""A kubelet for the controller's pods: a real process for each, probed, ended and buried as a node would do it.

The rest is the real thing: the Deployment controller and the scheduler decide what becomes of the pods. kwok leaves
those alone whose image has the tag `TAG`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from tests.controller import started_controller
from tests.k8s.applying import SELECTOR
from tests.k8s.built import container_of
from tests.world import Kubernetes, Manifest, Site, eventually
from tests.world.processes import free_ports

TAG = "never-ready-slow-stop-600s"
_LOOK_SECONDS = 0.1


@dataclass(slots=True)
class Kubelet:
    """Runs the pods of the controller's namespace on a site.

    Attributes:
        ended: Exit codes, by the names of the pods that are gone.
    """

    system: Kubernetes
    site: Site
    ended: dict[str, int] = field(default_factory=dict)
    _started: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Look after every pod until it is gone; ends only by being cancelled."""
        async with asyncio.TaskGroup() as pods:
            while True:
                for pod in await self.system.list("Pod", SELECTOR):
                    name = pod["metadata"]["name"]
                    if pod["spec"].get("nodeName") and name not in self._started:
                        self._started.add(name)
                        pods.create_task(self._live(pod))
                await asyncio.sleep(_LOOK_SECONDS)

    async def _live(self, pod: Manifest) -> None:
        name = pod["metadata"]["name"]
        (port,) = free_ports(1)
        environment = {**self.site.environment, "HOSTNAME": name, "HEALTH_PORT": str(port)}
        async with started_controller(environment) as controller:
            await self._is_ready(pod, port)
            await self._say_ready(name)
            await self._is_to_end(name)
            async with asyncio.timeout(pod["spec"]["terminationGracePeriodSeconds"]):
                self.ended[name] = await controller.stop()
        await self.system.delete("Pod", name, gracePeriodSeconds=0)

    async def _is_ready(self, pod: Manifest, port: int) -> None:
        path = container_of({"spec": {"template": pod}})["readinessProbe"]["httpGet"]["path"]

        async def probe() -> bool:
            try:
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        async with aiohttp.ClientSession() as session:
            await eventually(probe, 60, f"{pod['metadata']['name']} ready")

    async def _say_ready(self, name: str) -> None:
        async def is_running() -> Manifest | None:
            pod = await self.system.get("Pod", name)
            return pod if pod is not None and pod["status"].get("phase") == "Running" else None

        status = (await eventually(is_running, 20, f"{name} seen by kwok"))["status"]
        for condition in status["conditions"]:
            if condition["type"] in ("Ready", "ContainersReady"):
                condition["status"] = "True"
        for container in status["containerStatuses"]:
            container["ready"] = True
        await self.system.patch("Pod", name, {"status": status}, "status")

    async def _is_to_end(self, name: str) -> None:
        while True:
            pod = await self.system.get("Pod", name)
            if pod is None or "deletionTimestamp" in pod["metadata"]:
                return
            await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def running_kubelet(system: Kubernetes, site: Site) -> AsyncIterator[Kubelet]:
    """Run one until the end of the block, and leave no controller behind."""
    kubelet = Kubelet(system, site)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(kubelet.run())
        try:
            yield kubelet
        finally:
            task.cancel()
            await system.delete("Deployment", "inference-monitor", propagationPolicy="Foreground")
            await eventually(lambda: _bury_all(system), 20, "no pod left")


async def _bury_all(system: Kubernetes) -> bool:
    pods = await system.list("Pod", SELECTOR)
    for pod in pods:
        await system.delete("Pod", pod["metadata"]["name"], gracePeriodSeconds=0)
    return not pods
