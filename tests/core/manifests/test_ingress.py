from typing import Any

import pytest

from gco_stream.core.models import Kind, Manifest
from tests.builders import NAME, an_endpoint, manifests_of


def ingress(**fields: Any) -> Manifest:
    return manifests_of(an_endpoint(**fields))[Kind.INGRESS]


@pytest.mark.behaviour("B19")
def test_the_ingress_leads_its_path_to_the_endpoints_service() -> None:
    manifest = ingress(path="/v1/llama")

    backend = {"service": {"name": NAME, "port": {"number": 80}}}
    assert manifest["metadata"]["name"] == f"inference-{NAME}"
    assert manifest["spec"] == {
        "ingressClassName": "alb",
        "rules": [{"http": {"paths": [{"path": "/v1/llama", "pathType": "Prefix", "backend": backend}]}}],
    }


@pytest.mark.behaviour("B19")
def test_the_load_balancer_is_told_where_and_how_often_to_ask_for_health() -> None:
    annotations = ingress(health_check_path="/v2/health/ready")["metadata"]["annotations"]

    assert annotations == {
        "alb.ingress.kubernetes.io/healthcheck-interval-seconds": "15",
        "alb.ingress.kubernetes.io/healthcheck-path": "/v2/health/ready",
    }


@pytest.mark.behaviour("B19")
def test_the_health_path_follows_the_servers_prefix_and_not_the_ingress() -> None:
    annotations = ingress(path="/v1/llama", image="vllm/vllm-openai:v0.8.0")["metadata"]["annotations"]

    assert annotations["alb.ingress.kubernetes.io/healthcheck-path"] == f"/inference/{NAME}/health"
