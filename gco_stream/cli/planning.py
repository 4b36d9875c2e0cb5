"""Plans of several endpoints: made as a pass of the controller makes them, and shown to people and programs."""

import asyncio
import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gco_stream.actor import plan_with_room
from gco_stream.cli.command import Shape
from gco_stream.cli.printing import print_diff, print_line, to_yaml
from gco_stream.cli.progress import Progress, progress
from gco_stream.cli.telling import tell
from gco_stream.core.additions import additions
from gco_stream.core.claims import Claims
from gco_stream.core.interruption import NO_SERVER
from gco_stream.core.manifests.ownership import HOLD
from gco_stream.core.models import EndpointName, Item, Scope
from gco_stream.core.pending import pending_edits
from gco_stream.core.plan import Plan
from gco_stream.core.preview import Preview, masked, preview
from gco_stream.core.wish import Blocked, Request, Unclear, read_request
from gco_stream.ports import Clock, Cluster

_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One endpoint's plan.

    Attributes:
        previews: What would change; where the endpoint is held, what would once it is not.
        additions: What others have added to our objects, and who; it stays.
        problems: Why the record cannot be understood, or why nothing can be made beside what is there.
        pending: What would be applied to pods that are left as they were made, until the next edit of the record.
    """

    name: EndpointName
    plan: Plan
    previews: tuple[Preview, ...] = ()
    problems: tuple[str, ...] = ()
    additions: tuple[str, ...] = ()
    pending: tuple[Preview, ...] = ()

    @property
    def is_in_step(self) -> bool:
        """Whether the cluster is as the record asks."""
        return not self.previews and not self.problems

    def without_secrets(self) -> "Planned":
        """Return the same with the values of containers' environment variables hidden."""
        shown, pending = (tuple(map(masked, previews)) for previews in (self.previews, self.pending))
        return replace(self, previews=shown, pending=pending)

    def as_map(self) -> Mapping[str, Any]:
        """Return it for programs."""
        return {"endpoint": self.name, "in_step": self.is_in_step, "held": self.plan.held} | {
            "changes": [_as_map(shown) for shown in self.previews],
            "problems": list(self.problems),
            "additions": list(self.additions),
            "pending": [_as_map(shown) for shown in self.pending],
        }


@dataclass(frozen=True, slots=True)
class PlanningDesk:
    """What planning needs; nothing that could change anything is asked of the cluster."""

    cluster: Cluster
    clock: Clock
    scope: Scope
    claims: Claims


async def plan_all(wanted: Mapping[EndpointName, Item | None], desk: PlanningDesk) -> Sequence[Planned]:
    """Plan for endpoints and their records; one without a record has None."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(name: EndpointName, item: Item | None, shown: Progress) -> Planned:
        async with room:
            planned = await _plan_one(name, item, desk)
        shown.step(of=len(wanted))
        return planned

    try:
        with progress("planning") as shown:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(name, item, shown)) for name, item in wanted.items()]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return [task.result() for task in tasks]


async def _plan_one(name: EndpointName, item: Item | None, desk: PlanningDesk) -> Planned:
    """Plan as a pass of the controller does, up to where it would begin to act."""
    request = read_request(name, item, desk.scope, desk.claims)
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
        problems=(*_in_the_way(request, desk.scope), *foreign, *withheld),
        additions=tuple(f"{key} {found}" for key, live in ours.items() for found in additions(live)),
        pending=tuple(preview(edit, observed.get(edit.key)) for edit in pending_edits(request, observed, desk.scope)),
    )


def claims_of(items: Iterable[Item], region: str) -> Claims:
    """Collect what the records of a whole table lay claim to."""
    claims = Claims(region)
    for item in items:
        claims.note(item)
    return claims


def _in_the_way(request: Request, scope: Scope) -> tuple[str, ...]:
    """Say why a record cannot be carried out."""
    match request.wish:
        case Blocked(clash):
            return (clash.message,)
        case Unclear(problems) if request.concerns(scope.region):
            return tuple(str(problem) for problem in problems)
        case _:
            return ()


def print_plan(planned: Planned, shape: Shape) -> None:
    """Print what would change of one endpoint, and what is in the way."""
    if planned.plan.held is not None:
        print_line(f"{planned.name}: held, nothing is done until {HOLD} is taken away: {planned.plan.held}", shape)
    for problem in planned.problems:
        print_line(f"{planned.name}: {problem}", shape)
    for addition in planned.additions:
        print_line(f"{planned.name}: beside ours, stays: {addition}", shape)
    for shown in planned.pending:
        print_line(f"{planned.name}: {shown.key} stays as it is until the next edit of its pods ({shown.why})", shape)
        print_diff(_diff(shown), shape)
    for shown in planned.previews:
        print_line(f"{planned.name}: {verb_of(shown)} {shown.key}: {shown.why}", shape)
        print_diff(_diff(shown), shape)
        if shown.interrupts:
            tell(f"note: {planned.name}: {NO_SERVER}")


def summarise(planned: Sequence[Planned], shape: Shape) -> None:
    """Print how many objects would change, and how many endpoints are not as their records ask."""
    verbs = Counter(verb_of(shown) for one in planned for shown in one.previews)
    out = sum(not one.is_in_step for one in planned)
    if not out:
        print_line(f"{len(planned)} in step, nothing to do", shape)
        return
    counts = ", ".join(f"{verbs[verb]} to {verb}" for verb in ("create", "change", "delete"))
    print_line(f"Plan: {counts}; {out} of {len(planned)} not in step", shape)


def _as_map(shown: Preview) -> Mapping[str, Any]:
    return {
        "kind": shown.key.kind.value,
        "name": shown.key.name,
        "action": verb_of(shown),
        "reason": shown.why,
        "diff": list(_diff(shown)),
        "interrupts": shown.interrupts,
    }


def verb_of(shown: Preview) -> str:
    """Say in a word what would be done: create, change or delete."""
    if shown.after is None:
        return "delete"
    return "create" if shown.before is None else "change"


def _diff(shown: Preview) -> Iterator[str]:
    before, after = (() if side is None else to_yaml(side).splitlines() for side in (shown.before, shown.after))
    names = (f"live {shown.key}" if before else "(absent)", f"planned {shown.key}" if after else "(absent)")
    return difflib.unified_diff(before, after, *names, lineterm="")
