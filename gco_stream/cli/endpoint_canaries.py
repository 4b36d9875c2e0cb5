"""``gco-stream endpoint canary|promote|rollback``: a second version beside an endpoint, and its two ends."""

from typing import Annotated

import typer

from gco_stream.cli.arguments import LONGEST_WAIT, Name, Timeout, Wait
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.endpoint_changes import change_record
from gco_stream.cli.surroundings import Desk
from gco_stream.cli.telling import Unable, tell
from gco_stream.core.canary_changes import promoted, rolled_back, unready_canaries, with_canary
from gco_stream.core.models import Item
from gco_stream.core.writing import Change


@command
def canary(  # noqa: PLR0913, PLR0917 - the options are the command
    shape: Shape,
    name: Name,
    image: Annotated[
        str | None, typer.Argument(metavar="[IMAGE]", help="The canary's image; of one that there is, may be left out.")
    ] = None,
    weight: Annotated[
        int | None, typer.Option(metavar="PERCENT", help="Its share of the traffic, 1 to 99. [default: 10]")
    ] = None,
    replicas: Annotated[int | None, typer.Option(metavar="N", help="How many pods it has. [default: 1]")] = None,
    wait: Wait = False,
    timeout: Timeout = LONGEST_WAIT,
) -> None:
    """Run a second version beside an endpoint for a share of its traffic, or change the one that there is.

    It gets its share once it is ready. `promote` makes the endpoint what it is, `rollback` ends it.

    Example: gco-stream endpoint canary chat vllm/vllm-openai:v0.21.0 --weight 5 --wait

    Example: gco-stream endpoint canary chat --weight 50
    """

    def make(desk: Desk, item: Item) -> Change:
        return with_canary(item, image, weight=weight, replicas=replicas, now=desk.clock.now())

    finish(change_record(name, make, _said(weight, image), shape, wait_seconds=timeout if wait else None))


def _said(weight: int | None, image: str | None) -> str:
    of = f" of {image}" if image else ""
    return f"canary{of} set" + (f" to {weight} %" if weight is not None else "")


@command
def promote(shape: Shape, name: Name, wait: Wait = False, timeout: Timeout = LONGEST_WAIT) -> None:
    """Let an endpoint become what its canary is; the canary serves until it has, and then goes.

    Example: gco-stream endpoint promote chat --wait
    """

    def make(desk: Desk, item: Item) -> Change:
        change = _of_canary(promoted(item, now=desk.clock.now()), item)
        for region in unready_canaries(item):
            tell(f"note: {name}: {region} reports no ready replica of the canary")
        return change

    finish(change_record(name, make, "canary promoted", shape, wait_seconds=timeout if wait else None))


@command
def rollback(shape: Shape, name: Name, wait: Wait = False, timeout: Timeout = LONGEST_WAIT) -> None:
    """End an endpoint's canary: it loses its traffic first, then its pods.

    Example: gco-stream endpoint rollback chat --wait
    """

    def make(desk: Desk, item: Item) -> Change:
        return _of_canary(rolled_back(item, now=desk.clock.now()), item)

    finish(change_record(name, make, "canary ended", shape, wait_seconds=timeout if wait else None))


def _of_canary(change: Change | None, item: Item) -> Change:
    if change is None:
        name = item["endpoint_name"]
        raise Unable(f"{name} has no canary", hint=f"`gco-stream endpoint canary {name} IMAGE` begins one")
    return change
