"""Why pods do not get ready, on the real Deployment controller: said early, an error only past the deadline."""

from typing import Any

import pytest

from tests.controller import Controller
from tests.e2e.watching import history, is_promoted, reaches, states
from tests.world import Site, World, eventually
from tests.writers import IMAGE, Writers, a_spec

pytestmark = pytest.mark.behaviour("B15")

# Pods are not watched, so that what is wrong with them is seen after 5 seconds at the latest.
LATEST = 7
BRIEF = {"progress_deadline_seconds": LATEST}
CAUSES: dict[str, tuple[dict[str, Any], str, str]] = {
    "never ready": (
        {"image": f"{IMAGE}-never-ready"},
        "NotReady",
        "container inference runs, but its startup probe GET /inference/llama/health on port 8000 has not succeeded",
    ),
    "crash": (
        {"image": f"{IMAGE}-crash"},
        "CrashLoopBackOff",
        "container inference keeps ending, last with exit code 1",
    ),
    "no pull": (
        {"image": f"{IMAGE}-no-pull"},
        "ImagePullBackOff",
        f'image "{IMAGE}-no-pull" cannot be pulled: not found',
    ),
    "no room": ({"gpu_count": 9}, "InsufficientCapacity", "no node can take the pod: Insufficient nvidia.com/gpu"),
}


async def fails(writers: Writers, reason: str) -> dict[str, Any]:
    """Wait until the cause is said in a state that still hopes, and then until that is an error."""
    await reaches(writers, "llama", "creating", reason=reason)
    return await reaches(writers, "llama", "error", reason=reason)


def told(world: World, site: Site) -> list[tuple[str, str | None]]:
    """Return the states and reasons that were ever said, each once in a row."""
    statuses = [(v or {}).get("region_status", {}).get("us-east-1", {}) for v in history(world, site, "llama")]
    said = [(status["state"], status.get("reason")) for status in statuses if status]
    return [one for i, one in enumerate(said) if i == 0 or said[i - 1] != one]


@pytest.mark.parametrize(("spec", "reason", "sentence"), CAUSES.values(), ids=CAUSES)
async def test_a_start_that_fails_says_why_and_recovers_with_the_next_image(
    world: World,
    site: Site,
    writers: Writers,
    controller: Controller,
    spec: dict[str, Any],
    reason: str,
    sentence: str,
) -> None:
    writers.create("other")
    await is_promoted(writers, "other")
    writers.create("llama", a_spec(rollout=BRIEF, **spec))

    status = await fails(writers, reason)

    assert sentence in status["error"]
    assert "\n" not in status["error"]
    assert (status["replicas_ready"], status["published"]) == (0, False)
    writers.change("llama", image=f"{IMAGE}-b", gpu_count=1)
    await reaches(writers, "llama", "running", replicas_ready=1, published=True)
    await is_promoted(writers, "llama")
    assert {"error", "reason"}.isdisjoint(writers.status("llama"))
    assert states(history(world, site, "other")) == ["creating", "running"]
    assert states(history(world, site, "llama")) == ["creating", "error", "creating", "running"]


@pytest.mark.parametrize(("spec", "reason", "sentence"), CAUSES.values(), ids=CAUSES)
async def test_an_update_that_fails_says_why_while_the_old_pods_serve_on(
    site: Site, writers: Writers, controller: Controller, spec: dict[str, Any], reason: str, sentence: str
) -> None:
    careful = {"progress_deadline_seconds": 3, "max_surge": 1, "max_unavailable": 0}
    writers.create("llama", a_spec(rollout=careful))
    await is_promoted(writers, "llama")

    writers.change("llama", **spec)
    await reaches(writers, "llama", "updating")
    status = await reaches(writers, "llama", "error", reason=reason)

    assert sentence in status["error"]
    assert (status["replicas_ready"], status["published"]) == (1, True)
    writers.change("llama", image=f"{IMAGE}-b", gpu_count=1)
    await is_promoted(writers, "llama")
    assert {"error", "reason"}.isdisjoint(writers.status("llama"))


async def test_pods_that_cannot_even_be_made_are_told_and_come_when_they_can(
    site: Site, writers: Writers, controller: Controller
) -> None:
    account = await site.kubernetes.get("ServiceAccount", "gco-service-account")
    assert account is not None
    await site.kubernetes.delete("ServiceAccount", "gco-service-account")
    writers.create("llama", a_spec(rollout=BRIEF))

    status = await fails(writers, "FailedCreate")

    assert "pods cannot be made: error looking up service account" in status["error"]
    assert '"gco-service-account" not found' in status["error"]
    made = {key: account[key] for key in ("apiVersion", "kind")} | {"metadata": {"name": "gco-service-account"}}
    await site.kubernetes.create(made)
    writers.change("llama", image=f"{IMAGE}-b")
    await reaches(writers, "llama", "running", replicas_ready=1, deadline=30)


@pytest.mark.behaviour("B31")
async def test_a_new_pod_that_waits_for_the_old_ones_gpus_is_no_error(
    world: World, site: Site, writers: Writers, controller: Controller
) -> None:
    # There are two such nodes: one is filled by another, so that the new pod can only have the place of the old one.
    whole = {"gpu_count": 8, "capacity_type": "spot"}
    writers.create("filler", a_spec(**whole))
    await is_promoted(writers, "filler")
    writers.create("llama", a_spec(image=f"{IMAGE}-slow-stop-2s", rollout={"progress_deadline_seconds": 20}, **whole))
    await is_promoted(writers, "llama")
    done = len(told(world, site))

    writers.change("llama", image=f"{IMAGE}-b-slow-stop-2s")

    async def waits() -> bool:
        pods = await site.kubernetes.list("Pod", "app=llama")
        conditions = [condition for pod in pods for condition in pod["status"].get("conditions", ())]
        return any(one["type"] == "PodScheduled" and one["status"] == "False" for one in conditions)

    await eventually(waits, 10, "a pod that finds no room")
    await is_promoted(writers, "llama")
    said = told(world, site)[done:]
    assert "error" not in {state for state, _ in said}
    assert {reason for _, reason in said}.isdisjoint({"InsufficientCapacity", "Unschedulable"})
    assert said[-1] == ("running", None)
