"""``gco-stream endpoint``: the records, as every known writer writes them."""

import typer

from gco_stream.cli import (
    endpoint_canaries,
    endpoint_changes,
    endpoint_holds,
    endpoint_making,
    endpoint_regions,
    endpoint_views,
)

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

app.command("create")(endpoint_making.create)
app.command("apply")(endpoint_making.apply)
app.command("show")(endpoint_views.show)
app.command("list")(endpoint_views.list_all)
app.command("scale")(endpoint_changes.scale)
app.command("stop")(endpoint_changes.stop)
app.command("start")(endpoint_changes.start)
app.command("delete")(endpoint_changes.delete)
app.command("set-image")(endpoint_changes.set_image)
app.command("canary")(endpoint_canaries.canary)
app.command("promote")(endpoint_canaries.promote)
app.command("rollback")(endpoint_canaries.rollback)
app.command("add-region")(endpoint_regions.add_region)
app.command("remove-region")(endpoint_regions.remove_region)
app.command("forget-region")(endpoint_regions.forget_region)
app.command("hold")(endpoint_holds.hold)
app.command("release")(endpoint_holds.release)


@app.callback()
def _endpoint() -> None:
    """Write the records of endpoints, and look at them.

    Table and region are those of the controller: INFERENCE_ENDPOINTS_TABLE_NAME, DYNAMODB_REGION or REGION.
    """
