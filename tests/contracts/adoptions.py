"""What the poller leaves behind on a stage, and taking it over there."""

from typing import Any

from gco_stream.core.adoption import adopting_fold
from gco_stream.core.kept_template import with_kept_template
from gco_stream.core.models import Apply, Item, Kind, Manifest, ObjectKey
from tests.builders import NAME, an_item
from tests.contracts.stages import FakeStage, RealStage, Stage, manifests_of
from tests.left_behind import key_of, leave
from tests.poller import Made, objects_of, post
from tests.world.eventually import eventually

DEPLOYMENT, SERVICE = ObjectKey(Kind.DEPLOYMENT, NAME), ObjectKey(Kind.SERVICE, NAME)
INGRESS, AUTOSCALER = ObjectKey(Kind.INGRESS, f"inference-{NAME}"), ObjectKey(Kind.AUTOSCALER, NAME)
OURS = "gco-stream"
SCALED = {"enabled": True, "min_replicas": 1, "max_replicas": 8}
SPECS: dict[str, dict[str, Any]] = {
    "plain": {},
    "vllm": {"image": "vllm/vllm-openai:v0.8.0", "args": ["--model", "m"], "env": {"Z": 1, "A": "2", "M": True}},
    "tgi": {"image": "ghcr.io/huggingface/text-generation-inference:3.0", "model_path": "/models/m", "gpu_count": 2},
    "latest": {"image": "acme/server", "command": ["serve"], "health_check_path": "/"},
    "neuron": {"accelerator": "neuron", "capacity_type": "on-demand"},
    "models": {"model_source": "s3://acme/m", "env": {"HALF": "0.5", "MORE": 1.5, "NONE": ""}},
    "no accelerator": {"gpu_count": 0, "resources": {"requests": {"cpu": 2}, "limits": {"memory": "1Gi"}}},
    "placement": {"node_selector": {"kubernetes.io/os": "linux"}, "tolerations": [{"key": "a", "operator": "Exists"}]},
    "empty lists": {"command": [], "args": [], "env": {}},
}


def an_old_item(stage: Stage, **spec: Any) -> Item:
    return an_item(namespace=stage.scope.namespace, spec={"image": "acme/server:v1", **spec})


async def left(stage: Stage, made: Made) -> Made:
    """Let the poller make an object, and the cluster's controllers do what they have to do about it."""
    if isinstance(stage, FakeStage):
        return leave(stage.cluster, made)
    assert isinstance(stage, RealStage)
    await post(stage.kubernetes, made)
    return await at_rest(stage, key_of(made))


async def at_rest(stage: RealStage, key: ObjectKey) -> Made:
    """Read an object once nobody is about to write to it: a Deployment when its pods are there."""

    async def settled() -> Made | None:
        live = dict(await stage.live(key) or {})
        status = live.get("status", {})
        is_seen = status.get("observedGeneration") == live["metadata"].get("generation")
        counters = ("replicas", "updatedReplicas", "availableReplicas")
        is_done = is_seen and all(status.get(one, 0) == live["spec"].get("replicas") for one in counters)
        progress = [c["reason"] for c in status.get("conditions", ()) if c["type"] == "Progressing"]
        is_at_rest = is_done and progress == ["NewReplicaSetAvailable"] and not status.get("terminatingReplicas")
        return live if key.kind is not Kind.DEPLOYMENT or is_at_rest else None

    found = await eventually(settled, what=f"{key} at rest")
    assert found is not None
    return found


async def left_of(stage: Stage, item: Item) -> dict[ObjectKey, Made]:
    return {key_of(made): await left(stage, made) for made in objects_of(item)}


def intent_as_found(stage: Stage, live: Manifest, *, autoscaled: bool = False, **spec: Any) -> Manifest:
    """The Deployment as it is rendered today, with the template that was found."""
    manifest = with_kept_template(manifests_of(stage, **spec)[DEPLOYMENT], live)
    fields = {field: value for field, value in manifest["spec"].items() if not (autoscaled and field == "replicas")}
    return {**manifest, "spec": fields}


async def take_over(stage: Stage, live: Manifest, manifest: Manifest, *, autoscaled: bool = False) -> Manifest:
    fold = adopting_fold(live, keeps_replicas=autoscaled)
    key = key_of(dict(manifest))
    apply = Apply(key=key, manifest=manifest, uid=live["metadata"]["uid"], why="test", fold=fold)
    after = await stage.cluster.carry_out(apply)
    assert after is not None
    return after


async def adopted(stage: Stage, live: Manifest, **spec: Any) -> Manifest:
    return await take_over(stage, live, intent_as_found(stage, live, **spec))


def managers(live: Manifest) -> list[str]:
    entries = live["metadata"]["managedFields"]
    return sorted(entry["manager"] for entry in entries if not entry.get("subresource"))


def container_of(live: Manifest) -> Any:
    return live["spec"]["template"]["spec"]["containers"][0]
