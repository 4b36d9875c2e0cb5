"""Whether endpoints stand as their records wish, seen from outside, and a controller that takes no time over it."""

import asyncio

from tests.cli.commands import shell_at
from tests.world import Site, eventually
from tests.writers import Writers

BRIEF = {
    "CANARY_WARMUP_SECONDS": "1",
    "DRAIN_SECONDS": "1",
    "INFERENCE_UNHEALTHY_THRESHOLD_SECONDS": "2",
    "LEASE_DURATION_SECONDS": "2",
    "LEASE_RENEW_DEADLINE_SECONDS": "1.5",
    "LEASE_RETRY_SECONDS": "0.3",
}


async def stands_as_wished(site: Site, writers: Writers, name: str, deadline: float = 25.0) -> None:
    """Wait until an endpoint, and its record, are as the last intent wants them.

    A status may be of before an outage in which nothing could be looked at.
    """

    def is_said() -> bool:
        item = writers.read(name)
        if item is None:
            return True
        state = item.get("region_status", {}).get("us-east-1", {}).get("state")
        return (item["desired_state"], state) in (("running", "running"), ("stopped", "stopped"))

    async def stands() -> bool:
        item, live = writers.read(name), await site.kubernetes.get("Deployment", name)
        if item is None or live is None:
            # What was stopped before it was ever made has nothing.
            return live is None and (item is None or item["desired_state"] == "stopped")
        return bool(live["spec"]["template"]["spec"]["containers"][0]["image"] == item["spec"]["image"])

    await eventually(is_said, deadline, f"{name} as wished, was {writers.read(name)}")
    await eventually(stands, deadline, f"{name} there as its record says")


async def plans_nothing(site: Site) -> bool:
    """Whether ``gco-stream plan`` finds nothing to do."""
    ended = await asyncio.to_thread(shell_at(site).apart, "plan", **BRIEF)
    return ended.code == 0
