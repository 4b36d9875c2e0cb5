"""The command line: ``gco-stream`` and ``python -m gco_stream``."""

import sys


def main() -> None:
    """Run a command and exit with its code."""
    # The controller needs nothing of what commands need to print, and stays smaller without it.
    if sys.argv[1:] == ["run"]:
        from gco_stream.cli.run import run  # noqa: PLC0415

        sys.exit(run())
    from gco_stream.cli.main import app  # noqa: PLC0415

    app()


if __name__ == "__main__":
    main()
