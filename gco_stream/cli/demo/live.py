"""The story on a terminal: lines that scroll, and below them what everything looks like now."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gco_stream.cli.demo.scenes import Check, Scene
from gco_stream.cli.demo.sight import Endpoint, Pods, Sight
from gco_stream.cli.demo.transcript import Transcript

_WIDEST = 140
# Terminals show "^C" where the cursor is; were that on a line of its own, one line of the picture would stay.
_ROOM_FOR_CTRL_C = 2
_BAR = 10
_ROOM_FOR_WHY = 110
# As wide as they ever get, so that nothing jumps to and fro.
_COLUMNS = (("endpoint", 8), ("wanted", 9), ("is", 8), ("pods", 7), ("requests", 18))
_STATES = {"running": "green", "error": "bold red", "stopped": "dim"}


class LiveView(Transcript):
    """A transcript with a picture below it, for the length of a block."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._title = ""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def begins(self, number: int, of: int, scene: Scene) -> None:
        """Show that a scene begins."""
        super().begins(number, of, scene)
        self._title = f"{number}/{of}  {scene.title}"

    def goes_on(self) -> None:
        """Show that the story is over, and everything goes on."""
        super().goes_on()
        self._title = "until Ctrl-C"

    def sees(self, seen: Sight, checks: Sequence[tuple[Check, bool]]) -> None:
        """Show what everything looks like."""
        width = min(self.console.width - _ROOM_FOR_CTRL_C, _WIDEST)
        self._live.update(picture(self._title, seen, checks, width=width), refresh=True)


def picture(title: str, seen: Sight, checks: Sequence[tuple[Check, bool]], *, width: int) -> RenderableType:
    """Draw all endpoints, and which checks hold already; ``width`` is in characters."""
    has_room = width >= _ROOM_FOR_WHY
    reasons = [] if has_room else [_reason(endpoint) for endpoint in seen.values() if endpoint.why]
    ticks = [
        Text.assemble(("✓ ", "bold green") if holds else ("· ", "yellow"), (check.text, "" if holds else "dim"))
        for check, holds in checks
    ]
    return Panel(
        Group(_endpoints(seen, has_room=has_room), *reasons, *ticks),
        title=Text(title, style="bold"),
        title_align="left",
        border_style="blue",
        width=width,
    )


def _reason(endpoint: Endpoint) -> Text:
    text = Text.assemble((f"{endpoint.name}: ", "bold"), (endpoint.why, "dim"))
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _endpoints(seen: Sight, *, has_room: bool) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
    for name, width in _COLUMNS:
        table.add_column(name, no_wrap=True, min_width=width)
    for name in ("image", "why") if has_room else ("version",):
        table.add_column(name, no_wrap=True, overflow="ellipsis", ratio=1)
    for name, endpoint in seen.items():
        cells = (
            Text(name, "bold"),
            Text(endpoint.desired),
            Text(endpoint.state, _STATES.get(endpoint.state, "yellow")),
            _pods(endpoint),
            _requests(endpoint),
            Text(_image(endpoint) if has_room else _image(endpoint).rpartition(":")[2]),
        )
        table.add_row(*cells, *((Text(endpoint.why, "dim"),) if has_room else ()))
    if not seen:
        table.add_row(Text("nothing", "dim"))
    return table


def _pods(endpoint: Endpoint) -> Text:
    text = _dots(endpoint.own, "green")
    if endpoint.canary is not None:
        text.append(" + ", "dim").append_text(_dots(endpoint.canary, "magenta"))
    return text


def _dots(pods: Pods | None, color: str) -> Text:
    if pods is None:
        return Text()
    missing = max(0, pods.desired - pods.ready)
    return Text.assemble(("●" * pods.ready, color), ("○" * missing, "yellow"), ("◌" * pods.leaving, "dim"))


def _requests(endpoint: Endpoint) -> Text:
    if endpoint.route is None:
        return Text("─" * _BAR, "dim")
    canary = endpoint.route.canary
    theirs = round((canary or 0) * _BAR / 100)
    bar = Text.assemble(("█" * (_BAR - theirs), "green"), ("█" * theirs, "magenta"))
    return bar if canary is None else bar.append(f" {endpoint.shares}")


def _image(endpoint: Endpoint) -> str:
    image = endpoint.own.image if endpoint.own is not None else ""
    return image.rpartition("/")[2]
