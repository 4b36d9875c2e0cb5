"""A site as the poller leaves it: its records, its objects, and what must not move when somebody takes over."""

from collections.abc import Collection, Mapping
from typing import Any

from tests.load_balancer import violations
from tests.poller import MANAGER, objects_of, post
from tests.world import Manifest, Site, eventually
from tests.writers import Writers, a_spec, now

KINDS = ("Deployment", "Service", "Ingress", "HorizontalPodAutoscaler")
PLAIN = "acme/server:v1"
VLLM = "vllm/vllm-openai:v0.8.0"
ADOPTED = "AdoptedAsFound"
CANARY = {"image": "acme/server:v2", "weight": 20}
SCALED = {"enabled": True, "min_replicas": 3, "max_replicas": 8}
EDITS: dict[str, Any] = {
    "env": {"B": "2", "A": "1"},
    "args": ["--fast"],
    "port": 9000,
    "health_check_path": "/ready",
    "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "8"}},
}
FLEET: dict[str, dict[str, Any]] = {
    "plain": {"replicas": 2},
    "vllm": {"image": VLLM, "args": ["--model", "m"], "env": {"Z": "1", "A": "2"}, "model_path": "/models/m"},
    "edited": {"applied": dict.fromkeys(EDITS), **EDITS},
    "mistaken": {"image": "acme/postgis:v1", "gpu_count": 0},
    "weighted": {"canary": CANARY, "gpu_count": 0},
    "synced": {"model_source": "s3://acme/m", "accelerator": "neuron"},
}
SETTINGS = {"CANARY_WARMUP_SECONDS": "0.5", "DRAIN_SECONDS": "0.5"}

Name = tuple[str, str]
"""Kind and name."""


async def leaves(
    site: Site,
    writers: Writers,
    name: str,
    *,
    applied: Mapping[str, Any] | None = None,
    without: Collection[Name] = (),
    state: str = "running",
    path: str | None = None,
    **spec: Any,
) -> None:
    """Leave a record behind, and the objects that the poller made for it.

    Args:
        applied: What the spec had been when it made them, where it was another; None as a value: not there.
        without: Objects that are gone since.
        state: What the record asks for.
        path: Its ``ingress_path``, where that is another than usual.
    """
    wanted = a_spec(**{"image": PLAIN, **spec})
    status = {"state": state, "replicas_ready": 1, "replicas_desired": 1, "last_sync": now()}
    fields = {} if path is None else {"ingress_path": path}
    writers.create(name, wanted, desired_state=state, region_status={"us-east-1": status}, **fields)
    item = writers.read(name)
    assert item is not None
    old = {field: value for field, value in {**item["spec"], **(applied or {})}.items() if value is not None}
    for made in sorted(objects_of({**item, "spec": old}), key=lambda made: made["kind"] == "Ingress"):
        if (made["kind"], made["metadata"]["name"]) not in without:
            await post(site.kubernetes, made)
    await rests(site, name)


async def rests(site: Site, name: str, replicas: int | None = None) -> None:
    """Wait until the pods of an endpoint and of its canary are there, and nobody has anything left to do."""

    async def is_at_rest() -> bool:
        found = [await site.kubernetes.get("Deployment", app) for app in (name, f"{name}-canary")]
        return all(_is_complete(live, replicas) for live in found if live is not None)

    await eventually(is_at_rest, 20, f"{name} at rest")


def _is_complete(live: Manifest, replicas: int | None) -> bool:
    status, desired = live.get("status", {}), live["spec"]["replicas"]
    progress = [c["reason"] for c in status.get("conditions", ()) if c["type"] == "Progressing"]
    is_seen = status.get("observedGeneration") == live["metadata"]["generation"]
    is_done = progress == ["NewReplicaSetAvailable"] and status.get("availableReplicas", 0) == desired
    return is_seen and is_done and replicas in (None, desired)


async def pods(site: Site) -> set[tuple[str, str]]:
    """Return every pod that stays, by its uid and the hash of its template."""
    found = await site.kubernetes.list("Pod")
    staying = [pod["metadata"] for pod in found if "deletionTimestamp" not in pod["metadata"]]
    return {(pod["uid"], pod["labels"]["pod-template-hash"]) for pod in staying}


async def versions(site: Site) -> dict[Name, str]:
    """Return the version of every object of an endpoint that there is."""
    found = {kind: await site.kubernetes.list(kind) for kind in KINDS}
    return {(kind, o["metadata"]["name"]): o["metadata"]["resourceVersion"] for kind in KINDS for o in found[kind]}


async def owned_by_the_old_client(site: Site) -> list[Name]:
    """Name the objects of which the poller's client still owns fields."""
    found = [(kind, live["metadata"]) for kind in KINDS for live in await site.kubernetes.list(kind)]
    return [(kind, m["name"]) for kind, m in found if any(e["manager"] == MANAGER for e in m["managedFields"])]


async def frozen(site: Site) -> list[str]:
    """Say what keeps the load balancer from serving what is there now."""
    ingresses, services = await site.kubernetes.list("Ingress"), await site.kubernetes.list("Service")
    kinds = {"Ingress": ingresses, "Service": services}
    for kind, found in kinds.items():
        for live in found:
            live["kind"] = kind
    return violations(ingresses, services, own_namespace=site.namespace)
