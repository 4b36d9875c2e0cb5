"""What endpoints are made of, in a namespace that holds pods to one of Kubernetes' standards of pod security.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from gco_stream.core.causes import Cause, refused_pods
from gco_stream.core.manifests import render
from tests.builders import SCOPE
from tests.contracts.stages import an_endpoint
from tests.k8s.built import NAMESPACES
from tests.world import KubernetesError, Manifest, Site, eventually
from tests.world.kubernetes import APPLY_PATCH
from tests.world.site import SERVICE_ACCOUNT

ENFORCE = "pod-security.kubernetes.io/enforce"
SHIPPED = yaml.safe_load_all((NAMESPACES / "gco-inference.yaml").read_text())
STRICT = {"fieldManager": "gco-stream", "force": "true", "fieldValidation": "Strict"}
CANARY = {"image": "acme/server:v2", "weight": 10, "replicas": 1}
SPECS: dict[str, dict[str, Any]] = {
    "gpus": {"gpu_count": 2, "canary": CANARY},
    "neuron": {"gpu_count": 1, "accelerator": "neuron"},
    "models": {"gpu_count": 1, "model_source": "s3://models/llama", "canary": CANARY},
    "no accelerator": {"gpu_count": 0},
}
# Of the node's own processes no standard lets a pod see anything.
SPOILED = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "spoiled"},
    "spec": {"hostPID": True, "serviceAccountName": SERVICE_ACCOUNT, "containers": [{"name": "one", "image": "one"}]},
}


async def enforced(site: Site, standard: str) -> None:
    """Hold the site's pods to a standard; from when on that is known to the API server is tried out."""
    await site.kubernetes.patch("Namespace", site.namespace, {"metadata": {"labels": {ENFORCE: standard}}})

    async def is_refused() -> bool:
        try:
            await site.kubernetes.request("POST", site.kubernetes.path("Pod"), SPOILED, params={"dryRun": "All"})
        except KubernetesError as error:
            return f'violates PodSecurity "{standard}:latest"' in str(error)
        return False

    await eventually(is_refused, 10, f"{standard} enforced")


async def applied(site: Site, **spec: Any) -> list[Manifest]:
    """Apply what is rendered of an endpoint, to the letter, and return its Deployments."""
    scope = replace(SCOPE, namespace=site.namespace)
    made = render(an_endpoint(scope, **spec), scope, replicas=2)
    for key, manifest in made.items():
        path = site.kubernetes.path(key.kind.value, key.name)
        await site.kubernetes.request("PATCH", path, dict(manifest), params=STRICT, content_type=APPLY_PATCH)
    return [dict(manifest) for key, manifest in made.items() if key.kind.value == "Deployment"]


def test_the_namespace_is_shipped_with_the_standard_that_endpoints_are_tried_in() -> None:
    (namespace,) = (one for one in SHIPPED if one["kind"] == "Namespace")

    assert namespace["metadata"]["labels"][ENFORCE] == "baseline"


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
async def test_an_endpoint_runs_where_baseline_is_enforced(site: Site, spec: dict[str, Any]) -> None:
    await enforced(site, "baseline")

    deployments = await applied(site, **spec)

    for wanted in deployments:

        async def runs(wanted: Manifest = wanted) -> bool:
            live = await site.kubernetes.get("Deployment", wanted["metadata"]["name"])
            return live is not None and live["status"].get("availableReplicas") == wanted["spec"]["replicas"]

        await eventually(runs, 30, f"the pods of {wanted['metadata']['name']}")


async def test_restricted_refuses_what_would_ask_the_images_not_to_run_as_root(site: Site) -> None:
    await enforced(site, "restricted")

    await applied(site, gpu_count=1, model_source="s3://models/llama")

    async def is_refused() -> Cause | None:
        live = await site.kubernetes.get("Deployment", "llama")
        return None if live is None else refused_pods(live)

    cause = await eventually(is_refused, 30, "the pods refused")
    _, _, violations = cause.message.partition('violates PodSecurity "restricted:latest": ')
    assert cause.reason == "FailedCreate"
    assert re.sub(r" \(.*?\)", "", violations) == "unrestricted capabilities, runAsNonRoot != true"
