"""The locked wheels are there for both platforms that the image is built for."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image.dockerfile import ROOT

MACHINES = {"x86_64", "aarch64"}
"""What the image is built for; that every package has a wheel for this one, `test_image.py` sees by installing it."""

# What pip of a Debian with glibc 2.36 takes, as far as anybody builds wheels for it.
GLIBC = ("2_17", "2_26", "2_27", "2_28", "2_31", "2_34", "2_35", "2_36")


def tags_of(machine: str) -> list[str]:
    names = [f"manylinux2014_{machine}", *(f"manylinux_{version}_{machine}" for version in GLIBC)]
    return [word for name in names for word in ("--platform", name)]


@pytest.mark.index
@pytest.mark.timeout(600)
@pytest.mark.parametrize("lock", ["run", "build"])
def test_every_locked_package_has_a_wheel_for_the_other_machine_whose_hash_is_locked(tmp_path: Path, lock: str) -> None:
    (machine,) = MACHINES - {platform.machine()}
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"),
        *("--only-binary", ":all:"),
        *("--python-version", "3.11", "--implementation", "cp", *tags_of(machine)),
        *("--dest", str(tmp_path), "--requirement", str(ROOT / "locks" / f"{lock}.txt")),
    ]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    wheels = [path.name for path in tmp_path.iterdir()]
    others = [name for name in wheels if not name.endswith(("-any.whl", f"_{machine}.whl"))]
    assert not others
    assert len(wheels) == sum(not line.startswith((" ", "#")) for line in lines_of(lock))


def lines_of(lock: str) -> list[str]:
    return (ROOT / "locks" / f"{lock}.txt").read_text().splitlines()
