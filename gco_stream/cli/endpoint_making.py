"""``gco-stream endpoint create|apply``: records from options and files."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from gco_stream.cli.arguments import LONGEST_WAIT, NeededRecords, Records, Timeout, Wait, seconds, variables
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.confirming import Yes, confirm
from gco_stream.cli.documents import Written, records_in
from gco_stream.cli.endpoint_changes import check, write
from gco_stream.cli.interrupting import Ledger, told_if_interrupted
from gco_stream.cli.printing import print_document, print_line
from gco_stream.cli.surroundings import Desk, open_desk
from gco_stream.cli.telling import AllWrong, Unable, problems_told, tell, wrong_usage
from gco_stream.cli.waiting import follow
from gco_stream.core.models import EndpointName, Item
from gco_stream.core.record import DesiredState
from gco_stream.core.writing import a_new_record, applied, dormant_problems, problems_of, unknown_fields
from gco_stream.errors import Conflict, InvalidSettings, Transient

_Name = Annotated[str | None, typer.Argument(metavar="NAME", help="The endpoint; a file may name it, too.")]


@command
def create(  # noqa: PLR0913, PLR0917 - the options are the command
    shape: Shape,
    name: _Name = None,
    file: Records = None,
    image: Annotated[str | None, typer.Option(metavar="IMAGE", help="The server's image.")] = None,
    replicas: Annotated[int | None, typer.Option(metavar="N", help="How many pods. [default: 1]")] = None,
    gpu_count: Annotated[
        int | None, typer.Option(metavar="N", help="Accelerators of each pod, 0 for none. [default: 1]")
    ] = None,
    accelerator: Annotated[str | None, typer.Option(metavar="KIND", help="nvidia or neuron.")] = None,
    port: Annotated[int | None, typer.Option(metavar="PORT", help="The server's port. [default: 8000]")] = None,
    health_check_path: Annotated[str | None, typer.Option(metavar="PATH", help="Where it tells its health.")] = None,
    model_source: Annotated[
        str | None, typer.Option(metavar="URI", help="Where models are copied from: s3://…")
    ] = None,
    env: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable; may be repeated.")] = None,
    arg: Annotated[
        list[str] | None, typer.Option(metavar="ARG", help="An argument of the server; may be repeated.")
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option(metavar="REGION", help="A target region; may be repeated. [default: $REGION]")
    ] = None,
    wait: Wait = False,
    timeout: Timeout = LONGEST_WAIT,
) -> None:
    """Create an endpoint, from options, from a file, or from a file with options that go before it.

    Example: gco-stream endpoint create chat --image vllm/vllm-openai:v0.20.1 --env HF_HUB_OFFLINE=1 --wait

    Example: gco-stream endpoint create -f examples/vllm.json
    """
    given = {
        "image": image,
        "port": port,
        "replicas": replicas,
        "gpu_count": gpu_count,
        "accelerator": accelerator,
        "health_check_path": health_check_path,
        "model_source": model_source,
        "args": arg or None,
        "env": variables(env or ()),
    }
    spec = {key: value for key, value in given.items() if value is not None}
    wanted = _wanted(name, file or (), spec, region or ())
    finish(_create(wanted, shape, wait_seconds=timeout if wait else None))


@command
def apply(
    shape: Shape,
    file: NeededRecords,
    yes: Yes = False,
    wait: Wait = False,
    timeout: Timeout = LONGEST_WAIT,
) -> None:
    """Create the records of a file, or bring those that exist to what it says.

    Fields that the file does not have stay; the spec is replaced whole. What is so already is not written. Where
    it says `desired_state: deleted`, that is asked first.

    Example: gco-stream endpoint apply -f examples/vllm.json --wait
    """
    wanted = _wanted(None, file, {}, ())
    finish(_apply(wanted, shape, is_sure=yes, wait_seconds=timeout if wait else None))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for.

    Attributes:
        complaints: What is wrong with it already; then nothing is written.
    """

    records: Sequence[Written]
    complaints: Sequence[str]

    def names(self) -> Sequence[str]:
        """Return what messages call each."""
        return [str(one.record.get("endpoint_name") or one.where) for one in self.records]


def _wanted(name: str | None, files: Sequence[Path], spec: Mapping[str, Any], regions: Sequence[str]) -> _Wanted:
    if not files and name is None:
        raise wrong_usage("nothing to create", hint="say NAME and --image, or -f FILE")
    found, complaints = records_in(files) if files else ([Written("NAME", {})], ())
    if len(found) > 1 and (name or spec or regions):
        of = files[0] if len(files) == 1 else "what -f names"
        alone = [f"{of} holds {len(found)} records: NAME and options are for one"]
        return _Wanted(found, [*complaints, *alone, *_doubled(found)])
    strange = [
        f"{one.where}: its endpoint_name is {one.record['endpoint_name']!r}, not {name!r}"
        for one in found
        if name and one.record.get("endpoint_name", name) != name
    ]
    records = [Written(one.where, _with_options(one.record, name, spec, regions)) for one in found]
    return _Wanted(records, [*complaints, *strange, *_doubled(records)])


def _doubled(records: Sequence[Written]) -> Iterator[str]:
    first: dict[str, str] = {}
    for one in records:
        name = one.record.get("endpoint_name")
        if not isinstance(name, str) or name not in first:
            first[str(name)] = one.where
        else:
            yield f"{one.where}: more than one record of {name}: the first is in {first[name]}"


def _with_options(
    record: Mapping[str, Any], name: str | None, spec: Mapping[str, Any], regions: Sequence[str]
) -> Mapping[str, Any]:
    changed: dict[str, Any] = {**record, **({"endpoint_name": name} if name else {})}
    if spec:
        inner = record.get("spec")
        changed["spec"] = {**(inner if isinstance(inner, Mapping) else {}), **spec}
    return {**changed, **({"target_regions": list(regions)} if regions else {})}


def _new(desk: Desk, wanted: Mapping[str, Any]) -> Item:
    return a_new_record(
        wanted, namespace=desk.settings.namespace, regions=[desk.home] if desk.home else [], now=desk.clock.now()
    )


def _checked(desk: Desk, items: Sequence[Item], wanted: _Wanted) -> None:
    """Check all records before the first is written.

    Raises:
        AllWrong: With every problem, and what was wrong before.
    """
    problems = [
        f"{name}: {problem}"
        for name, item in zip(wanted.names(), items, strict=True)
        for problem in problems_of(item, desk.scope(item))
    ]
    if problems or wanted.complaints:
        raise AllWrong([*wanted.complaints, *problems])
    for item in items:
        for field in unknown_fields(item):
            tell(f"note: {item['endpoint_name']}: {field} is kept, but no controller knows it")
        for problem in dormant_problems(item, desk.scope(item)):
            tell(f"note: {item['endpoint_name']}: with autoscaling on this would be wrong: {problem}")


@asynccontextmanager
async def _desk_for(wanted: _Wanted) -> AsyncIterator[tuple[Desk, Ledger]]:
    """Open the table; where it cannot be, what is wrong with the records is told all the same.

    Raises:
        AllWrong: Something is wrong with what is asked for, and something else in the way of finding out more.
    """
    ledger = Ledger(wanted.names())
    try:
        with told_if_interrupted(ledger.__str__):
            async with open_desk() as desk:
                yield desk, ledger
    except (InvalidSettings, Transient) as error:
        if not wanted.complaints:
            raise
        raise AllWrong([*wanted.complaints, *problems_told(error)]) from error


async def _create(wanted: _Wanted, shape: Shape, *, wait_seconds: float | None) -> None:
    async with _desk_for(wanted) as (desk, ledger):
        items = [_new(desk, one.record) for one in wanted.records]
        late = [
            f"{name}: a new record is 'deploying'; leave desired_state out"
            for name, item in zip(wanted.names(), items, strict=True)
            if item["desired_state"] not in (DesiredState.DEPLOYING, DesiredState.RUNNING)
        ]
        _checked(desk, items, replace(wanted, complaints=[*wanted.complaints, *late]))
        made = []
        for item in items:
            with ledger.writing():
                made.append(await _put(desk, item, shape))
        await _end(desk, made, shape, wait_seconds=wait_seconds)


async def _put(desk: Desk, item: Item, shape: Shape) -> Item:
    try:
        made = await desk.writer.create(item)
    except Conflict as conflict:
        name = item["endpoint_name"]
        hint = f"`gco-stream endpoint show {name}` shows it; `apply` and `set-image` change it"
        raise Unable(f"{name} exists already: nothing written of it", hint=hint) from conflict
    _say(made, "created", shape)
    return made


async def _apply(wanted: _Wanted, shape: Shape, *, is_sure: bool, wait_seconds: float | None) -> None:
    async with _desk_for(wanted) as (desk, ledger):
        pairs = [(one.record, await _read(desk, one.record)) for one in wanted.records]
        after = [_new(desk, one) if item is None else {**item, **one} for one, item in pairs]
        _checked(desk, after, wanted)
        await _confirm_deletions(pairs, is_sure=is_sure)
        written = []
        for one, item in pairs:
            with ledger.writing():
                written.append(await _applied(desk, one, item, shape))
        await _end(desk, written, shape, wait_seconds=wait_seconds)


async def _confirm_deletions(pairs: Sequence[tuple[Mapping[str, Any], Item | None]], *, is_sure: bool) -> None:
    deleted = [
        str(one.get("endpoint_name"))
        for one, item in pairs
        if one.get("desired_state") == DesiredState.DELETED != (item or {}).get("desired_state")
    ]
    if deleted:
        await confirm(f"delete {', '.join(deleted)}", is_sure=is_sure)


async def _read(desk: Desk, wanted: Mapping[str, Any]) -> Item | None:
    name = wanted.get("endpoint_name")
    return await desk.writer.get(EndpointName(name)) if isinstance(name, str) and name else None


async def _applied(desk: Desk, wanted: Mapping[str, Any], item: Item | None, shape: Shape) -> Item:
    if item is None:
        return await _put(desk, _new(desk, wanted), shape)
    change = applied(item, wanted, now=desk.clock.now())
    if change is None:
        _say(item, "unchanged", shape)
        return item
    check(desk, change)
    written = await write(desk, change)
    _say(written, "changed", shape)
    return written


def _say(item: Item, what: str, shape: Shape) -> None:
    if shape.is_text:
        print_line(f"{item['endpoint_name']}: {what}", shape)


async def _end(desk: Desk, items: Sequence[Item], shape: Shape, *, wait_seconds: float | None) -> None:
    if wait_seconds is not None:
        for item in items:
            await follow(desk, item, longest=seconds(wait_seconds))
        items = [await desk.writer.get(item["endpoint_name"]) or item for item in items]
    if not shape.is_text:
        print_document(items[0] if len(items) == 1 else items, shape)
