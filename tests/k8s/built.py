"""What kustomize makes of ``k8s/``, and where that is kept: ``python -m tests.k8s.built`` writes it anew."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.world import CannotMake, Manifest
from tests.world.parts import Parts, find_parts

K8S = Path(__file__).parents[2] / "k8s"
BASE = K8S / "base"
OVERLAYS = {name: K8S / "overlays" / name for name in ("irsa", "pod-identity", "gco")}
NAMESPACES = K8S / "namespaces"

GOLDEN = Path(__file__).parent / "golden"
KEPT = {name: GOLDEN / f"{name}.yaml" for name in OVERLAYS} | {"gco": K8S / "gco.yaml"}
"""Where each overlay is kept as built; the platform's deployer takes its own from there."""
HEADER = "# Made of overlays/{} by: make manifests\n"


def text_of(parts: Parts, folder: Path) -> str:
    """What kustomize makes of a folder."""
    return _kustomized(parts.programs["kubectl"], folder)


@cache
def _kustomized(kubectl: Path, folder: Path) -> str:
    return subprocess.run([kubectl, "kustomize", folder], check=True, capture_output=True, text=True).stdout


def built(parts: Parts, folder: Path) -> dict[str, Manifest]:
    """The same by kind: no folder has two objects of one."""
    manifests = list(yaml.safe_load_all(text_of(parts, folder)))
    by_kind = {manifest["kind"]: manifest for manifest in manifests}
    assert len(by_kind) == len(manifests)
    return by_kind


def kept_text(parts: Parts, overlay: str) -> str:
    """What the file of an overlay is to say."""
    return HEADER.format(overlay) + text_of(parts, OVERLAYS[overlay])


def pod_spec(deployment: Manifest) -> Any:
    return deployment["spec"]["template"]["spec"]


def container_of(deployment: Manifest) -> Any:
    (container,) = pod_spec(deployment)["containers"]
    return container


def environment_of(deployment: Manifest) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in container_of(deployment)["env"]}


def main() -> int:
    """Write every file anew."""
    try:
        parts = find_parts()
    except CannotMake as trouble:
        print(trouble, file=sys.stderr)
        return 1
    for overlay, path in KEPT.items():
        path.write_text(kept_text(parts, overlay))
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
