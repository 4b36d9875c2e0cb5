"""What is written down of results that must not change unnoticed."""

import os
from pathlib import Path


def as_written_down(path: Path, text: str) -> str:
    """Return what a file says; with ``RENEW_GOLDEN`` it is made to say this first."""
    if os.environ.get("RENEW_GOLDEN"):
        path.write_text(text)
    return path.read_text()
