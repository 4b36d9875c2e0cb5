"""``gco-stream replay``: what a stream tells, and what of it would change anything now."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gco_stream.cli.capture import StreamArn
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.confirming import Yes, confirm
from gco_stream.cli.exits import Exit
from gco_stream.cli.interrupting import told_if_interrupted
from gco_stream.cli.offline import EmptyCluster
from gco_stream.cli.past import End, Start, read_start
from gco_stream.cli.planning import Planned, PlanningDesk, claims_of, plan_all, verb_of
from gco_stream.cli.printing import print_document
from gco_stream.cli.replayed import Outcome, Replayed, print_replayed, summarise_replayed
from gco_stream.cli.retelling import retell
from gco_stream.cli.telling import Unable, tell, wrong_usage
from gco_stream.core.history import History
from gco_stream.core.models import EndpointName, Item
from gco_stream.core.record import status_in
from gco_stream.ports import World
from gco_stream.settings import Settings, read_settings
from gco_stream.shell.clock import SystemClock


@command
def replay(  # noqa: PLR0913 - each is an option
    shape: Shape,
    *,
    start: Annotated[
        str, typer.Option("--from", metavar="PLACE", help="trim-horizon, a record's sequence number, or a capture.")
    ] = "trim-horizon",
    endpoint: Annotated[
        list[str] | None, typer.Option("--endpoint", metavar="NAME", help="This one alone; may be repeated.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Carry the plan out; it asks first.")] = False,
    yes: Yes = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="With a capture: its last images are the table, the cluster is empty.")
    ] = False,
    stream_arn: StreamArn = None,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Show the values of containers' env.")] = False,
) -> None:
    """Show what the stream's records tell of each endpoint, and what the controller would change now.

    A record only says which endpoint to look at: plans are made from the table as it is now, so a replay never brings
    an old state back. --apply shows what would change, asks, and does it, unless another process leads.

    The environment is that of `gco-stream run`. Exit code 0: nothing would change, or all was carried out; 1: something
    would, a line of the file is broken, or another process leads.

    Example: REGION=us-east-1 gco-stream replay --endpoint chat

    Example: REGION=us-east-1 gco-stream replay --from monday.jsonl --offline
    """
    asked = _Asked(
        start=read_start(start),
        names=frozenset(endpoint or ()),
        applies=apply,
        is_sure=yes,
        is_offline=offline,
        arn=stream_arn,
        shows_secrets=show_secrets,
    )
    finish(_replay(asked, shape))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked for.

    Raises:
        Unable: It does not go together.
    """

    start: Start
    names: frozenset[str]
    applies: bool
    is_sure: bool
    is_offline: bool
    arn: str | None
    shows_secrets: bool

    def __post_init__(self) -> None:
        is_file = isinstance(self.start, Path)
        if self.start is End.NEWEST:
            raise wrong_usage("--from is 'latest': there is nothing after that to replay")
        if self.is_offline and not is_file:
            raise wrong_usage("--offline needs a capture: --from FILE")
        if self.is_offline and self.applies:
            raise wrong_usage("--offline and --apply: there is no cluster to change")
        if self.arn is not None and is_file:
            raise wrong_usage("--stream-arn and --from FILE: the records come from one of them")


async def _replay(asked: _Asked, shape: Shape) -> Exit:
    settings = read_settings(os.environ)
    with told_if_interrupted(lambda: "nothing was changed"):
        replayed, is_whole = await _replayed(asked, settings)
    _print(replayed if asked.shows_secrets else [one.without_secrets() for one in replayed], shape)
    return Exit.FINE if is_whole and all(one.is_fine for one in replayed) else Exit.NO


async def _replayed(asked: _Asked, settings: Settings) -> tuple[Sequence[Replayed], bool]:
    """Read the records and plan; and say whether all of the records were understood."""
    from gco_stream.shell.world import connected

    retold = await retell(asked.start, settings, arn=asked.arn)
    absent = sorted(asked.names - {history.name for history in retold.histories})
    if absent:
        raise Unable(f"no record is about {', '.join(absent)}", hint="without --endpoint, all are shown")
    chosen = [history for history in retold.histories if not asked.names or history.name in asked.names]
    if asked.is_offline:
        return await _offline(retold.histories, chosen, settings), retold.is_whole
    async with connected(settings) as world:
        return await _live(chosen, settings, world, asked), retold.is_whole


async def _offline(told: Sequence[History], chosen: Sequence[History], settings: Settings) -> Sequence[Replayed]:
    """Plan for endpoints as their last images have them; one without a readable image has no plan."""
    from gco_stream.app import scope_of

    table = {history.name: history.item for history in told if history.item}
    desk = PlanningDesk(EmptyCluster(), SystemClock(), scope_of(settings), claims_of(table.values(), settings.region))
    known = [history.name for history in chosen if history.item is not None]
    planned = {one.name: one for one in await plan_all({name: table.get(name) for name in known}, desk)}
    return [
        Replayed(history=history, planned=planned.get(history.name), is_gone=history.item == {}) for history in chosen
    ]


async def _live(chosen: Sequence[History], settings: Settings, world: World, asked: _Asked) -> Sequence[Replayed]:
    """Plan for the endpoints that a record makes a controller look at, from the table as it is now."""
    from gco_stream.app import scope_of
    from gco_stream.cli.carrying_out import carried_out, carry_out, warnings_told

    names = [history.name for history in chosen if history.looks]
    table = await _table(world)
    desk = PlanningDesk(world.cluster, world.clock, scope_of(settings), claims_of(table.values(), settings.region))
    planned = {one.name: one for one in await plan_all({name: table.get(name) for name in names}, desk)}
    outcomes: Mapping[EndpointName, Outcome] = {}
    if asked.applies:
        await _confirm(planned.values(), is_sure=asked.is_sure)
        with warnings_told():
            outcomes = await carry_out(names, settings, world)
        with told_if_interrupted(lambda: f"{carried_out(outcomes, len(names))}, and not looked at afterwards"):
            table = await _table(world)
    return [
        Replayed(
            history=history,
            planned=planned.get(history.name),
            is_gone=history.name not in table,
            outcome=outcomes.get(history.name),
            status=status_in(table.get(history.name) or {}, settings.region) if asked.applies else {},
        )
        for history in chosen
    ]


async def _confirm(planned: Collection[Planned], *, is_sure: bool) -> None:
    """Show in short what would be done, and ask, where anything would."""
    changing = [one for one in planned if one.previews]
    if not changing:
        return
    for one in () if is_sure else changing:
        for shown in one.previews:
            tell(f"{one.name}: {verb_of(shown)} {shown.key}: {shown.why}")
    await confirm(f"carry this out for {len(changing)} of {len(planned)} endpoints", is_sure=is_sure)


async def _table(world: World) -> Mapping[EndpointName, Item]:
    return {item["endpoint_name"]: item async for page in world.records.scan() for item in page}


def _print(replayed: Sequence[Replayed], shape: Shape) -> None:
    if not shape.is_text:
        print_document([one.as_map() for one in replayed], shape)
        return
    for one in replayed:
        print_replayed(one, shape)
    summarise_replayed(replayed, shape)
