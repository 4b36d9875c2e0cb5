"""The command line: ``gco-stream`` and ``python -m gco_stream``."""

import os
import signal
import sys

_INTERRUPTED = 130


def main() -> None:
    """Run a command and exit with its code; Ctrl-C at any moment is one line, and no traceback."""
    try:
        _run()
    except KeyboardInterrupt:
        print("gco-stream: interrupted", file=sys.stderr)  # noqa: T201
        sys.exit(_INTERRUPTED)
    finally:
        # What is left to do is Python's own, and nothing of it is worth a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run() -> None:
    # The controller needs nothing of what commands need to print, and stays smaller without it.
    if sys.argv[1:] == ["run"]:
        from gco_stream.cli.run import run  # noqa: PLC0415

        sys.exit(run())
    from gco_stream.cli.main import app  # noqa: PLC0415

    try:
        app()
    except BrokenPipeError:
        # Whoever reads has enough, as in `gco-stream endpoint list | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
