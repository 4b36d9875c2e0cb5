"""What a shell offers for an argument: the names of endpoints, from the table, or nothing within a moment."""

import asyncio

from gco_stream.cli.surroundings import open_desk
from gco_stream.errors import GcoStreamError

_PATIENCE_SECONDS = 2.0


def endpoint_names(incomplete: str) -> list[str]:
    """Return the endpoints whose names begin like this; none where the table does not say so at once."""
    try:
        names = asyncio.run(_names())
    except (GcoStreamError, TimeoutError):
        return []
    return [name for name in names if name.startswith(incomplete)]


async def _names() -> list[str]:
    async with asyncio.timeout(_PATIENCE_SECONDS), open_desk() as desk:
        return sorted(str(item["endpoint_name"]) for item in await desk.writer.all_lately())
