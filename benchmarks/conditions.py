"""What a figure cannot be read without: the machine, the versions, the commit, and how busy the machine was."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.world.parts import KWOK_VERSION, kubernetes_version

_LIBRARIES = ("aiohttp", "aioboto3", "aiobotocore", "kubernetes-asyncio", "pydantic")


def conditions() -> dict[str, str]:
    """Say under which conditions something is measured now."""
    libraries = ", ".join(f"{library} {version(library)}" for library in _LIBRARIES)
    return {
        "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{len(os.sched_getaffinity(0))} cores of {_processor()}, {_memory()}",
        "load": f"{os.getloadavg()[2]:.1f} processes wanted to run at once over the last 15 minutes",
        "versions": f"Python {platform.python_version()}, Kubernetes {kubernetes_version()}, kwok {KWOK_VERSION}",
        "libraries": libraries,
        "commit": _commit(),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> str:
    line = Path("/proc/meminfo").read_text().splitlines()[0]
    return f"{int(line.split()[1]) / 2**20:.0f} GiB of memory"


def _commit() -> str:
    command, here = ["git", "describe", "--always", "--dirty"], Path(__file__).parent
    described = subprocess.run(command, capture_output=True, text=True, check=False, cwd=here)
    return described.stdout.strip() or "unknown"
