"""What an idle controller costs: requests and writes in a minute at 100 endpoints, memory and processor time.

Counted from outside: by the API server's audit log, and by a proxy before DynamoDB. Run by ``make bench``; exits 1 if
anything is written but the lease, or anything is read but the stream and the watches.
"""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path

from tests.controller import Controller, running_controller
from tests.counting import counting_proxy
from tests.e2e.watching import asked, is_promoted
from tests.world import Site, World, running_world
from tests.writers import Writers, a_spec

ENDPOINTS = 100
SECONDS = 60.0
ALLOWED_OF_KUBERNETES = frozenset({("patch", "leases"), ("update", "leases"), ("get", "leases")})
ALLOWED_OF_DYNAMODB = frozenset({"GetRecords", "DescribeStream", "DescribeTable", "GetShardIterator"})


async def bring_up(writers: Writers) -> None:
    """Make the endpoints and wait until all are running."""
    names = [f"endpoint-{number}" for number in range(ENDPOINTS)]
    for name in names:
        # No pods: the nodes of the test world have room for fewer.
        await asyncio.to_thread(writers.create, name, a_spec(replicas=0))
    for name in names:
        await is_promoted(writers, name, 120)


async def count_while_idle(
    world: World, site: Site, calls: Counter[str]
) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """Return what was asked of the API server and of DynamoDB in the time measured."""
    asked_before, calls_before = len(asked(world, site)), Counter(calls)
    await asyncio.sleep(SECONDS)
    of_kubernetes = Counter((verb, kind) for verb, kind, _ in asked(world, site)[asked_before:])
    return of_kubernetes, calls - calls_before


def resident_mebibytes(controller: Controller, field: str = "VmRSS") -> float:
    """Return the resident memory of the controller's process; ``VmHWM`` is the most that it ever was."""
    status = Path(f"/proc/{controller.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def processor_seconds(controller: Controller) -> float:
    """Return the processor time that the controller's process has had."""
    # Fields 14 and 15 of proc(5); the name before them may have spaces.
    fields = Path(f"/proc/{controller.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure() -> bool:
    """Measure, print, and say whether it is as promised."""
    async with running_world() as world, world.site() as site, counting_proxy(world.dynamodb.endpoint) as proxy:
        through = {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": proxy.url}
        async with running_controller(site, **through) as controller:
            before = processor_seconds(controller)
            await bring_up(Writers(site.table, site.namespace))
            spent = [processor_seconds(controller) - before]
            of_kubernetes, of_dynamodb = await count_while_idle(world, site, proxy.calls)
            spent.append(processor_seconds(controller) - before - spent[0])
            memory, most = resident_mebibytes(controller), resident_mebibytes(controller, "VmHWM")
    print(f"{ENDPOINTS} endpoints, {SECONDS:.0f} idle seconds")
    print("API server:", dict(sorted(of_kubernetes.items())) or "nothing")
    print("DynamoDB:  ", dict(sorted(of_dynamodb.items())) or "nothing")
    print(f"resident memory: {memory:.0f} MiB, at most {most:.0f}")
    print(f"processor time: {1000 * spent[1] / SECONDS:.0f} millicores while idle; {spent[0]:.1f} s to bring them up")
    is_held = of_kubernetes.keys() <= ALLOWED_OF_KUBERNETES and of_dynamodb.keys() <= ALLOWED_OF_DYNAMODB
    print("promised: no write but the lease, no read but the stream's:", "held" if is_held else "MISSED")
    return is_held


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)
