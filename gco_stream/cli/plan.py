"""``gco-stream plan``: what the controller would change now."""

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.completing import endpoint_names
from gco_stream.cli.exits import Exit
from gco_stream.cli.planning import PlanningDesk, claims_of, plan_all, print_plan, summarise
from gco_stream.cli.printing import print_document
from gco_stream.cli.telling import Unable
from gco_stream.core.claims import Claims
from gco_stream.core.models import Item
from gco_stream.settings import Settings, read_settings


@command
def plan(
    shape: Shape,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Which endpoints; else all.", autocompletion=endpoint_names),
    ] = None,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Show the values of containers' env.")] = False,
) -> None:
    """Show what the controller would change now, object by object; nothing is changed.

    The environment is that of `gco-stream run`. Exit code 0: nothing would change; 1: something would, or a record
    cannot be carried out; 3: it could not be found out.

    Example: REGION=us-east-1 gco-stream plan chat
    """
    finish(_plan(names or [], shape, show_secrets=show_secrets))


async def _plan(names: Sequence[str], shape: Shape, *, show_secrets: bool) -> Exit:
    from gco_stream.app import scope_of
    from gco_stream.shell.world import connected

    settings = read_settings(os.environ)
    items, claims = await _items(settings, names)
    async with connected(settings) as world:
        desk = PlanningDesk(world.cluster, world.clock, scope_of(settings), claims)
        planned = await plan_all({item["endpoint_name"]: item for item in items}, desk)
    if not show_secrets:
        planned = [one.without_secrets() for one in planned]
    if shape.is_text:
        for one in planned:
            print_plan(one, shape)
        summarise(planned, shape)
    else:
        print_document([one.as_map() for one in planned], shape)
    return Exit.FINE if all(one.is_in_step for one in planned) else Exit.NO


async def _items(settings: Settings, names: Sequence[str]) -> tuple[Sequence[Item], Claims]:
    """Read the records that are asked for, and what all of them lay claim to.

    Raises:
        Unable: One does not exist.
    """
    from gco_stream.shell.writing import RecordWriter, table_client

    async with table_client(settings.table_region) as client:
        items = await RecordWriter(client, settings.table_name).all()
    wanted = set(filter(None, names))
    absent = sorted(wanted - {item["endpoint_name"] for item in items})
    if absent:
        raise Unable(f"there is no endpoint {', '.join(absent)}", hint="`gco-stream endpoint list` shows all")
    return [item for item in items if not wanted or item["endpoint_name"] in wanted], claims_of(items, settings.region)
