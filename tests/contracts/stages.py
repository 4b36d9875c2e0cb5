"""Clusters to hold to the contract, and records to fill them with."""

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from gco_stream.core.manifests import render
from gco_stream.core.models import Apply, Manifest, ObjectKey, Scope
from gco_stream.core.record import Endpoint, read_endpoint
from gco_stream.ports import Cluster
from gco_stream.shell.cluster import KubernetesCluster
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_library import Configuration, config
from tests.builders import SCOPE, an_item
from tests.fakes.cluster import FakeCluster
from tests.sandboxes import a_sandbox
from tests.world.kubernetes import Kubernetes
from tests.world.site import Site

SPECS: dict[str, dict[str, Any]] = {
    "plain": {},
    "four gpus": {"gpu_count": 4, "replicas": 3, "gpu_type": "p5.48xlarge", "capacity_type": "spot"},
    "neuron": {"accelerator": "neuron", "gpu_count": 2, "image": "acme/neuron-server:v1"},
    "no accelerator": {"gpu_count": 0, "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}}},
    "models": {"model_source": "s3://models/llama$(X)", "model_path": "/models/llama"},
    "environment": {"env": {"B": "$(A)/x", "A": "1", "EMPTY": "", "LONG": "x" * 3000, "_": "ünï: {}"}},
    "arguments": {"command": ["python3", "-m", "server"], "args": ["--x", "", "a b", "--y={}"]},
    "vllm": {"image": "vllm/vllm-openai:v0.10.0", "args": ["--model", "m"], "port": 8080, "health_check_path": "/"},
    "rollout": {"rollout": {"max_surge": 1, "max_unavailable": "0%", "progress_deadline_seconds": 60}},
    "placement": {
        "node_selector": {"disk": "fast"},
        "tolerations": [
            {"key": "a", "operator": "Exists"},
            {"key": "b", "value": "", "effect": "NoExecute", "tolerationSeconds": 5},
        ],
    },
    "odd amounts": {"resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"cpu": "1.0"}}},
    "nothing to run": {"replicas": 0},
}
LABELS = {"team": "search", "acme.io/cost-center": "42", "empty": "", "app": "not-taken"}


def an_endpoint(scope: Scope = SCOPE, *, labels: dict[str, str] | None = None, **spec: Any) -> Endpoint:
    fields = {"image": "acme/server:v1", **spec}
    item = an_item(spec=fields, namespace=scope.namespace, labels=labels or {})
    return read_endpoint(item, scope)


class Stage(Protocol):
    """A cluster as the controller sees it, and as somebody else does."""

    @property
    def cluster(self) -> Cluster: ...
    @property
    def scope(self) -> Scope: ...
    async def make(self, manifest: Manifest) -> Manifest:
        """Make an object, or change one, as another manager."""
        ...

    async def live(self, key: ObjectKey) -> Manifest | None: ...
    def work(self) -> None:
        """Let the cluster's controllers do their work, where they do not by themselves."""
        ...


def manifests_of(stage: Stage, *, labels: dict[str, str] | None = None, **spec: Any) -> dict[ObjectKey, Manifest]:
    endpoint = an_endpoint(stage.scope, labels=labels, **spec)
    return dict(render(endpoint, stage.scope, replicas=endpoint.spec.replicas))


async def created(stage: Stage, manifests: dict[ObjectKey, Manifest]) -> dict[ObjectKey, Manifest]:
    """Create every object through the port, and return them as they were answered."""
    answers = {}
    for key, manifest in manifests.items():
        answer = await stage.cluster.carry_out(Apply(key=key, manifest=manifest, uid=None, why="test"))
        assert answer is not None
        answers[key] = answer
    return answers


@dataclass
class FakeStage:
    cluster: FakeCluster
    scope: Scope = SCOPE

    def __post_init__(self) -> None:
        """Let the contract write in any order: what a load balancer needs is not the port's to know."""
        self.cluster.model.is_balanced = False

    async def make(self, manifest: Manifest) -> Manifest:
        return copy.deepcopy(self.cluster.make(manifest))

    async def live(self, key: ObjectKey) -> Manifest | None:
        return copy.deepcopy(self.cluster.model.objects.get(key))

    def work(self) -> None:
        self.cluster.model.work()


@dataclass
class RealStage:
    cluster: KubernetesCluster
    scope: Scope
    kubernetes: Kubernetes

    async def make(self, manifest: Manifest) -> Manifest:
        return await self.kubernetes.apply(dict(manifest), field_manager="kubectl")

    async def live(self, key: ObjectKey) -> Manifest | None:
        return await self.kubernetes.get(key.kind.value, key.name)

    def work(self) -> None:
        """It does by itself."""


@asynccontextmanager
async def a_real_stage(
    kubeconfig: Path, site: Site | Kubernetes, *, namespace: str | None = None
) -> AsyncIterator[RealStage]:
    """A namespace of the real cluster or of the sandbox, seen with the rights of a kubeconfig file."""
    kubernetes = site.kubernetes if isinstance(site, Site) else site
    configuration = Configuration()
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    scope = replace(SCOPE, namespace=namespace or kubernetes.namespace)
    async with Connection(configuration) as api:
        cluster = KubernetesCluster(api, namespace=scope.namespace, timeout=timedelta(seconds=10))
        yield RealStage(cluster, scope, kubernetes)


@asynccontextmanager
async def a_sandbox_stage() -> AsyncIterator[RealStage]:
    """A namespace of a sandbox of its own."""
    async with a_sandbox() as (sandbox, kubernetes), a_real_stage(sandbox.kubeconfig, kubernetes) as stage:
        yield stage
