"""The commands. The only place that reads the environment and sets exit codes."""

from importlib.metadata import version
from typing import Annotated

import typer

from gco_stream.cli import run as controller

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gco-stream {version('gco-stream')}")
        raise typer.Exit


@app.callback()
def _gco_stream(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Keep a Kubernetes cluster in line with the inference endpoints recorded in a DynamoDB table."""


@app.command()
def run() -> None:
    """Run the controller, as in the cluster; its settings come from the environment.

    Example: REGION=us-east-1 CLUSTER_NAME=gco-us-east-1 gco-stream run
    """
    raise typer.Exit(controller.run())
