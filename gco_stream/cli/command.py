"""What all commands that print have in common: three options, and one way to end."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any

import typer

from gco_stream.cli.exits import Exit
from gco_stream.cli.telling import errors_told, wrong_usage

FORMATS = ("text", "json", "yaml")
_METAVAR = "|".join(FORMATS)

Output = Annotated[str | None, typer.Option("-o", "--output", metavar=_METAVAR, help="How to print results.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="Print no color; so does NO_COLOR.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say what an error came of, too.")]
_COMMON = (("output", Output, None), ("no_color", NoColor, False), ("verbose", Verbose, False))


@dataclass(frozen=True, slots=True)
class Shape:
    """How results are to be printed.

    Attributes:
        output: ``text``, ``json`` or ``yaml``.
        color: False prints none; True leaves it to the terminal and to ``NO_COLOR``.
    """

    output: str = "text"
    color: bool = True

    @property
    def is_text(self) -> bool:
        """Whether a person reads it."""
        return self.output == "text"


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a function whose first argument is a ``Shape`` a command with ``-o``, ``--no-color`` and ``-v``.

    Each may stand before the command's name, too. Whatever is raised on purpose becomes a line and an exit code.
    """

    @wraps(function)
    def run(ctx: typer.Context, **given: Any) -> None:
        before = ctx.find_root().obj or {}
        said = {name: given.pop(name) or before.get(name) for name, _, _ in _COMMON}
        # Libraries that warn would otherwise do so on stderr, between the lines that are for people.
        logging.basicConfig(handlers=[logging.NullHandler()])
        with errors_told(verbose=bool(said["verbose"])):
            function(_shape(said["output"], is_plain=bool(said["no_color"])), **given)

    kept = list(inspect.signature(function).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    common = [inspect.Parameter(name, keyword, default=value, annotation=kind) for name, kind, value in _COMMON]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [context, *(each.replace(kind=keyword) for each in kept), *common]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _shape(output: str | None, *, is_plain: bool) -> Shape:
    if output is not None and output not in FORMATS:
        raise wrong_usage(f"-o is {output!r}: must be " + " or ".join(f"'{word}'" for word in FORMATS))
    return Shape(output=output or "text", color=not is_plain)


def finish(coroutine: Coroutine[Any, Any, Exit | None]) -> None:
    """Run a command's coroutine to its end, and exit with its code."""
    code = asyncio.run(coroutine)
    if code:
        raise typer.Exit(code)
