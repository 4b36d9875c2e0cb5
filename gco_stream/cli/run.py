"""``gco-stream run``: the controller itself."""

import asyncio
import logging
import os
import sys

from gco_stream.errors import InvalidSettings

FINE, FAILED, WRONG_USAGE = 0, 1, 2


def run() -> int:
    """Run the controller until it is told to stop, and return the exit code: 0, 1 after a crash, 2 for bad settings."""
    from gco_stream.settings import read_settings  # noqa: PLC0415 - so that bad settings are told within a moment

    try:
        settings = read_settings(os.environ)
        from gco_stream import app  # noqa: PLC0415
        from gco_stream.shell.logs import configure_logs  # noqa: PLC0415

        configure_logs(settings)
        asyncio.run(app.run(settings))
    except InvalidSettings as error:
        for problem in error.problems:
            print(f"gco-stream: {problem}", file=sys.stderr)  # noqa: T201
        return WRONG_USAGE
    except Exception:
        logging.getLogger(__name__).exception("crashed")
        return FAILED
    return FINE
