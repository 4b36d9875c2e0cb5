"""``gco-stream explain``: why an endpoint is as it is."""

import os
from typing import Any

from gco_stream.actor import plan_with_room
from gco_stream.cli.arguments import Name
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.planning import claims_of
from gco_stream.cli.printing import plain, print_document, print_facts, print_line
from gco_stream.cli.progress import progress
from gco_stream.cli.telling import Unable, tell
from gco_stream.core.explanation import Explanation, explain
from gco_stream.core.findings import Findings, PastEvent
from gco_stream.core.leadership import Lease
from gco_stream.core.models import EndpointName, Item
from gco_stream.core.wish import read_request
from gco_stream.errors import Denied, Refused, Transient
from gco_stream.ports import World
from gco_stream.settings import Settings, read_settings


@command
def explain_endpoint(shape: Shape, name: Name) -> None:
    """Say why an endpoint is as it is in this region: the answer first, then what it rests on.

    What is asked for, what each object and pod says, who else has changed a field, which clocks are going, the last
    transitions, and what the controller would do now. Nothing is changed. The environment is that of `gco-stream run`.

    Example: REGION=us-east-1 gco-stream explain chat
    """
    finish(_explain(EndpointName(name), shape))


async def _explain(name: EndpointName, shape: Shape) -> None:
    from gco_stream.shell.world import connected

    settings = read_settings(os.environ)
    with progress(f"looking at {name}"):
        async with connected(settings) as world:
            found = await _find(name, settings, world)
    if found.request.item is None and not found.observed.objects:
        where = f"table {settings.table_name} in {settings.table_region}"
        hint = f"`gco-stream endpoint list` shows all; the cluster has nothing of {name} either"
        raise Unable(f"there is no endpoint {name!r} in {where}", hint=hint)
    explanation = explain(found)
    if shape.is_text:
        _print(explanation, shape)
    else:
        print_document(_as_map(explanation, found), shape)


async def _find(name: EndpointName, settings: Settings, world: World) -> Findings:
    """Read what a pass reads, and beside it the pods, the Events and the lease."""
    from gco_stream.app import scope_of

    items: dict[EndpointName, Item] = {}
    async for page in world.records.scan():
        items |= {item["endpoint_name"]: item for item in page}
    scope = scope_of(settings)
    request = read_request(name, items.get(name), scope, claims_of(items.values(), settings.region))
    seen = await world.cluster.observe(name, with_pods=True)
    plan, observed = await plan_with_room(request, seen, world.cluster, scope, world.clock)
    lease, is_lease_known = await _lease(world)
    return Findings(
        request=request,
        observed=observed,
        plan=plan,
        scope=scope,
        events=await _events(name, settings),
        lease=lease,
        is_lease_known=is_lease_known,
        now=world.clock.now(),
    )


async def _lease(world: World) -> tuple[Lease | None, bool]:
    try:
        return await world.leases.read(), True
    except Denied as denied:
        tell(f"note: could not find out who leads: {denied}")
        return None, False


async def _events(name: EndpointName, settings: Settings) -> tuple[PastEvent, ...] | None:
    from gco_stream.shell.events import events_about
    from gco_stream.shell.world import connected_api

    try:
        async with connected_api(settings) as api:
            return await events_about(api, settings.namespace, name)
    except (Refused, Transient) as trouble:
        tell(f"note: Events cannot be read: {trouble}")
        return None


def _print(explanation: Explanation, shape: Shape) -> None:
    print_line(f"{explanation.endpoint} in {explanation.region}\n", shape)
    print_facts([("", [explanation.answer])], shape)
    print_line("", shape)
    print_facts(explanation.reasons.items(), shape)


def _as_map(explanation: Explanation, found: Findings) -> dict[str, Any]:
    status = None if found.status is None else plain(found.status.as_map())
    return explanation.as_map() | {"status": status, "led": found.is_led}
