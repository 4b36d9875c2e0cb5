"""``gco-stream run``: the controller itself."""

import asyncio
import logging
import os
import sys

from gco_stream.cli.exits import Exit
from gco_stream.errors import CannotWork, InvalidSettings, LostLeadership

FINE, FAILED, WRONG_USAGE = Exit.FINE, Exit.NO, Exit.WRONG_USAGE


def run() -> int:
    """Run the controller until it is told to stop.

    Returns:
        The exit code: 0, 1 after a crash or the loss of the lease, 2 for settings that name what is not there.
    """
    from gco_stream.settings import read_settings

    try:
        settings = read_settings(os.environ)
        from gco_stream import app
        from gco_stream.shell.logs import configure_logs

        configure_logs(settings)
        asyncio.run(app.run(settings))
    except InvalidSettings as error:
        for problem in error.problems:
            print(f"gco-stream: {problem}", file=sys.stderr)  # noqa: T201
        return WRONG_USAGE
    except CannotWork:
        return WRONG_USAGE
    except LostLeadership as lost:
        lost_log = logging.getLogger(__name__)
        lost_log.error("leadership lost, ending at once", extra={"reason": str(lost)})
        return FAILED
    except Exception:
        logging.getLogger(__name__).exception("crashed")
        return FAILED
    return FINE
