"""The story as lines, for terminals that scroll and for files."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gco_stream.cli.demo.scenes import Check, Problem, Scene
from gco_stream.cli.demo.sight import Sight
from gco_stream.cli.demo.told import Source, Told

_STYLES: Mapping[Source, str] = {
    Source.TABLE: "bold cyan",
    Source.BY_HAND: "bold yellow",
    Source.CONTROLLER: "green",
    Source.CLUSTER: "magenta",
}
_NAMES = 6


class Transcript:
    """Writes down what happens, one thing after the other."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def says(self, text: str, style: str = "dim") -> None:
        """Write a line that belongs to no scene."""
        self.console.print(Text(text, style=style), soft_wrap=True)

    def goes_on(self) -> None:
        """Write down that the story is over, and everything goes on."""
        self.says("\nEverything goes on until Ctrl-C. In another shell:\n", style="bold")

    def begins(self, number: int, of: int, scene: Scene) -> None:
        """Write down that a scene begins."""
        self.console.print()
        self.console.rule(Text(f"{number}/{of}  {scene.title}", style="bold"), align="left", style="blue")
        self._indented(Text(scene.tells, style="italic"))
        for command in scene.commands:
            self._indented(Text.assemble(("$ ", "dim"), (command, "bold")))

    def tells(self, told: Sequence[Told], since: datetime) -> None:
        """Write down what was told of."""
        if not self.console.is_terminal:
            for one in told:
                words = (_after(one, since), f"{one.source:<10}", f"{one.endpoint:<{_NAMES}}", one.text)
                self.console.print(Text(" ".join(words)), soft_wrap=True)
            return
        grid = Table.grid(padding=(0, 1, 0, 0))
        for width in (8, 10, _NAMES):
            grid.add_column(width=width, no_wrap=True)
        grid.add_column(overflow="fold")
        for one in told:
            text = Text(one.text, style="yellow" if one.is_trouble else "")
            if one.may_be_cut:
                text = Text(one.text, no_wrap=True, overflow="ellipsis")
            grid.add_row(Text(_after(one, since), "dim"), Text(one.source, _STYLES[one.source]), one.endpoint, text)
        self.console.print(grid)

    def sees(self, seen: Sight, checks: Sequence[tuple[Check, bool]]) -> None:
        """Write nothing: what is new in it was told of."""

    def holds(self, scene: Scene, seconds: float) -> None:
        """Write down that all checks of a scene hold."""
        for check in scene.checks:
            self._indented(Text.assemble(("✓ ", "bold green"), check.text))
        if scene.untouched:
            *others, last = scene.untouched
            names = f"{', '.join(others)} and {last} were" if others else f"{last} was"
            self._indented(Text.assemble(("✓ ", "bold green"), f"{names} published all the time"))
        self._indented(Text(f"after {seconds:.2f} s", style="bold green"))

    def fails(self, scene: Scene, problems: Sequence[Problem]) -> None:
        """Write down why a scene has failed; what was seen last is told after it."""
        self._indented(Text.assemble(("✗ ", "bold red"), (scene.title, "bold")))
        for problem in problems:
            self._indented(Text(f"expected {problem.expected}"))
            self._indented(Text(f"seen: {problem.seen}"))
        self._indented(Text("last seen:", style="bold"))

    def _indented(self, text: Text) -> None:
        if self.console.is_terminal:
            self.console.print(Padding(text, (0, 0, 0, 2)))
        else:
            self.console.print(Text("  ").append(text), soft_wrap=True)


def _after(told: Told, since: datetime) -> str:
    return f"{(told.at - since).total_seconds():6.2f} s"
