"""``gco-stream endpoint show|list``: records for people and for programs."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from gco_stream.cli.arguments import Name
from gco_stream.cli.command import Shape, command, finish
from gco_stream.cli.printing import print_document, print_line, print_table, to_yaml
from gco_stream.cli.surroundings import open_desk
from gco_stream.core.models import Item
from gco_stream.core.record import statuses_in
from gco_stream.core.spec import EndpointSpec

_COLUMNS = ("NAME", "DESIRED", "REGION", "STATE", "READY", "PUBLISHED", "IMAGE", "LAST CHANGE", "REASON")
# What is left out first where a terminal is narrow; the reason is shortened before it goes, too.
_LEAST = ("IMAGE", "PUBLISHED", "LAST CHANGE", "DESIRED", "REASON", "READY", "REASON", "REGION", "STATE")
_DETAILS = ("REGION", "STATE", "READY", "PUBLISHED", "LAST CHANGE", "REASON")
_LEAST_DETAILS = ("PUBLISHED", "LAST CHANGE", "REASON", "READY", "REASON", "STATE")
_FIRST = ("endpoint_name", "desired_state", "target_regions", "namespace", "ingress_path", "labels", "spec")
_TIME = len("2026-05-20T09:30:00")


@command
def show(
    shape: Shape,
    name: Name,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Show values of env in text, too.")] = False,
) -> None:
    """Show one record and how its regions are; as JSON or YAML it is complete.

    Example: gco-stream endpoint show chat -o yaml
    """
    finish(_show(name, shape, show_secrets=show_secrets))


@command
def list_all(shape: Shape) -> None:
    """List all records, a line for each target region.

    Example: gco-stream endpoint list -o json
    """
    finish(_list(shape))


async def _show(name: str, shape: Shape, *, show_secrets: bool) -> None:
    async with open_desk() as desk:
        item = _ordered(await desk.read(name))
    if not shape.is_text:
        print_document(item, shape)
        return
    told = {key: value for key, value in item.items() if key != "region_status"}
    print_line(to_yaml(told if show_secrets else _without_env(told)), shape)
    print_table(_DETAILS, _regions(item), shape, least=_LEAST_DETAILS, sentence="REASON")
    for region, status in sorted(_statuses(item).items()):
        if status.get("error"):
            print_line(f"\n{region}: {status['error']}", shape)


async def _list(shape: Shape) -> None:
    async with open_desk() as desk:
        items = [_ordered(item) for item in await desk.writer.all()]
    if not shape.is_text:
        print_document(items, shape)
    elif items:
        print_table(_COLUMNS, (row for item in items for row in _rows(item)), shape, least=_LEAST, sentence="REASON")
    else:
        print_line("no endpoints", shape)


def _ordered(item: Item) -> Item:
    """Return a record in one order of its fields, since a table has none."""
    fields = [*(field for field in _FIRST if field in item), *sorted(item.keys() - set(_FIRST))]
    spec = item.get("spec")
    known = [*EndpointSpec.model_fields, *sorted(spec)] if isinstance(spec, Mapping) else []
    ordered = {"spec": {key: spec[key] for key in known if key in spec}} if isinstance(spec, Mapping) else {}
    return {field: item[field] for field in fields} | ordered


def _rows(item: Item) -> Iterator[tuple[object, ...]]:
    spec = item.get("spec")
    image = spec.get("image") if isinstance(spec, Mapping) else None
    for region, state, ready, published, changed, reason in _regions(item):
        wanted = (item["endpoint_name"], item.get("desired_state"))
        yield (*wanted, region, state, ready, published, image, changed, reason)


def _regions(item: Item) -> list[tuple[object, ...]]:
    statuses = _statuses(item)
    targets = item.get("target_regions")
    regions = {str(region) for region in targets} if isinstance(targets, list | set) else set()
    return [_row(region, statuses.get(region, {})) for region in sorted(regions | statuses.keys())] or [_row("", {})]


def _row(region: str, status: Mapping[str, Any]) -> tuple[object, ...]:
    ready = f"{status.get('replicas_ready', 0)}/{status.get('replicas_desired', 0)}" if status else None
    changed = str(status.get("last_sync") or "")[:_TIME]
    return (region, status.get("state"), ready, status.get("published"), changed, status.get("reason"))


def _statuses(item: Item) -> dict[str, Mapping[str, Any]]:
    return {region: status for region, status in statuses_in(item).items() if isinstance(status, Mapping)}


def _without_env(item: Item) -> Item:
    spec = item.get("spec")
    variables = spec.get("env") if isinstance(spec, Mapping) else None
    if not isinstance(spec, Mapping) or not isinstance(variables, Mapping):
        return item
    return {**item, "spec": {**spec, "env": dict.fromkeys(variables, "(hidden)")}}
