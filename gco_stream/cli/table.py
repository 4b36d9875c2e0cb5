"""``gco-stream table``: the DynamoDB table of endpoints."""

from typing import TYPE_CHECKING

import typer

from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.exits import Exit
from gco_stream.cli.printing import print_document, print_line
from gco_stream.cli.surroundings import Desk, open_desk
from gco_stream.cli.telling import Unable, tell
from gco_stream.core.table_shape import VIEW, has_stream, is_on_demand, shape_differences, view_of
from gco_stream.errors import Conflict

if TYPE_CHECKING:
    from gco_stream.shell.tables import Description

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _table() -> None:
    """Make the table of endpoints, and look at it.

    Its name is INFERENCE_ENDPOINTS_TABLE_NAME, its region DYNAMODB_REGION or REGION.
    """


@app.command()
@command
def create(shape: Shape) -> None:
    """Create the table: the right key, on demand, with a stream of new and old images.

    One that exists already is compared and never changed; exit code 1 if it differs.

    Example: DYNAMODB_REGION=us-east-1 gco-stream table create
    """
    finish(_create(shape))


@app.command()
@command
def describe(shape: Shape) -> None:
    """Show the table, and in what it is not as it should be.

    Example: gco-stream table describe -o json
    """
    finish(_describe(shape))


@app.command()
@command
def enable_stream(shape: Shape) -> None:
    """Enable the stream of a table that has none: a table restored from a backup, for one.

    Example: gco-stream table enable-stream
    """
    finish(_enable_stream(shape))


async def _create(shape: Shape) -> Exit:
    async with open_desk() as desk:
        name = desk.settings.table_name
        try:
            made = await desk.tables.create(name)
        except Conflict:
            there = await _described(desk)
            different = _print(desk, there, shape, what="exists already")
            return Exit.NO if different else Exit.FINE
        _print(desk, made, shape, what="created")
        return Exit.FINE


async def _describe(shape: Shape) -> Exit:
    async with open_desk() as desk:
        _print(desk, await _described(desk), shape, what=None)
        return Exit.FINE


async def _enable_stream(shape: Shape) -> Exit:
    async with open_desk() as desk:
        there = await _described(desk)
        if not has_stream(there):
            _print(desk, await desk.tables.enable_stream(desk.settings.table_name), shape, what="stream enabled")
            return Exit.FINE
        if view_of(there) != VIEW:
            message = f"{desk.settings.table_name} has a stream of another view type: {view_of(there)}"
            hint = "a view type cannot be changed: disable the stream, then enable it; controllers resync by themselves"
            raise Unable(message, hint=hint)
        _print(desk, there, shape, what="has its stream already")
        return Exit.FINE


async def _described(desk: Desk) -> "Description":
    found = await desk.tables.describe(desk.settings.table_name)
    if found is None:
        message = f"there is no table {desk.settings.table_name} in {desk.settings.table_region}"
        raise Unable(message, hint="`gco-stream table create` makes it; DYNAMODB_REGION says where")
    return found


def _print(desk: Desk, description: "Description", shape: Shape, *, what: str | None) -> bool:
    """Print a table, and return whether it differs from what it should be."""
    different = tuple(shape_differences(description))
    facts = {
        "table": description["TableName"],
        "region": desk.settings.table_region,
        "status": description.get("TableStatus"),
        "records": description.get("ItemCount"),
        "on_demand": is_on_demand(description),
        "stream": description.get("LatestStreamArn") if has_stream(description) else None,
        "view": view_of(description),
        "differences": list(different),
    }
    if not shape.is_text:
        print_document(facts, shape)
        return bool(different)
    if what is not None:
        print_line(f"{facts['table']} in {facts['region']}: {what}", shape)
    for fact, value in facts.items():
        if fact != "differences" and what is None:
            print_line(f"{fact.replace('_', ' '):10} {'-' if value is None else value}", shape)
    for difference in different:
        tell(difference)
    return bool(different)
