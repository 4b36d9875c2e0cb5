"""What becomes of a Deployment, on a real control plane with fake nodes and in the sandbox."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gco_stream.core.causes import Cause, current_template, first_cause, refused_pods
from gco_stream.sandbox import Directions
from tests.contracts.small_manifests import a_deployment
from tests.sandboxes import a_sandbox
from tests.world import Kubernetes, Site, eventually

AVAILABLE = ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
UNAVAILABLE = (
    "Available",
    "False",
    "MinimumReplicasUnavailable",
    "Deployment does not have minimum availability.",
)
DONE = ("Progressing", "True", "NewReplicaSetAvailable", "ReplicaSet NAME has successfully progressed.")
UNDER_WAY = ("Progressing", "True", "ReplicaSetUpdated", "ReplicaSet NAME is progressing.")
# The controller says this instead where its first status of a rollout was refused as stale: the counters of its next
# one are no progress over the last rollout's.
CREATED = ("Progressing", "True", "NewReplicaSetCreated", "Created new replica set NAME")
LATE = ("Progressing", "False", "ProgressDeadlineExceeded", "ReplicaSet NAME has timed out progressing.")
IN_PLACE = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
HPA = "HorizontalPodAutoscaler"


def running(tag: str = "v1", *, gpus: int = 0, **spec: Any) -> dict[str, Any]:
    """A Deployment of pods that behave as the tag says."""
    manifest = a_deployment(**{"replicas": 1, **spec})
    pod = manifest["spec"]["template"]["spec"]
    pod["containers"][0]["image"] = f"acme/server:{tag}"
    if gpus:
        pod["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": str(gpus)}}
        pod["tolerations"] = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    return manifest


async def says(kubernetes: Kubernetes) -> tuple[dict[str, int], set[tuple[str, ...]]]:
    """The counters and the conditions of the Deployment, as soon as they are of what it asks for now."""
    live = await kubernetes.get("Deployment", "llama")
    assert live is not None
    status = live["status"]
    assert status.get("observedGeneration") == live["metadata"]["generation"]
    counters = {name: value for name, value in status.items() if name.endswith("eplicas")}
    conditions: set[tuple[str, ...]] = {
        (one["type"], one["status"], one["reason"], re.sub(r'"llama-\w+"', "NAME", one["message"]))
        for one in status["conditions"]
    }
    return counters, conditions


async def comes_to_say(kubernetes: Kubernetes, *conditions: tuple[str, ...], **counters: int) -> None:
    """Wait for a status; a counter that is not named must be zero or absent."""

    async def holds() -> bool:
        found, told = await says(kubernetes)
        said = {UNDER_WAY if one == CREATED else one for one in told}
        shown = {name: value for name, value in found.items() if value}
        assert (shown, said) == (counters, set(conditions))
        return True

    await eventually(holds, 15, "the status")


async def the_cause(kubernetes: Kubernetes) -> Cause | None:
    live = await kubernetes.get("Deployment", "llama")
    assert live is not None
    return first_cause(await kubernetes.list("Pod", "app=llama"), template=current_template(live))


async def no_pods(kubernetes: Kubernetes) -> bool:
    return not await kubernetes.list("Pod", "app=llama")


class LifeContract:
    async def test_what_is_ready_is_counted(self, kubernetes: Kubernetes) -> None:
        await kubernetes.apply(running(replicas=3))

        await comes_to_say(
            kubernetes, AVAILABLE, DONE, replicas=3, updatedReplicas=3, readyReplicas=3, availableReplicas=3
        )
        pods = await kubernetes.list("Pod")
        (replica_set,) = await kubernetes.list("ReplicaSet")
        template = replica_set["metadata"]["labels"]["pod-template-hash"]
        assert replica_set["metadata"]["name"] == f"llama-{template}"
        assert {pod["metadata"]["ownerReferences"][0]["uid"] for pod in pods} == {replica_set["metadata"]["uid"]}
        assert {pod["metadata"]["labels"]["pod-template-hash"] for pod in pods} == {template}

    @pytest.mark.parametrize(
        ("tag", "cause"),
        [
            ("never-ready", Cause(reason="NotReady", message="container inference runs, but is not ready")),
            (
                "crash",
                Cause(
                    reason="CrashLoopBackOff",
                    message="container inference keeps ending, last with exit code 1",
                ),
            ),
            (
                "no-pull",
                Cause(
                    reason="ImagePullBackOff",
                    message='image "acme/server:no-pull" cannot be pulled: not found',
                ),
            ),
        ],
    )
    async def test_why_pods_are_not_ready_is_seen(self, kubernetes: Kubernetes, tag: str, cause: Cause) -> None:
        await kubernetes.apply(running(tag))

        await eventually(lambda: is_cause(kubernetes, cause), what=str(cause))
        await comes_to_say(kubernetes, UNAVAILABLE, UNDER_WAY, replicas=1, updatedReplicas=1, unavailableReplicas=1)

    async def test_a_pod_without_room_waits_and_says_why(self, kubernetes: Kubernetes) -> None:
        await kubernetes.apply(running(gpus=9))

        message = "no node can take the pod: Insufficient nvidia.com/gpu, node(s) had untolerated taint(s)"
        cause = Cause(reason="InsufficientCapacity", message=message)
        await eventually(lambda: is_cause(kubernetes, cause), what=str(cause))

    async def test_pods_that_cannot_be_made_are_told_of(self, kubernetes: Kubernetes) -> None:
        manifest = running()
        manifest["spec"]["template"]["spec"]["serviceAccountName"] = "nobody"
        await kubernetes.apply(manifest)

        why = f'error looking up service account {kubernetes.namespace}/nobody: serviceaccount "nobody" not found'
        cause = Cause(reason="FailedCreate", message=f"pods cannot be made: {why}")

        async def is_told() -> bool:
            assert refused_pods(await kubernetes.get("Deployment", "llama") or {}) == cause
            return True

        await eventually(is_told, what=str(cause))
        _, said = await says(kubernetes)
        assert {one[2] for one in said} >= {"MinimumReplicasUnavailable", "NewReplicaSetCreated"}

    async def test_a_rollout_that_takes_too_long_says_so(self, kubernetes: Kubernetes) -> None:
        await kubernetes.apply(running("never-ready", progressDeadlineSeconds=1))

        await comes_to_say(kubernetes, UNAVAILABLE, LATE, replicas=1, updatedReplicas=1, unavailableReplicas=1)

    async def test_with_surge_the_old_pod_stays_until_the_new_one_is_ready(self, kubernetes: Kubernetes) -> None:
        await kubernetes.apply(running(replicas=2))
        await comes_to_say(
            kubernetes, AVAILABLE, DONE, replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2
        )

        await kubernetes.apply(running("never-ready", replicas=2))

        await comes_to_say(
            kubernetes,
            AVAILABLE,
            UNDER_WAY,
            replicas=3,
            updatedReplicas=1,
            readyReplicas=2,
            availableReplicas=2,
            unavailableReplicas=1,
        )

    async def test_in_place_one_goes_before_the_next_comes(self, kubernetes: Kubernetes) -> None:
        await kubernetes.apply(running(replicas=2, strategy=IN_PLACE))
        await comes_to_say(
            kubernetes, AVAILABLE, DONE, replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2
        )

        await kubernetes.apply(running("never-ready", replicas=2, strategy=IN_PLACE))

        await comes_to_say(
            kubernetes,
            AVAILABLE,
            UNDER_WAY,
            replicas=2,
            updatedReplicas=1,
            readyReplicas=1,
            availableReplicas=1,
            unavailableReplicas=1,
        )

    async def test_recreate_waits_until_the_old_pod_is_gone(self, kubernetes: Kubernetes) -> None:
        recreate = {"type": "Recreate"}
        await kubernetes.apply(running("slow-stop-1s", strategy=recreate))
        await comes_to_say(
            kubernetes, AVAILABLE, DONE, replicas=1, updatedReplicas=1, readyReplicas=1, availableReplicas=1
        )

        await kubernetes.apply(running("v2", strategy=recreate))

        async def is_ending() -> bool:
            return (await says(kubernetes))[0] == {"terminatingReplicas": 1}

        await eventually(is_ending, what="only the old pod on its way out")
        await comes_to_say(
            kubernetes, AVAILABLE, DONE, replicas=1, updatedReplicas=1, readyReplicas=1, availableReplicas=1
        )

    async def test_pods_that_are_told_to_stop_are_counted_apart(self, kubernetes: Kubernetes) -> None:
        await kubernetes.apply(running("slow-stop-1s"))
        await comes_to_say(
            kubernetes, AVAILABLE, DONE, replicas=1, updatedReplicas=1, readyReplicas=1, availableReplicas=1
        )

        await kubernetes.apply(running("slow-stop-1s", replicas=0))

        await comes_to_say(kubernetes, AVAILABLE, DONE, terminatingReplicas=1)
        await comes_to_say(kubernetes, AVAILABLE, DONE)

    async def test_a_pod_that_ends_is_missed(self, kubernetes: Kubernetes) -> None:
        await kubernetes.apply(running("ready-after-0.5s-ends-after-0.5s"))

        cause = Cause(reason="CrashLoopBackOff", message="container inference ended with exit code 1")
        await eventually(lambda: is_cause(kubernetes, cause), what=str(cause))
        await comes_to_say(kubernetes, UNAVAILABLE, DONE, replicas=1, updatedReplicas=1, unavailableReplicas=1)

    async def test_what_belongs_to_a_deleted_one_goes(self, kubernetes: Kubernetes) -> None:
        await kubernetes.apply(running("slow-stop-1s"))
        await comes_to_say(
            kubernetes, AVAILABLE, DONE, replicas=1, updatedReplicas=1, readyReplicas=1, availableReplicas=1
        )

        await kubernetes.delete("Deployment", "llama")

        assert not await no_pods(kubernetes)
        await eventually(lambda: no_pods(kubernetes), what="no pods")
        assert await kubernetes.list("ReplicaSet") == []

    async def test_an_autoscaler_without_metrics_enforces_its_bounds(self, kubernetes: Kubernetes) -> None:
        await kubernetes.apply(running())
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llama"}
        spec = {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 5}
        await kubernetes.apply(
            {"apiVersion": "autoscaling/v2", "kind": HPA, "metadata": {"name": "llama"}, "spec": spec}
        )

        await comes_to_say(
            kubernetes, AVAILABLE, DONE, replicas=3, updatedReplicas=3, readyReplicas=3, availableReplicas=3
        )


async def is_cause(kubernetes: Kubernetes, cause: Cause) -> bool:
    assert await the_cause(kubernetes) == cause
    return True


class TestControlPlane(LifeContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def kubernetes(self, site: Site) -> Kubernetes:
        await eventually(lambda: site.kubernetes.get("ServiceAccount", "default"), what="the default ServiceAccount")
        return site.kubernetes


class TestSandbox(LifeContract):
    @pytest_asyncio.fixture
    async def kubernetes(self) -> AsyncIterator[Kubernetes]:
        # As often as the world's.
        async with a_sandbox(directions=Directions(autoscaling_every=2.0)) as (_, kubernetes):
            yield kubernetes
