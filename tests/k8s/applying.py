"""What a person does with the manifests, and what they see of it."""

import asyncio
import subprocess

from tests.world import Kubernetes, Manifest, World, eventually

SELECTOR = "app=inference-monitor"
_MADE_OTHERWISE = "is missing the kubectl.kubernetes.io/last-applied-configuration annotation"


async def kubectl(world: World, *arguments: str) -> None:
    """Run it as an administrator; what it complains of is the failure."""
    done = await asyncio.to_thread(
        subprocess.run,
        [str(world.parts.programs["kubectl"]), f"--kubeconfig={world.kubeconfig}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    # A warning is what the server says of fields that are on their way out, and of pods that it would not admit. What
    # another test of this world has made otherwise than kubectl would is kubectl's own word, and none of the server's.
    complaints = [line for line in done.stderr.splitlines() if _MADE_OTHERWISE not in line]
    assert (done.returncode, complaints) == (0, []), done.stderr


async def two_pods(system: Kubernetes, deadline: float = 20) -> list[Manifest]:
    """The Deployment's pods, as soon as both are as the template is now, and ready."""

    async def probe() -> bool:
        deployment = await system.get("Deployment", "inference-monitor")
        status = deployment["status"] if deployment else {}
        counters = ("replicas", "updatedReplicas", "availableReplicas")
        is_seen = deployment is not None and status.get("observedGeneration") == deployment["metadata"]["generation"]
        return is_seen and [status.get(counter) for counter in counters] == [2, 2, 2]

    await eventually(probe, deadline, "two pods admitted, scheduled and ready")
    return await system.list("Pod", SELECTOR)
