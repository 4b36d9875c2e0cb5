"""Who was ready and who got requests, at every instant: Deployments and Ingresses in the order of their versions."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from gco_stream.core.route import read_route
from tests.load_balancer import traffic_is_lost
from tests.world import Kubernetes, Manifest, eventually

_KINDS = ("Deployment", "Ingress")
# What follows from a change comes right after it, and not in the same instant.
_AT_ONCE_SECONDS = 2.0


@dataclass(slots=True)
class TrafficSeen:
    """Every version of an endpoint's Deployments and of its Ingress, since the beginning of a watch."""

    kubernetes: Kubernetes
    name: str
    _versions: list[tuple[float, str, str, Manifest | None]] = field(default_factory=list)

    async def begin(self, kind: str) -> str:
        """Look at what is there, and return the version to watch from."""
        listed = await self.kubernetes.request("GET", self.kubernetes.path(kind))
        for live in listed["items"]:
            self._note(kind, live, is_there=True)
        version: str = listed["metadata"]["resourceVersion"]
        return version

    async def follow(self, kind: str, version: str) -> None:
        """Note every version from there on; the server must not end it."""
        async with aclosing(self.kubernetes.watch(kind, resource_version=version)) as events:
            async for event, live in events:
                assert event != "ERROR", live
                self._note(kind, live, is_there=event != "DELETED")
        raise AssertionError("the watch has ended, and what came after it was not seen")

    def _note(self, kind: str, live: Manifest, *, is_there: bool) -> None:
        name = live["metadata"]["name"]
        if name in (self.name, f"{self.name}-canary", f"inference-{self.name}"):
            now = asyncio.get_running_loop().time()
            self._versions.append((now, kind, name, live if is_there else None))

    def shares(self) -> list[str]:
        """Return what the Ingress said, each once in a row: ``-`` for none, ``plain``, or the weights."""
        said = [_share(live) for _, kind, _, live in self._versions if kind == "Ingress"]
        return [share for i, share in enumerate(said) if i == 0 or said[i - 1] != share]

    def lost(self) -> list[str]:
        """Say when requests went nowhere, though a replica was ready, for longer than it takes to react."""
        found = []
        since: float | None = None
        for at, problem in self._instants():
            if since is not None and at - since > _AT_ONCE_SECONDS:
                found.append(f"{at - since:.1f} s: {problem}")
            since = since or at if problem else None
        return found

    def _instants(self) -> Iterator[tuple[float, str | None]]:
        ready: dict[str, int] = {}
        ingress: Manifest | None = None
        for at, kind, name, live in self._versions:
            if kind == "Ingress":
                ingress = live
            else:
                ready[name] = ((live or {}).get("status") or {}).get("readyReplicas", 0)
            yield at, None if ingress is None else traffic_is_lost(ingress, ready)

    async def shows(self, *shares: str, deadline: float = 20.0) -> None:
        """Wait until the Ingress has said these things, one after the other, and nothing else since the last."""

        def answer() -> bool:
            assert self.shares()[-len(shares) :] == list(shares), self.shares()
            return True

        await eventually(answer, deadline, f"shares {' → '.join(shares)}")


def _share(ingress: Manifest | None) -> str:
    if ingress is None or ingress["metadata"].get("deletionTimestamp"):
        return "-"
    name = ingress["metadata"]["name"].removeprefix("inference-")
    route = read_route(ingress, name)
    assert route is not None
    return "plain" if route.canary is None else f"{'-' if route.primary is None else route.primary}/{route.canary}"


@asynccontextmanager
async def traffic_seen(kubernetes: Kubernetes, name: str) -> AsyncIterator[TrafficSeen]:
    """Note everything about an endpoint's traffic from now to the end of the block."""
    seen = TrafficSeen(kubernetes, name)
    versions = [(kind, await seen.begin(kind)) for kind in _KINDS]
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(seen.follow(kind, version)) for kind, version in versions]
        yield seen
        for task in watching:
            task.cancel()
