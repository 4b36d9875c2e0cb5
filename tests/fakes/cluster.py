"""The ``Cluster`` port on a model of server-side apply in memory."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from typing import Any

from gco_stream.core.mirror import Listed, Shown, Vanished, WatchEvent
from gco_stream.core.models import Action, Apply, EndpointName, Kind, Manifest, ObjectKey, Observed
from gco_stream.core.projection import project
from gco_stream.core.room import TargetGroups
from gco_stream.core.route import target_groups_of
from tests.cluster_model import ClusterModel
from tests.fakes.line import Line


class FakeCluster:
    """One namespace, and the line to it.

    Attributes:
        blink: The longest that its watches look away, in seconds.
        breaks_off: How every watch ends, or None.
        model: What is there; its ``work`` is what the cluster's own controllers do.
    """

    def __init__(self, *, line: Line | None = None, blink: float = 1.0) -> None:
        self.line = line or Line()
        self.model = ClusterModel()
        self.blink = blink
        self.breaks_off: Exception | None = None

    def make(self, manifest: Manifest, *, manager: str = "kubectl") -> dict[str, Any]:
        """Let somebody else make an object, or change one that is there."""
        key = ObjectKey(Kind(manifest["kind"]), manifest["metadata"]["name"])
        return self.model.write(key, "apply", manifest, manager=manager, force=True)

    def kinds(self, name: str) -> set[Kind]:
        """Which of an endpoint's objects exist."""
        return {key.kind for key in self.model.objects if key.name in (name, f"inference-{name}")}

    async def observe(
        self, name: EndpointName, *, with_pods: bool, keys: Collection[ObjectKey] | None = None
    ) -> Observed:
        await self.line.call("observe", name)
        observed = self.model.observe(name)
        there = {key: live for key, live in observed.objects.items() if keys is None or key in keys}
        return Observed(objects=there, pods=observed.pods if with_pods else None)

    async def pods(self, name: EndpointName) -> tuple[Manifest, ...]:
        await self.line.call("pods", name)
        return self.model.observe(name).pods or ()

    async def count_target_groups(self) -> TargetGroups:
        await self.line.call("count", "")
        ingresses = {key.name: live for key, live in self.model.objects.items() if key.kind is Kind.INGRESS}
        return {name: target_groups_of(live) for name, live in ingresses.items()}

    async def watch(self, kind: Kind, *, since: str | None) -> AsyncGenerator[WatchEvent, None]:
        """Show what is there, then whatever changes: soon after a change, within a blink otherwise."""
        await self.line.call("watch", kind.value)
        shown = self._projections(kind) if since is None else {}
        if since is None:
            yield Listed(tuple(shown.values()), str(self.model.version()))
        pause = 0.02
        while True:
            await asyncio.sleep(pause)
            if self.breaks_off is not None:
                raise self.breaks_off
            there = self._projections(kind)
            pause = 0.02 if there != shown else min(self.blink, pause * 2)
            for key in shown.keys() - there.keys():
                yield Vanished(self._at_its_end(shown[key]))
            for key, projection in there.items():
                if shown.get(key) != projection:
                    yield Shown(projection)
            shown = there

    def _at_its_end(self, shown: Manifest) -> Manifest:
        """Give an object that is gone the version of its end, as the API server does."""
        return {**shown, "metadata": {**shown["metadata"], "resourceVersion": str(self.model.version())}}

    def _projections(self, kind: Kind) -> dict[ObjectKey, Manifest]:
        return {key: project(live) for key, live in self.model.objects.items() if key.kind is kind}

    async def carry_out(self, action: Action) -> Manifest | None:
        await self.line.call("apply" if isinstance(action, Apply) else "delete", str(action.key))
        return self.model.carry_out(action)
