"""``gco-stream endpoint create|apply``: records from options and files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gco_stream.cli.arguments import LONGEST_WAIT, Records, Timeout, Wait, seconds, variables
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.confirming import Yes, confirm
from gco_stream.cli.documents import records_in
from gco_stream.cli.endpoint_changes import check, write
from gco_stream.cli.printing import print_document, print_line
from gco_stream.cli.surroundings import Desk, open_desk
from gco_stream.cli.telling import Unable, tell, wrong_usage
from gco_stream.cli.waiting import follow
from gco_stream.core.models import EndpointName, Item
from gco_stream.core.record import DesiredState
from gco_stream.core.writing import a_new_record, applied, dormant_problems, problems_of, unknown_fields
from gco_stream.errors import Conflict, InvalidRecord, Problem

_Wanted = Sequence[Mapping[str, Any]]
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
    wanted = _wanted(name, file, spec, region or ())
    finish(_create(wanted, shape, wait_seconds=timeout if wait else None))


@command
def apply(
    shape: Shape,
    file: Annotated[Path, typer.Option("-f", "--file", metavar="FILE", help="Records as JSON or YAML; '-' is stdin.")],
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


def _wanted(name: str | None, file: Path | None, spec: Mapping[str, Any], regions: Sequence[str]) -> _Wanted:
    if file is None and name is None:
        raise wrong_usage("nothing to create", hint="say NAME and --image, or -f FILE")
    found = records_in(file) if file is not None else [{}]
    if len(found) > 1 and (name or spec or regions):
        raise wrong_usage(f"{file} holds {len(found)} records: NAME and options are for one")
    wanted = [_with_options(record, name, spec, regions) for record in found]
    names = [record.get("endpoint_name") for record in wanted]
    doubled = sorted({str(one) for one in names if names.count(one) > 1})
    if doubled:
        raise wrong_usage(f"{file} holds more than one record of {', '.join(doubled)}")
    return wanted


def _with_options(
    record: Mapping[str, Any], name: str | None, spec: Mapping[str, Any], regions: Sequence[str]
) -> Mapping[str, Any]:
    if name and record.get("endpoint_name", name) != name:
        raise wrong_usage(f"the file's endpoint_name is {record['endpoint_name']!r}, not {name!r}")
    changed: dict[str, Any] = {**record, **({"endpoint_name": name} if name else {})}
    if spec:
        inner = record.get("spec")
        changed["spec"] = {**(inner if isinstance(inner, Mapping) else {}), **spec}
    return {**changed, **({"target_regions": list(regions)} if regions else {})}


def _new(desk: Desk, wanted: Mapping[str, Any]) -> Item:
    return a_new_record(
        wanted, namespace=desk.settings.namespace, regions=[desk.home] if desk.home else [], now=desk.clock.now()
    )


def _checked(desk: Desk, items: Sequence[Item]) -> None:
    """Check all records before the first is written."""
    problems = [
        Problem(f"{item.get('endpoint_name') or '?'}: {problem.field}", problem.value, problem.expected)
        for item in items
        for problem in problems_of(item, desk.scope(item))
    ]
    if problems:
        raise InvalidRecord(problems)
    for item in items:
        for field in unknown_fields(item):
            tell(f"note: {item['endpoint_name']}: {field} is kept, but no controller knows it")
        for problem in dormant_problems(item, desk.scope(item)):
            tell(f"note: {item['endpoint_name']}: with autoscaling on this would be wrong: {problem}")


async def _create(wanted: _Wanted, shape: Shape, *, wait_seconds: float | None) -> None:
    async with open_desk() as desk:
        items = [_new(desk, one) for one in wanted]
        _checked(desk, items)
        late = [i for i in items if i["desired_state"] not in (DesiredState.DEPLOYING, DesiredState.RUNNING)]
        if late:
            raise wrong_usage(f"{late[0]['endpoint_name']}: a new record is 'deploying'; leave desired_state out")
        made = [await _put(desk, item, shape) for item in items]
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
    async with open_desk() as desk:
        there = [await _read(desk, one) for one in wanted]
        _checked(
            desk,
            [_new(desk, one) if item is None else {**item, **one} for one, item in zip(wanted, there, strict=True)],
        )
        await _confirm_deletions(wanted, there, is_sure=is_sure)
        written = [await _applied(desk, one, item, shape) for one, item in zip(wanted, there, strict=True)]
        await _end(desk, written, shape, wait_seconds=wait_seconds)


async def _confirm_deletions(wanted: _Wanted, there: Sequence[Item | None], *, is_sure: bool) -> None:
    deleted = [
        str(one.get("endpoint_name"))
        for one, item in zip(wanted, there, strict=True)
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
