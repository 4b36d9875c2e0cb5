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
        "load": _load(),
        "versions": f"Python {platform.python_version()}, Kubernetes {kubernetes_version()}, kwok {KWOK_VERSION}",
        "libraries": libraries,
        "commit": _commit(),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _load() -> str:
    """Say how many processes wanted to run at once: the benchmark's own keep one core or two busy."""
    load, cores = os.getloadavg()[2], len(os.sched_getaffinity(0))
    others = ", most of them others': times say little, ratios more, and only counts and memory are as they are"
    return f"{load:.1f} processes wanted to run at once over the last 15 minutes{others if load > 2 * cores else ''}"


def _memory() -> str:
    line = Path("/proc/meminfo").read_text().splitlines()[0]
    return f"{int(line.split()[1]) / 2**20:.0f} GiB of memory"


def _commit() -> str:
    command, here = ["git", "describe", "--always", "--dirty"], Path(__file__).parent
    described = subprocess.run(command, capture_output=True, text=True, check=False, cwd=here)
    return described.stdout.strip() or "unknown"
