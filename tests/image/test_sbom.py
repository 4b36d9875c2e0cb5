"""The list of what the image is made of says what is locked, neither less nor more."""

import json
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.image.dockerfile import ROOT

pytestmark = [pytest.mark.index, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What ``make sbom`` writes."""
    path: Path = tmp_path_factory.mktemp("sbom") / "sbom.json"
    done = subprocess.run(["make", "sbom", f"SBOM={path}"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(path.read_text())


def locked() -> dict[tuple[str, str], set[str]]:
    """The hashes of the lock, by name and version."""
    entries = re.split(r"\n(?=\S)", (ROOT / "locks" / "run.txt").read_text())
    named = [(re.match(r"([\w.-]+)==(\S+)", entry), entry) for entry in entries]
    return {(found[1], found[2]): set(re.findall(r"sha256:(\w+)", entry)) for found, entry in named if found}


def test_it_names_this_package_and_the_format_that_others_read(sbom: Any) -> None:
    about = sbom["metadata"]["component"]

    assert (sbom["bomFormat"], about["type"]) == ("CycloneDX", "application")
    assert (about["name"], about["version"]) == ("gco-stream", version("gco-stream"))


def test_it_lists_what_is_locked_with_the_hashes_that_are_locked(sbom: Any) -> None:
    listed = {
        (component["name"], component["version"]): {
            one["content"]
            for reference in component["externalReferences"]
            for one in reference.get("hashes", ())
            if one["alg"] == "SHA-256"
        }
        for component in sbom["components"]
    }

    assert listed == locked()
    assert all(component["purl"].startswith("pkg:pypi/") for component in sbom["components"])
