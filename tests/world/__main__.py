"""Keep a world with one site running for a shell: `python -m tests.world`, until Ctrl-C.

Standard output has nothing but `export` lines, and ends when they are written, so that
`eval "$(python -m tests.world &)"` gives a shell its world, and `kill $WORLD_PID` takes it away.
`python -m tests.world build` only builds what is missing.
"""

import asyncio
import os
import shlex
import signal
import sys
from pathlib import Path

from tests.world.making import CannotMake, say
from tests.world.parts import Parts, find_parts, find_promtool
from tests.world.processes import PartFailed
from tests.world.site import Site
from tests.world.world import World, running_world

USAGE = "usage: python -m tests.world [build]"


def main(arguments: list[str]) -> int:
    """Do what the arguments say; the result is the exit code."""
    if arguments not in ([], ["build"]):
        say(USAGE)
        return 2
    try:
        parts = find_parts()
        if arguments:
            find_promtool()
        if not arguments:
            asyncio.run(run_until_stopped(parts))
    except (CannotMake, PartFailed) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def run_until_stopped(parts: Parts) -> None:
    """Run a world until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with running_world(parts) as world, world.site() as site:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        print(exports(world, site), flush=True)
        _end_standard_output()
        say(f"running; logs are in {world.folder}; Ctrl-C ends it")
        await stop.wait()


def exports(world: World, site: Site) -> str:
    """Shell lines after which kubectl, the AWS CLI and the product work on this site."""
    path = f"{world.parts.kubectl_folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    variables = site.administrator | {"WORLD_PID": str(os.getpid()), "PATH": path}
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def _end_standard_output() -> None:
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
