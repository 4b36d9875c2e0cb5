"""The poller at work: one cycle after the other, with the requests that it sends and what it decides them by.

It scans the table, reads each object, makes what is not there, and patches what it compares: the count of replicas, the
image, and the Ingress of an endpoint with a canary. Everything else of an object that exists it never looks at. Its
watchdog, which needs minutes, is left out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gco_stream.core.leadership import LEASE_NAME
from gco_stream.core.models import Item
from tests.poller import (
    USER_AGENT,
    Made,
    autoscaler,
    canary_item,
    deployment,
    ingress,
    patch,
    post,
    post_lease,
    service,
    weighted_ingress,
)
from tests.world import Site
from tests.world.kubernetes import KubernetesError

INTERVAL_SECONDS = 15


@dataclass
class Poller:
    """One replica of it.

    Attributes:
        cycles: How many it has worked through as the leader.
    """

    site: Site
    holder: str = "inference-monitor-poller"
    region: str = "us-east-1"
    cycles: int = 0
    _headers: dict[str, str] = field(default_factory=lambda: {"User-Agent": USER_AGENT})

    async def cycle(self) -> bool:
        """Try to lead, and do one cycle's work if it does; return whether it did."""
        if not await self._leads():
            return False
        for item in self.site.table.scan()["Items"]:
            await self._reconcile(item)
        self.cycles += 1
        return True

    async def _leads(self) -> bool:
        """It takes a Lease whose holder is nobody, or whose time of renewal is three of its intervals ago."""
        lease = await self.site.kubernetes.get("Lease", LEASE_NAME)
        if lease is None:
            await post_lease(self.site.kubernetes, self.holder)
            return True
        spec, now = lease["spec"], datetime.now(UTC)
        renewed = spec.get("renewTime")
        is_over = bool(renewed) and (now - datetime.fromisoformat(renewed)).total_seconds() > 3 * INTERVAL_SECONDS
        if spec.get("holderIdentity") not in (None, "", self.holder) and not is_over:
            return False
        lease["spec"] = {**spec, "holderIdentity": self.holder, "renewTime": now.isoformat(timespec="microseconds")}
        try:
            path = self.site.kubernetes.path("Lease", LEASE_NAME)
            await self.site.kubernetes.request("PUT", path, lease, headers=self._headers)
        except KubernetesError as error:
            if error.status != 409:
                raise
            return False
        return True

    async def _reconcile(self, item: Item) -> None:
        if self.region not in item["target_regions"]:
            return
        name = item["endpoint_name"]
        live = await self._get("Deployment", name)
        match item["desired_state"]:
            case "stopped" if live is not None:
                if live["spec"]["replicas"]:
                    await patch(self.site.kubernetes, "Deployment", name, {"spec": {"replicas": 0}})
                self._report(item, "stopped")
            case "deploying" | "running" if live is None:
                await self._create(item)
            case "deploying" | "running" if live is not None:
                await self._keep_running(item, live)

    async def _create(self, item: Item) -> None:
        await post(self.site.kubernetes, deployment(item))
        await self._make(service(item))
        await self._make(ingress(item))
        if item["spec"].get("autoscaling", {}).get("enabled"):
            await self._make(autoscaler(item))
        self._report(item, "creating", desired=int(item["spec"].get("replicas", 1)))

    async def _keep_running(self, item: Item, live: Made) -> None:
        name, spec = item["endpoint_name"], item["spec"]
        for made in (service(item), ingress(item)):
            if await self._get(made["kind"], made["metadata"]["name"]) is None:
                await self._make(made)
        desired, ready = int(spec.get("replicas", 1)), live.get("status", {}).get("readyReplicas", 0)
        # It takes 0 for 1.
        if (live["spec"]["replicas"] or 1) != desired:
            await patch(self.site.kubernetes, "Deployment", name, {"spec": {"replicas": desired}})
            return self._report(item, "updating", ready=ready, desired=desired)
        if _image(live) != spec["image"]:
            await patch(self.site.kubernetes, "Deployment", name, _with_image(spec["image"]))
            return self._report(item, "updating", ready=ready, desired=desired)
        state = "running" if ready >= desired else "creating"
        self._report(item, state, ready=ready, desired=desired)
        await self._canary(item)
        if state == "running" and item["desired_state"] == "deploying":
            self._write(name, "SET desired_state = :s, updated_at = :u", {":s": "running"})
        return None

    async def _canary(self, item: Item) -> None:
        name = f"{item['endpoint_name']}-canary"
        if not item["spec"].get("canary"):
            for kind in ("Deployment", "Service"):
                await self.site.kubernetes.delete(kind, name)
            return
        canary = canary_item(item)
        live = await self._get("Deployment", name)
        if live is None:
            await post(self.site.kubernetes, deployment(canary))
            await self._make(service(canary))
        elif _image(live) != canary["spec"]["image"]:
            await patch(self.site.kubernetes, "Deployment", name, _with_image(canary["spec"]["image"]))
        made = weighted_ingress(item)
        await patch(self.site.kubernetes, "Ingress", made["metadata"]["name"], made)

    async def _get(self, kind: str, name: str) -> Made | None:
        return await self.site.kubernetes.get(kind, name)

    async def _make(self, made: Made) -> None:
        try:
            await post(self.site.kubernetes, made)
        except KubernetesError as error:
            if error.status != 409:
                raise

    def _report(self, item: Item, state: str, *, ready: int = 0, desired: int = 0) -> None:
        """It writes a region's status anew in each cycle, and what others wrote into it is gone."""
        status = {"state": state, "replicas_ready": ready, "replicas_desired": desired, "last_sync": _now()}
        update = "SET region_status.#r = :s, updated_at = :u"
        self._write(item["endpoint_name"], update, {":s": status}, {"#r": self.region})

    def _write(self, name: str, update: str, values: dict[str, Any], names: dict[str, str] | None = None) -> None:
        more: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        self.site.table.update_item(
            Key={"endpoint_name": name},
            UpdateExpression=update,
            ExpressionAttributeValues={**values, ":u": _now()},
            **more,
        )


@asynccontextmanager
async def polling(site: Site, *, every: float = 0.3) -> AsyncIterator[Poller]:
    """Let it cycle until the end of the block, faster than it does; it ends as it does, with the Lease its own."""
    poller = Poller(site)

    async def go_on() -> None:
        while True:
            await poller.cycle()
            await asyncio.sleep(every)

    task = asyncio.create_task(go_on())
    try:
        yield poller
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])


def _image(live: Made) -> str:
    image: str = live["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def _with_image(image: str) -> Made:
    return {"spec": {"template": {"spec": {"containers": [{"name": "inference", "image": image}]}}}}


def _now() -> str:
    return datetime.now(UTC).isoformat()
