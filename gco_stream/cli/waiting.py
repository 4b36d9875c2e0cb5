"""``--wait``: following what was written until the regions have come to it."""

import asyncio
from datetime import timedelta

from gco_stream.cli.surroundings import Desk
from gco_stream.cli.telling import Unable, interrupted, tell
from gco_stream.core.following import Progress, look
from gco_stream.core.models import Item
from gco_stream.errors import Denied, Transient

_LOOK_AGAIN_SECONDS = 0.5


async def follow(desk: Desk, asked: Item, *, longest: timedelta) -> None:
    """Wait until every target region is as a record asks, and tell each step.

    Args:
        asked: The record right after it was written.

    Raises:
        Unable: A region reports an error, somebody else wrote something else, it takes too long, or somebody
            interrupts it.
    """
    name = asked["endpoint_name"]
    last = Progress()
    try:
        async with asyncio.timeout(longest.total_seconds()):
            while not last.is_done:
                last = await _step(desk, asked, last)
                if last.failure is not None:
                    raise Unable(f"{name}: {last.failure}", hint=f"`gco-stream endpoint show {name}` shows all of it")
                if not last.is_done:
                    await desk.clock.sleep(_LOOK_AGAIN_SECONDS)
    except asyncio.CancelledError:
        stays = f"{name} stays as it was written, and its controllers go on; `gco-stream endpoint show {name}`"
        raise interrupted(stays) from None
    except TimeoutError:
        state = "; ".join(last.lines) or "nothing is known"
        seconds = f"{longest.total_seconds():g}"
        hint = "is a controller running for each target region? --timeout says how long to wait"
        raise Unable(f"{name}: not within {seconds} s: {state}", hint=hint) from None


async def _step(desk: Desk, asked: Item, last: Progress) -> Progress:
    try:
        progress = look(asked, await desk.writer.get(asked["endpoint_name"]))
    except Denied:
        raise
    except Transient as trouble:
        tell(f"cannot look for a moment: {trouble}")
        return last
    for line in progress.lines:
        if line not in last.lines:
            tell(f"{asked['endpoint_name']}: {line}")
    return progress
