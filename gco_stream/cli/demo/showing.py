"""The demo from its start to its end, whichever that is."""

import asyncio
import shlex
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from gco_stream.cli.demo.controller import LogLine
from gco_stream.cli.demo.embedded import NAMESPACE, REGION, Embedded, embedded
from gco_stream.cli.demo.live import LiveView
from gco_stream.cli.demo.play import Play
from gco_stream.cli.demo.scenes import FAST, USUAL, Scene
from gco_stream.cli.demo.story import the_story
from gco_stream.cli.demo.transcript import Transcript
from gco_stream.cli.exits import Exit
from gco_stream.cli.telling import interrupted
from gco_stream.ports import Clock
from gco_stream.shell.clock import SystemClock

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How the demo is to be.

    Attributes:
        is_live: Whether there is a terminal to draw on.
        keep: Whether everything goes on in the end.
        patience: Seconds after which what does not hold has failed.
    """

    fast: bool
    is_live: bool
    keep: bool
    patience: float


class Curtain:
    """Falls once: in the end, or when somebody wants it to; whoever wants it again has to wait.

    Attributes:
        is_down: Whether everything is being ended.
    """

    def __init__(self, playing: asyncio.Task[Any] | None) -> None:
        self._playing = playing
        self.is_down = False

    def fall(self) -> None:
        """Break off what is being played."""
        if not self.is_down and self._playing is not None:
            self._playing.cancel()
        self.is_down = True


async def show(console: Console, wanted: Wanted) -> Exit:
    """Show the demo, and return its exit code.

    Raises:
        Unable: Something did not start, or ended by itself; or somebody has interrupted it.
    """
    curtain, clock = Curtain(asyncio.current_task()), SystemClock()
    for number in _ENDING:
        asyncio.get_running_loop().add_signal_handler(number, curtain.fall)
    try:
        with ExitStack() as stack:
            view = stack.enter_context(LiveView(console)) if wanted.is_live else Transcript(console)
            all_hold = await _perform(view, wanted, curtain, clock)
    except asyncio.CancelledError:
        raise interrupted("everything is ended, and nothing is left behind") from None
    view.says("Everything is ended, and nothing is left behind.")
    return Exit.FINE if all_hold else Exit.NO


async def _perform(view: Transcript, wanted: Wanted, curtain: Curtain, clock: Clock) -> bool:
    """Start everything, play the story, end everything, and return whether all scenes have come about."""
    pace, heard = FAST if wanted.fast else USUAL, list[LogLine]()
    began = clock.monotonic()
    view.says("A table with its stream, a Kubernetes API server and the controller start on this machine …")
    async with embedded(pace, clock, heard.append) as running:
        play = Play(
            records=running.records,
            cluster=running.cluster,
            clock=clock,
            view=view,
            pace=pace,
            region=REGION,
            namespace=NAMESPACE,
            patience=wanted.patience,
            heard=heard,
        )
        view.says(f"ready after {clock.monotonic() - began:.1f} s")
        scenes = _scenes(keep=wanted.keep)
        all_hold = await play.play(scenes)
        if all_hold:
            seconds = clock.monotonic() - began
            view.says(f"\nAll {len(scenes)} scenes came about, in {seconds:.0f} s.", style="bold green")
        if all_hold and wanted.keep:
            _tell_where(view, running)
            await _until_told(play)
        curtain.is_down = True
    return all_hold


async def _until_told(play: Play) -> None:
    try:
        await play.look_on()
    except asyncio.CancelledError:
        return


def _scenes(*, keep: bool) -> Sequence[Scene]:
    """Return the scenes to be played: of what is deleted nothing could be kept."""
    return the_story()[:-1] if keep else the_story()


def _tell_where(view: Transcript, running: Embedded) -> None:
    view.goes_on()
    for name, value in running.environment.items():
        view.says(f"export {name}={shlex.quote(value)}", style="")
    for line in ("gco-stream endpoint list", "gco-stream plan", f"gco-stream resync --pid {running.controller.pid}"):
        view.says(f"# {line}", style="bold")
