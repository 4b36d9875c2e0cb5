"""All commands."""

from importlib.metadata import version
from typing import Annotated

import typer

from gco_stream.cli import capture, check, endpoint, explain, plan, replay, resync, schema, table, top
from gco_stream.cli import run as controller
from gco_stream.cli.command import NoColor, Output, Verbose
from gco_stream.cli.demo.command import demo

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(endpoint.app, name="endpoint")
app.add_typer(table.app, name="table")
app.command()(plan.plan)
app.command("explain")(explain.explain_endpoint)
app.command()(top.top)
app.command()(check.check)
app.command()(capture.capture)
app.command()(replay.replay)
app.command()(resync.resync)
app.command("schema")(schema.schema)
app.command()(demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gco-stream {version('gco-stream')}")
        raise typer.Exit


@app.callback()
def _gco_stream(
    ctx: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
    output: Output = None,
    no_color: NoColor = False,
    verbose: Verbose = False,
) -> None:
    """Keep a Kubernetes cluster in line with the inference endpoints recorded in a DynamoDB table.

    Exit codes: 0 fine; 1 the answer is no; 2 wrong usage, nothing touched; 3 it could not be found out.
    """
    ctx.obj = {"output": output, "no_color": no_color, "verbose": verbose}


@app.command()
def run() -> None:
    """Run the controller, as in the cluster; its settings come from the environment.

    Example: REGION=us-east-1 CLUSTER_NAME=gco-us-east-1 gco-stream run
    """
    raise typer.Exit(controller.run())
