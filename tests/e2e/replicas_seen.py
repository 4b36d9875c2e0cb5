"""Every value that ``spec.replicas`` of a Deployment has ever had, from a watch without gaps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from tests.world import Kubernetes, Manifest, eventually


@dataclass(slots=True)
class ReplicasSeen:
    """What was seen of one Deployment, whether it was there at the beginning or not."""

    kubernetes: Kubernetes
    name: str
    _values: list[int | None] = field(default_factory=list)
    _marks: set[str] = field(default_factory=set)

    async def values(self) -> list[int | None]:
        """Return every value up to now, each once in a row, oldest first; None where the Deployment was gone.

        The last value before the watch comes first.
        """
        # A watch tells of all Deployments in their order: with what is written now all that was before has been seen.
        mark = f"{self.name}-seen-{len(self._marks)}"
        labels = {"mark": mark}
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "none", "image": "none"}]}}
        spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod}
        made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": mark}, "spec": spec}
        await self.kubernetes.apply(made)
        await eventually(lambda: mark in self._marks, what=f"Deployment {mark}, seen by the watch")
        await self.kubernetes.delete("Deployment", mark)
        return list(self._values)

    async def begin(self) -> str:
        """Look at what is there, and return the version to watch from."""
        listed = await self.kubernetes.request("GET", self.kubernetes.path("Deployment"))
        live = next((item for item in listed["items"] if item["metadata"]["name"] == self.name), None)
        self._note(live)
        version: str = listed["metadata"]["resourceVersion"]
        return version

    async def follow(self, version: str) -> None:
        """Note every version from there on; the server must not end it."""
        async with aclosing(self.kubernetes.watch("Deployment", resource_version=version)) as events:
            async for event, live in events:
                assert event != "ERROR", live
                self._marks.add(live["metadata"]["name"])
                if live["metadata"]["name"] == self.name:
                    self._note(None if event == "DELETED" else live)
        raise AssertionError("the watch has ended, and what came after it was not seen")

    def _note(self, live: Manifest | None) -> None:
        value = None if live is None else live["spec"]["replicas"]
        if self._values[-1:] != [value]:
            self._values.append(value)


@asynccontextmanager
async def replicas_seen(kubernetes: Kubernetes, name: str) -> AsyncIterator[ReplicasSeen]:
    """Note every value of a Deployment's ``spec.replicas`` from now to the end of the block."""
    seen = ReplicasSeen(kubernetes, name)
    version = await seen.begin()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(seen.follow(version))
        yield seen
        watching.cancel()
