"""A real Kubernetes control plane with fake GPU machines, and DynamoDB Local, for tests."""

from tests.world.eventually import eventually, eventually_holds
from tests.world.kubernetes import Kubernetes, KubernetesError, Manifest
from tests.world.making import CannotMake
from tests.world.processes import PartFailed
from tests.world.site import Site
from tests.world.world import World, running_world

__all__ = [
    "CannotMake",
    "Kubernetes",
    "KubernetesError",
    "Manifest",
    "PartFailed",
    "Site",
    "World",
    "eventually",
    "eventually_holds",
    "running_world",
]
