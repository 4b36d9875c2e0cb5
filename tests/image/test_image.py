"""The image, built and run by hand: no container engine is needed to see that its steps work and fit together."""

import json
import subprocess
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gco_stream.core.leadership import LEASE_NAME
from tests.controller import started_controller
from tests.image.building import USER, Image, build
from tests.image.cell import CANNOT
from tests.image.dockerfile import ROOT
from tests.world import Manifest, Site, World, eventually

# Building takes most of a minute where nothing else is to do.
pytestmark = [pytest.mark.index, pytest.mark.timeout(600)]

# Writes wherever it may, and says what it is and what it sees.
PROBE = """
import json, os, sys
def is_writable(path):
    try:
        open(path, "w")
    except OSError:
        return False
    return True
places = [os.path.join(folder, "x") for folder in ("/", "/tmp", "/proc/self/cwd", sys.prefix, sys.prefix + "/bin")]
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
print(json.dumps({
    "user": [os.getuid(), os.getgid()],
    "capabilities": int(status["CapEff"], 16),
    "gains none": status["NoNewPrivs"].strip() == "1",
    "shells": [path for path in ("/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/env") if os.path.exists(path)],
    "writable": [place for place in places if is_writable(place)],
}))
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The first stage, built below a temporary folder."""
    return build(tmp_path_factory.mktemp("image"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty folder to be a root file system."""
    empty = tmp_path / "root"
    empty.mkdir()
    return empty


def test_what_is_built_starts_and_is_this_version(image: Image) -> None:
    done = subprocess.run([*image.entry, "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"gco-stream {version('gco-stream')}\n"


def test_what_is_built_needs_nothing_but_its_settings_to_run(image: Image) -> None:
    done = subprocess.run([*image.entry, "run"], env={}, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "REGION is missing" in done.stderr


def test_what_is_built_holds_the_whole_package_with_all_bytecode_and_no_pip(image: Image) -> None:
    (packages,) = (image.folder / "opt/gco-stream/lib").glob("python3.11/site-packages")

    sources = {f.relative_to(packages) for f in packages.rglob("*.py")}
    compiled = {f.parents[1].relative_to(packages) / f"{f.name.split('.')[0]}.py" for f in packages.rglob("*.pyc")}
    assert {f for f in sources if f.parts[0] == "gco_stream"} == {
        f.relative_to(ROOT) for f in (ROOT / "gco_stream").rglob("*.py")
    }
    assert sources <= compiled
    assert not (packages / "pip").exists()


def test_it_runs_as_somebody_else_who_can_write_nowhere_and_finds_no_shell(image: Image, root: Path) -> None:
    command = image.confined(root, [image.python, "-c", PROBE], {})

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    if done.returncode == CANNOT:
        pytest.skip(f"this kernel lets nobody do without a container engine what one does: {done.stderr.strip()}")
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "user": [USER, USER],
        "capabilities": 0,
        "gains none": True,
        "shells": [],
        "writable": [],
    }


async def test_what_is_built_leads_from_a_read_only_root(
    image: Image, tmp_path: Path, root: Path, world: World, site: Site
) -> None:
    variables = {**site.environment, "HOSTNAME": "image-0"}
    trial = subprocess.run(image.confined(root, [image.python, "-c", ""], {}), cwd=ROOT, check=False)
    is_confined = trial.returncode != CANNOT
    command = [*image.entry, "run"]
    if is_confined:
        command = image.confined(root, command, *as_in_a_pod(world, variables, tmp_path / "account"))

    async with started_controller(image.environment | variables, command=command) as controller:
        lease = await eventually(lambda: held_lease(site), 30, "the lease held by somebody")
        await controller.has_logged("table scanned", 20)
        exit_code = await controller.stop()

    assert lease["spec"]["holderIdentity"].startswith("image-0_")
    assert exit_code == 0
    if not is_confined:
        pytest.skip("it led, but as this user and on a root that can be written: the kernel allows no more here")


def as_in_a_pod(world: World, variables: dict[str, str], account: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The variables of a pod instead of a kubeconfig, and the files of its service account.

    Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
    """
    plane, server = world.control_plane, urlsplit(world.control_plane.server)
    account.mkdir()
    (account / "token").write_text(plane.token)
    (account / "ca.crt").write_bytes(plane.certificate.read_bytes())
    given = {name: value for name, value in variables.items() if name != "KUBECONFIG"}
    address = {"KUBERNETES_SERVICE_HOST": str(server.hostname), "KUBERNETES_SERVICE_PORT": str(server.port)}
    return given | address, {"/var/run/secrets/kubernetes.io/serviceaccount": str(account)}


async def held_lease(site: Site) -> Manifest | None:
    lease = await site.kubernetes.get("Lease", LEASE_NAME)
    return lease if lease is not None and lease["spec"].get("holderIdentity") else None
