"""The programs that the test world is made of: found, or built once and kept in a cache."""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.world.making import (
    CannotMake,
    cache_root,
    digest,
    find_tool,
    make_once,
    run_showing_progress,
)

HERE = Path(__file__).parent
GO_MODULE = HERE / "controlplane"
PROMTOOL_MODULE = HERE / "promtool"
PROMTOOL = "github.com/prometheus/prometheus/cmd/promtool"
DYNAMODB_POM = HERE / "dynamodb-local" / "pom.xml"

PROGRAMS = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}
"""Each program of the control plane, and the Go package that it is built from."""
ETCD_AS_BUILT = "server"

KWOK_VERSION = "v0.8.0"
KWOK_STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)

INSTALL_GO = "install Go 1.26 or newer (https://go.dev/dl)"
INSTALL_JAVA = "install a Java runtime, 17 or newer (Debian: openjdk-17-jre-headless)"
INSTALL_MAVEN = "install Apache Maven 3.8 or newer (Debian: maven)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where everything is that a world is started from."""

    programs: dict[str, Path]
    """The control plane's programs (`PROGRAMS`) and `kwok`, by name."""
    kwok_stages: tuple[Path, ...]
    """kwok's own stage files: nodes that work, pods that are ready and gone at once."""
    java: Path
    dynamodb_local: Path
    """The folder with DynamoDB Local's jars and native libraries."""

    @property
    def kubectl_folder(self) -> Path:
        """What to put on PATH to have `kubectl`."""
        return self.programs["kubectl"].parent


def find_parts() -> Parts:
    """Find every part, building what is missing: about 6 minutes cold on two cores, else at once.

    Raises:
        CannotMake: A tool is missing or a build failed.
    """
    kwok = _kwok()
    return Parts(
        programs={**_control_plane(), "kwok": kwok / "kwok"},
        kwok_stages=tuple(kwok / Path(stage).name for stage in KWOK_STAGES),
        java=Path(find_tool("java", INSTALL_JAVA)),
        dynamodb_local=_dynamodb_local(),
    )


def find_promtool() -> Path:
    """Find Prometheus' own tool for alert rules, building it if need be; no world needs it.

    Raises:
        CannotMake: Go is missing or the build failed.
    """
    version = _version_in(PROMTOOL_MODULE, "github.com/prometheus/prometheus")
    key = f"{version}-{digest(PROMTOOL_MODULE / 'go.mod', PROMTOOL_MODULE / 'go.sum')}"
    return make_once(cache_root() / "promtool" / key, _build_promtool) / "promtool"


def _build_promtool(folder: Path) -> None:
    go = find_tool("go", INSTALL_GO)
    run_showing_progress(
        "building promtool (once; a few minutes)",
        # Without the clients of every cloud that Prometheus could find its targets in.
        [go, "build", "-buildvcs=false", "-tags=remove_all_sd", "-ldflags=-s -w", f"-o={folder}/", PROMTOOL],
        cwd=PROMTOOL_MODULE,
    )


def _control_plane() -> dict[str, Path]:
    """Programs from KUBEBUILDER_ASSETS where it has them, the others built."""
    given = _given_programs()
    missing = {name: package for name, package in PROGRAMS.items() if name not in given}
    if not missing:
        return given
    key = f"{kubernetes_version()}-{digest(GO_MODULE / 'go.mod', GO_MODULE / 'go.sum')}"
    selection = "all" if not given else "+".join(sorted(missing))
    built = make_once(
        cache_root() / "control-plane" / key / selection,
        lambda folder: _build_control_plane(folder, missing),
    )
    return given | {name: built / name for name in missing}


def _given_programs() -> dict[str, Path]:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        return {}
    candidates = {name: Path(assets) / name for name in PROGRAMS}
    return {name: path for name, path in candidates.items() if os.access(path, os.X_OK)}


def _build_control_plane(folder: Path, packages: dict[str, str]) -> None:
    go = find_tool("go", INSTALL_GO)
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".")
    stamp = "k8s.io/component-base/version"
    # Unstamped, the server calls itself v0.0.0-master, and clients guess its abilities from that.
    flags = f"-s -w -X {stamp}.gitVersion={version} -X {stamp}.gitMajor={major} -X {stamp}.gitMinor={minor}"
    run_showing_progress(
        f"building {', '.join(packages)} {version} (once; about 5 minutes on two cores)",
        [go, "build", "-buildvcs=false", f"-ldflags={flags}", f"-o={folder}/", *packages.values()],
        cwd=GO_MODULE,
    )
    if "etcd" in packages:
        (folder / ETCD_AS_BUILT).rename(folder / "etcd")


def kubernetes_version() -> str:
    """The version of Kubernetes that a world is made of, such as `v1.36.1`."""
    return _version_in(GO_MODULE, "k8s.io/kubernetes")


def _version_in(module: Path, name: str) -> str:
    found = re.search(rf"{re.escape(name)} (v[\d.]+)", (module / "go.mod").read_text())
    if found is None:
        raise CannotMake(f"{module / 'go.mod'} names no version of {name}")
    return found[1]


def _kwok() -> Path:
    return make_once(cache_root() / "kwok" / KWOK_VERSION, _build_kwok)


def _build_kwok(folder: Path) -> None:
    go = find_tool("go", INSTALL_GO)
    # Apart from the control plane's module: the two want different versions of the same libraries.
    run_showing_progress(
        f"building kwok {KWOK_VERSION} (once; about 2 minutes on two cores)",
        [go, "install", "-ldflags=-s -w", f"sigs.k8s.io/kwok/cmd/kwok@{KWOK_VERSION}"],
        cwd=folder,
        GOBIN=str(folder),
    )
    described = run_showing_progress(
        "copying kwok's stages",
        [go, "mod", "download", "-json", f"sigs.k8s.io/kwok@{KWOK_VERSION}"],
        cwd=folder,
    )
    source = Path(json.loads(described[described.index("{") :])["Dir"])
    for stage in KWOK_STAGES:
        shutil.copyfile(source / "kustomize" / "stage" / stage, folder / Path(stage).name)


def _dynamodb_local() -> Path:
    found = re.search(r"<version>([\d.]+\.[\d.]+)</version>", DYNAMODB_POM.read_text())
    version = found[1] if found else "unknown"
    key = f"{version}-{digest(DYNAMODB_POM)}"
    return make_once(cache_root() / "dynamodb-local" / key, _fetch_dynamodb_local)


def _fetch_dynamodb_local(folder: Path) -> None:
    maven = find_tool("mvn", INSTALL_MAVEN)
    run_showing_progress(
        "fetching DynamoDB Local (once; about 50 MB)",
        [
            *(maven, "-q", "-B", "-f", str(DYNAMODB_POM), "dependency:copy-dependencies"),
            *("-DincludeScope=runtime", f"-DoutputDirectory={folder}"),
        ],
        cwd=folder,
    )
