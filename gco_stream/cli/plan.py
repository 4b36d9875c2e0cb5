"""``gco-stream plan``: what the controller would change now."""

import asyncio
import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from gco_stream.actor import plan_with_room
from gco_stream.app import scope_of
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.exits import Exit
from gco_stream.cli.printing import print_diff, print_document, print_line, to_yaml
from gco_stream.cli.telling import Unable, tell
from gco_stream.core.additions import additions
from gco_stream.core.claims import Claims
from gco_stream.core.interruption import NO_SERVER
from gco_stream.core.manifests.ownership import HOLD
from gco_stream.core.models import EndpointName, Item, Scope
from gco_stream.core.plan import Plan
from gco_stream.core.preview import Preview, masked, preview
from gco_stream.core.wish import Blocked, Request, Unclear, read_request
from gco_stream.ports import Clock, Cluster
from gco_stream.settings import Settings, read_settings
from gco_stream.shell.world import connected
from gco_stream.shell.writing import RecordWriter, table_client

_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One endpoint's plan.

    Attributes:
        previews: What would change; where the endpoint is held, what would once it is not.
        additions: What others have added to our objects, and who; it stays.
        problems: Why the record cannot be understood, or why nothing can be made beside what is there.
    """

    name: EndpointName
    plan: Plan
    previews: tuple[Preview, ...] = ()
    problems: tuple[str, ...] = ()
    additions: tuple[str, ...] = ()

    @property
    def is_in_step(self) -> bool:
        """Whether the cluster is as the record asks."""
        return not self.previews and not self.problems

    def as_map(self) -> Mapping[str, Any]:
        """Return it for programs."""
        changes = [
            {
                "kind": shown.key.kind.value,
                "name": shown.key.name,
                "action": _verb(shown),
                "reason": shown.why,
                "diff": list(_diff(shown)),
                "interrupts": shown.interrupts,
            }
            for shown in self.previews
        ]
        return {"endpoint": self.name, "in_step": self.is_in_step, "held": self.plan.held} | {
            "changes": changes,
            "problems": list(self.problems),
            "additions": list(self.additions),
        }


@command
def plan(
    shape: Shape,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Which endpoints; else all.")] = None,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Show the values of containers' env.")] = False,
) -> None:
    """Show what the controller would change now, object by object; nothing is changed.

    The environment is that of `gco-stream run`. Exit code 0: nothing would change; 1: something would, or a record
    cannot be carried out; 3: it could not be found out.

    Example: REGION=us-east-1 gco-stream plan chat
    """
    finish(_plan(names or [], shape, show_secrets=show_secrets))


async def _plan(names: Sequence[str], shape: Shape, *, show_secrets: bool) -> Exit:
    settings = read_settings(os.environ)
    items, claims = await _items(settings, names)
    async with connected(settings) as world:
        planned = await _plan_all(items, _Desk(world.cluster, world.clock, scope_of(settings), claims))
    if not show_secrets:
        planned = [replace(one, previews=tuple(map(masked, one.previews))) for one in planned]
    if shape.is_text:
        for one in planned:
            _print(one, shape)
        _summarise(planned, shape)
    else:
        print_document([one.as_map() for one in planned], shape)
    return Exit.FINE if all(one.is_in_step for one in planned) else Exit.NO


async def _items(settings: Settings, names: Sequence[str]) -> tuple[Sequence[Item], Claims]:
    """Read the records that are asked for, and what all of them lay claim to.

    Raises:
        Unable: One does not exist.
    """
    async with table_client(settings.table_region) as client:
        items = await RecordWriter(client, settings.table_name).all()
    claims = Claims(settings.region)
    for item in items:
        claims.note(item)
    wanted = set(filter(None, names))
    absent = sorted(wanted - {item["endpoint_name"] for item in items})
    if absent:
        raise Unable(f"there is no endpoint {', '.join(absent)}", hint="`gco-stream endpoint list` shows all")
    return [item for item in items if not wanted or item["endpoint_name"] in wanted], claims


@dataclass(frozen=True, slots=True)
class _Desk:
    cluster: Cluster
    clock: Clock
    scope: Scope
    claims: Claims


async def _plan_all(items: Sequence[Item], desk: _Desk) -> Sequence[Planned]:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(item: Item) -> Planned:
        async with room:
            return await _plan_one(item, desk)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return [task.result() for task in tasks]


async def _plan_one(item: Item, desk: _Desk) -> Planned:
    """Plan as a pass of the controller does, up to where it would begin to act."""
    name = EndpointName(str(item["endpoint_name"]))
    request = read_request(name, item, desk.scope, desk.claims)
    if isinstance(request.wish, Unclear | Blocked):
        return Planned(name=name, plan=Plan(), problems=_in_the_way(request, desk.scope))
    seen = await desk.cluster.observe(name, with_pods=False)
    plan, observed = await plan_with_room(request, seen, desk.cluster, desk.scope, desk.clock)
    ours = {key: live for key, live in observed.objects.items() if key not in plan.foreign}
    foreign = tuple(f"{key} is not ours and stays untouched" for key in plan.foreign)
    less = None if plan.publication is None else plan.publication.reason
    withheld = (f"on the load balancer: {less}",) if less else ()
    previews = tuple(preview(action, observed.get(action.key)) for action in (*plan.actions, *plan.held_back))
    return Planned(
        name=name,
        plan=plan,
        previews=previews,
        problems=(*foreign, *withheld),
        additions=tuple(f"{key} {found}" for key, live in ours.items() for found in additions(live)),
    )


def _in_the_way(request: Request, scope: Scope) -> tuple[str, ...]:
    """Say why nothing is planned for a record."""
    match request.wish:
        case Blocked(clash):
            return (clash.message,)
        case Unclear(problems) if request.concerns(scope.region):
            return tuple(str(problem) for problem in problems)
        case _:
            return ()


def _print(planned: Planned, shape: Shape) -> None:
    if planned.plan.held is not None:
        print_line(f"{planned.name}: held, nothing is done until {HOLD} is taken away: {planned.plan.held}", shape)
    for problem in planned.problems:
        print_line(f"{planned.name}: {problem}", shape)
    for addition in planned.additions:
        print_line(f"{planned.name}: beside ours, stays: {addition}", shape)
    for shown in planned.previews:
        print_line(f"{planned.name}: {_verb(shown)} {shown.key}: {shown.why}", shape)
        print_diff(_diff(shown), shape)
        if shown.interrupts:
            tell(f"note: {planned.name}: {NO_SERVER}")


def _summarise(planned: Sequence[Planned], shape: Shape) -> None:
    out = sum(not one.is_in_step for one in planned)
    print_line(f"{out} of {len(planned)} not in step" if out else f"{len(planned)} in step, nothing to do", shape)


def _verb(shown: Preview) -> str:
    if shown.after is None:
        return "delete"
    return "create" if shown.before is None else "change"


def _diff(shown: Preview) -> Iterator[str]:
    before, after = (() if side is None else to_yaml(side).splitlines() for side in (shown.before, shown.after))
    names = (f"live {shown.key}" if before else "(absent)", f"planned {shown.key}" if after else "(absent)")
    return difflib.unified_diff(before, after, *names, lineterm="")
