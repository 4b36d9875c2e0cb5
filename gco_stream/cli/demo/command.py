"""``gco-stream demo``."""

import asyncio
from importlib.util import find_spec
from typing import Annotated

import typer
from rich.console import Console

from gco_stream.cli.command import Shape, command
from gco_stream.cli.telling import wrong_usage

_NEEDED = ("moto", "flask", "flask_cors")
_PATIENCE = 60.0


@command
def demo(
    shape: Shape,
    fast: Annotated[bool, typer.Option("--fast", help="In seconds, without time to read: for scripts.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines alone, without a picture; so it is without a terminal.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running in the end, and say how to use it, until Ctrl-C.")
    ] = False,
    patience: Annotated[
        float, typer.Option("--patience", metavar="SECONDS", min=0, help="How long a scene may take to come about.")
    ] = _PATIENCE,
) -> None:
    """Show the controller at work, on this machine alone: no AWS, no cluster, no account.

    A table with its stream, a small Kubernetes API server and the controller itself are started, and a few endpoints
    live through a story of two minutes: what is written, what the controller decides and why, what comes of it.
    Each scene ends with what must hold; exit code 1 if it does not. Nothing is left behind, however it ends.

    Example: gco-stream demo --keep
    """
    if not shape.is_text:
        raise wrong_usage("-o is for commands that print objects: the demo tells a story")
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        hint = "pip install 'gco-stream[demo]', or `make setup` in a checkout"
        raise wrong_usage(f"the demo needs what is not installed: {', '.join(missing)}", hint=hint)
    console = Console(no_color=True if not shape.color else None, highlight=False, emoji=False, markup=False)
    from gco_stream.cli.demo.showing import Wanted, show

    wanted = Wanted(fast=fast, is_live=console.is_terminal and not plain, keep=keep, patience=patience)
    code = asyncio.run(show(console, wanted))
    if code:
        raise typer.Exit(code)
