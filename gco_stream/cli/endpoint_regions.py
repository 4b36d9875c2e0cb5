"""``gco-stream endpoint add-region|remove-region|forget-region``: where an endpoint runs."""

from typing import Annotated

import typer

from gco_stream.cli.arguments import LONGEST_WAIT, Name, Timeout, Wait
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.confirming import Yes, confirm
from gco_stream.cli.endpoint_changes import change_record
from gco_stream.cli.surroundings import Desk
from gco_stream.cli.telling import wrong_usage
from gco_stream.core.models import Item
from gco_stream.core.region_changes import forgotten, with_region, without_region
from gco_stream.core.writing import Change
from gco_stream.settings import is_region

_Region = Annotated[str, typer.Argument(metavar="REGION", help="An AWS region, such as eu-west-1.")]


@command
def add_region(shape: Shape, name: Name, region: _Region, wait: Wait = False, timeout: Timeout = LONGEST_WAIT) -> None:
    """Run an endpoint in one more region.

    Example: gco-stream endpoint add-region chat eu-west-1 --wait
    """
    if not is_region(region):
        raise wrong_usage(f"REGION is {region!r}: must be a region such as 'us-east-1'")

    def make(desk: Desk, item: Item) -> Change | None:
        return with_region(item, region, now=desk.clock.now())

    finish(change_record(name, make, f"to run in {region}", shape, wait_seconds=timeout if wait else None))


@command
def remove_region(
    shape: Shape, name: Name, region: _Region, wait: Wait = False, timeout: Timeout = LONGEST_WAIT
) -> None:
    """Run an endpoint in one region less: its objects there are taken away; `add-region` brings them back.

    Example: gco-stream endpoint remove-region chat eu-west-1 --wait
    """

    def make(desk: Desk, item: Item) -> Change | None:
        return without_region(item, region, now=desk.clock.now())

    finish(change_record(name, make, f"no more to run in {region}", shape, wait_seconds=timeout if wait else None))


@command
def forget_region(shape: Shape, name: Name, region: _Region, yes: Yes = False) -> None:
    """Drop what a region has reported that is there no more, so that it blocks neither promotion nor purge for ever.

    Only where no controller runs any more: of a region whose controller is alive, what still stands there would lose
    its record before it is gone. A region that is still a target is not forgotten: `remove-region` comes first.

    Example: gco-stream endpoint forget-region chat ap-south-1
    """

    def make(desk: Desk, item: Item) -> Change | None:
        return forgotten(item, region)

    async def is_meant(change: Change) -> None:
        question = f"forget what {region} said of {name}, where no controller runs any more"
        await confirm(question, is_sure=yes)

    finish(change_record(name, make, f"{region} forgotten", shape, asks=is_meant))
