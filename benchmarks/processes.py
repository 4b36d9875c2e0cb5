"""What a process has taken from the machine, as the kernel counts it."""

import os
import subprocess
import sys
from pathlib import Path

_CLIENTS = "import aioboto3, aiohttp, kubernetes_asyncio.client"
_SAY = "print(open('/proc/self/status').read())"


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, its own and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mebibytes(pid: int) -> float:
    """Return the resident memory of a process."""
    return _mebibytes(Path(f"/proc/{pid}/status").read_text(), "VmRSS")


def peak_mebibytes(pid: int) -> float:
    """Return the most resident memory that a process ever had."""
    return _mebibytes(Path(f"/proc/{pid}/status").read_text(), "VmHWM")


def mebibytes_of_clients() -> float:
    """Return what a Python has that has imported the clients, and nothing else."""
    said = subprocess.run([sys.executable, "-c", f"{_CLIENTS}\n{_SAY}"], capture_output=True, text=True, check=True)
    return _mebibytes(said.stdout, "VmRSS")


def _mebibytes(status: str, field: str) -> float:
    (line,) = (line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024
