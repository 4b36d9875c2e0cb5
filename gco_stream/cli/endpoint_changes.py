"""``gco-stream endpoint scale|stop|start|delete|set-image``: changes of one record."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from gco_stream.cli.arguments import LONGEST_WAIT, Name, Timeout, Wait, seconds
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.confirming import Yes, confirm
from gco_stream.cli.interrupting import Ledger, told_if_interrupted
from gco_stream.cli.printing import print_document, print_line
from gco_stream.cli.surroundings import Desk, open_desk
from gco_stream.cli.telling import tell
from gco_stream.cli.waiting import follow
from gco_stream.core.interruption import NO_SERVER, interrupts
from gco_stream.core.manifests import render
from gco_stream.core.models import Item, Kind
from gco_stream.core.record import DesiredState, read_endpoint, regions_of
from gco_stream.core.writing import Change, problems_of, scaled, told, with_image
from gco_stream.errors import Conflict, InvalidRecord

_Made = Callable[[Desk, Item], Change | None]
_Asks = Callable[[Change], Awaitable[None]]


@command
def scale(
    shape: Shape,
    name: Name,
    replicas: Annotated[
        int, typer.Argument(metavar="REPLICAS", min=0, max=10_000, help="How many; 0 is a count, too.")
    ],
    wait: Wait = False,
    timeout: Timeout = LONGEST_WAIT,
) -> None:
    """Set the replica count, and nothing else.

    Example: gco-stream endpoint scale chat 3 --wait
    """

    def make(desk: Desk, item: Item) -> Change:
        return scaled(item, replicas, now=desk.clock.now())

    finish(change_record(name, make, f"scaled to {replicas}", shape, wait_seconds=timeout if wait else None))


@command
def stop(shape: Shape, name: Name, wait: Wait = False, timeout: Timeout = LONGEST_WAIT) -> None:
    """Stop an endpoint: it keeps its configuration and has no pods.

    Example: gco-stream endpoint stop chat --wait
    """
    _tell_state(shape, name, DesiredState.STOPPED, "stopped", wait_seconds=timeout if wait else None)


@command
def start(shape: Shape, name: Name, wait: Wait = False, timeout: Timeout = LONGEST_WAIT) -> None:
    """Start a stopped endpoint, with as many replicas as its record says.

    Example: gco-stream endpoint start chat --wait
    """
    _tell_state(shape, name, DesiredState.RUNNING, "started", wait_seconds=timeout if wait else None)


@command
def delete(shape: Shape, name: Name, yes: Yes = False, wait: Wait = False, timeout: Timeout = LONGEST_WAIT) -> None:
    """Delete an endpoint; its record goes once nothing of it is left in any region.

    It asks first. `stop` keeps the record, and `start` brings everything back.

    Example: gco-stream endpoint delete chat --yes --wait
    """

    async def is_meant(change: Change) -> None:
        await confirm(deletion_of(change), is_sure=yes or change.before.get("desired_state") == DesiredState.DELETED)

    _tell_state(
        shape, name, DesiredState.DELETED, "marked for deletion", wait_seconds=timeout if wait else None, asks=is_meant
    )


def deletion_of(change: Change) -> str:
    """Say what a deletion takes away."""
    regions = ", ".join(sorted(regions_of(change.before) or ())) or "every region"
    return f"delete {change.before['endpoint_name']}: its objects in {regions}, and then its record"


@command
def set_image(
    shape: Shape,
    name: Name,
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="The new image.")],
    wait: Wait = False,
    timeout: Timeout = LONGEST_WAIT,
) -> None:
    """Run another image.

    Example: gco-stream endpoint set-image chat vllm/vllm-openai:v0.21.0 --wait
    """

    def make(desk: Desk, item: Item) -> Change:
        return with_image(item, image, now=desk.clock.now())

    finish(change_record(name, make, f"image set to {image}", shape, wait_seconds=timeout if wait else None))


def _tell_state(
    shape: Shape,
    name: str,
    state: DesiredState,
    done: str,
    *,
    wait_seconds: float | None,
    asks: _Asks | None = None,
) -> None:
    def make(desk: Desk, item: Item) -> Change:
        return told(item, state, now=desk.clock.now())

    finish(change_record(name, make, done, shape, wait_seconds=wait_seconds, asks=asks))


async def change_record(
    name: str, make: _Made, done: str, shape: Shape, *, wait_seconds: float | None = None, asks: _Asks | None = None
) -> None:
    """Change a record as somebody wants it, if it is then one that can be understood.

    Args:
        make: Makes the change from the record as it is; None: it is so already.
        done: What is said of it.
        asks: Asks whether it is meant.
    """
    ledger = Ledger([name])
    with told_if_interrupted(ledger.__str__):
        async with open_desk() as desk:
            before = await desk.read(name)
            change = make(desk, before)
            if change is not None:
                check(desk, change)
                await (asks(change) if asks is not None else _nobody())
            with ledger.writing():
                written = before if change is None else await write(desk, change)
            if shape.is_text:
                print_line(f"{name}: {'unchanged, it is so already' if change is None else done}", shape)
            if wait_seconds is not None:
                await follow(desk, written, longest=seconds(wait_seconds))
                written = await desk.writer.get(written["endpoint_name"]) or written
            if not shape.is_text:
                print_document(written, shape)


async def _nobody() -> None:
    """Ask nobody."""


def check(desk: Desk, change: Change) -> None:
    """Check what a record would become, if it is to run at all: a broken one must still be stopped and deleted.

    Raises:
        InvalidRecord: With every problem.
    """
    after = change.after
    if after.get("desired_state") in (DesiredState.STOPPED, DesiredState.DELETED):
        return
    problems = problems_of(after, desk.scope(after))
    if problems:
        raise InvalidRecord(problems)
    for note in _notes(desk, change):
        tell(f"note: {note}")


async def write(desk: Desk, change: Change) -> Item:
    """Write a change.

    Raises:
        Conflict: The record has been changed since it was read; nothing is written.
    """
    try:
        return await desk.writer.change(change)
    except Conflict as conflict:
        name = change.before["endpoint_name"]
        raise Conflict(f"{name} was changed or removed by somebody else in this moment: nothing written") from conflict


def _notes(desk: Desk, change: Change) -> tuple[str, ...]:
    scope = desk.scope(change.after)
    endpoint = read_endpoint(change.after, scope)
    notes = []
    was = change.before.get("desired_state")
    if was in (DesiredState.STOPPED, DesiredState.DELETED) and ("spec",) in change.sets:
        notes.append(f"it was {was}: it is started with this")
    if ("spec", "replicas") in change.sets and endpoint.spec.autoscaled:
        notes.append("autoscaling is on: the autoscaler owns the count, this is only where it starts from")
    before = change.before.get("spec")
    image = before.get("image") if isinstance(before, dict) else None
    deployments = render(endpoint, scope, replicas=endpoint.spec.replicas)
    is_cut = any(key.kind is Kind.DEPLOYMENT and interrupts(made) for key, made in deployments.items())
    if image != endpoint.spec.image and endpoint.spec.gpu_count and is_cut:
        notes.append(NO_SERVER)
    return tuple(notes)
