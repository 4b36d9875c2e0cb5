"""The controller's own account in a world: the one that ``k8s/base`` ships, with the rights of the Role beside it."""

from pathlib import Path
from typing import Any

import yaml

from tests.world.kubernetes import Kubernetes, Manifest

BASE = Path(__file__).parents[2] / "k8s" / "base"


def _shipped(file: str, kind: str) -> Manifest:
    found: Any = yaml.safe_load_all((BASE / file).read_text())
    (manifest,) = (manifest for manifest in found if manifest["kind"] == kind)
    return dict(manifest)


ACCOUNT = _shipped("service-account.yaml", "ServiceAccount")
ROLE = _shipped("role.yaml", "Role")
BINDING = _shipped("role.yaml", "RoleBinding")
NAME = f"own-{ACCOUNT['metadata']['name']}"
"""Of account, Role and binding in a site: another than theirs as shipped, which tests may want to install there."""


async def admit(kubernetes: Kubernetes) -> str:
    """Make the account in a namespace, allow it there what the Role allows and nothing else, and return a token.

    It is the site's own: what one site does with it is no other's concern.
    """
    subjects = [subject | {"name": NAME, "namespace": kubernetes.namespace} for subject in BINDING["subjects"]]
    binding = BINDING | {"subjects": subjects, "roleRef": BINDING["roleRef"] | {"name": NAME}}
    for manifest in (ACCOUNT, ROLE, binding):
        metadata = manifest["metadata"] | {"name": NAME, "namespace": kubernetes.namespace}
        await kubernetes.create(manifest | {"metadata": metadata})
    return await kubernetes.token_of(NAME)


def is_controller(username: str) -> bool:
    """Whether the API server calls some site's controller so."""
    return username.startswith("system:serviceaccount:") and username.endswith(f":{NAME}")
