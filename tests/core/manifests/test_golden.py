"""Every object of a few endpoints, complete: what is written in ``golden/`` is what the API server is sent.

A change there restarts pods of everybody who runs such an endpoint, or changes their traffic. Where that is meant,
renew the files and read the difference line by line:

    RENEW_GOLDEN=1 pytest tests/core/manifests/test_golden.py
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from gco_stream.core.manifests import render
from gco_stream.core.manifests.pod import VERSION
from gco_stream.core.record import read_endpoint
from tests.builders import REGION, SCOPE, an_item, as_stored
from tests.core.golden import as_written_down
from tests.strategies import labels, specs

GOLDEN = Path(__file__).parent / "golden"
# A changed template under the same version replaces every pod there is: raise it, and add a line instead.
TEMPLATES = {"2": "35b16adfd52d3fea"}

RECORDS: dict[str, dict[str, Any]] = {
    "vllm": {
        "image": "vllm/vllm-openai:v0.8.0",
        "replicas": 2,
        "gpu_count": 2,
        "env": {"HF_HOME": "/models/hf", "MODEL": "meta-llama/Llama-3.1-8B", "SERVED": "$(MODEL)"},
        "args": ["--model", "$(MODEL)"],
        "model_path": "/models",
        "capacity_type": "on-demand",
        "region_image_uris": {REGION: "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm/vllm-openai:v0.8.0"},
    },
    "triton": {
        "image": "nvcr.io/nvidia/tritonserver:25.01-py3",
        "port": 8000,
        "health_check_path": "/v2/health/ready",
        "command": ["tritonserver"],
        "args": ["--model-repository=/models/triton"],
        "model_source": "s3://acme-models/triton/",
        "resources": {"requests": {"cpu": "8", "memory": "64Gi"}, "limits": {"cpu": "16", "memory": "96Gi"}},
        "node_selector": {"pool": "a100"},
        "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "ml", "effect": "NoSchedule"}],
        "rollout": {"max_surge": 1, "max_unavailable": 0, "progress_deadline_seconds": 3600},
    },
    "without-accelerator": {"image": "acme/embedder:1", "gpu_count": 0, "replicas": 0, "port": "8080"},
    "autoscaled": {
        "image": "acme/embedder:1",
        "gpu_count": 0,
        "replicas": 2,
        "autoscaling": {
            "enabled": True,
            "min_replicas": "2",
            "max_replicas": 8,
            "metrics": [{"type": "cpu", "target": 60}, {"type": "memory", "target": "80.0"}],
        },
    },
    "neuron": {"image": "acme/neuron-server:1", "accelerator": "neuron", "gpu_type": "inf2.xlarge"},
}


def rendered(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    endpoint = read_endpoint(an_item(name, spec=spec, labels={"team": "nlp"}), SCOPE)
    return {str(key): manifest for key, manifest in render(endpoint, SCOPE, replicas=endpoint.spec.replicas).items()}


@pytest.mark.parametrize("name", RECORDS)
def test_every_object_is_what_is_written(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    text = json.dumps(rendered(name, RECORDS[name]), indent=2) + "\n"

    # As text, since an order of fields or entries that changes may restart pods, too.
    assert text == as_written_down(path, text)


@pytest.mark.behaviour("B35")
def test_another_template_has_another_version() -> None:
    templates = [
        manifest["spec"]["template"]
        for name, spec in RECORDS.items()
        for manifest in rendered(name, spec).values()
        if manifest["kind"] == "Deployment"
    ]

    assert hashlib.sha256(json.dumps(templates).encode()).hexdigest()[:16] == TEMPLATES[VERSION]


def test_nothing_is_written_that_is_not_rendered() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == RECORDS.keys()


def shuffled(value: Any) -> Any:
    """The same with every map the other way round."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(entry) for entry in value] if isinstance(value, list) else value


@given(spec=specs, labels=labels)
def test_the_order_of_the_records_maps_changes_nothing(spec: dict[str, Any], labels: dict[str, str]) -> None:
    item = an_item(spec=spec, labels=labels)

    one = render(read_endpoint(item, SCOPE), SCOPE, replicas=1)
    other = render(read_endpoint(shuffled(item), SCOPE), SCOPE, replicas=1)

    assert json.dumps(list(one.values())) == json.dumps(list(other.values()))


def empties(value: Any) -> list[Any]:
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    below = [found for entry in entries for found in empties(entry)]
    return below + [value for value in (value,) if value is None or value in ({}, [])]


@given(spec=specs, labels=labels)
def test_no_manifest_holds_a_null_or_anything_empty(spec: dict[str, Any], labels: dict[str, str]) -> None:
    manifests = render(read_endpoint(an_item(spec=spec, labels=labels), SCOPE), SCOPE, replicas=0)

    for manifest in manifests.values():
        assert json.loads(json.dumps(manifest)) == manifest
        assert empties(manifest) == []


@pytest.mark.behaviour("B22")
@given(spec=specs)
def test_pods_and_load_balancer_are_asked_for_health_under_the_same_path(spec: dict[str, Any]) -> None:
    endpoint = read_endpoint(an_item(spec=as_stored(spec)), SCOPE)

    deployment, _, ingress = render(endpoint, SCOPE, replicas=1).values()

    container = deployment["spec"]["template"]["spec"]["containers"][0]
    asked = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert asked == {ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/healthcheck-path"]}
    assert asked.pop().startswith("/")
