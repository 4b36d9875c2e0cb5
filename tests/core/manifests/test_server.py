from typing import Any

import pytest

from gco_stream.core.manifests.server import arguments, health_path
from gco_stream.core.record import Endpoint
from tests.builders import NAME, an_endpoint

VLLM = "vllm/vllm-openai:v0.8.0"


def vllm(**spec: Any) -> Endpoint:
    return an_endpoint(image=VLLM, **spec)


@pytest.mark.behaviour("B22")
def test_vllm_is_told_its_root_path_and_asked_for_health_under_it() -> None:
    endpoint = vllm(args=["--model", "llama"])

    assert arguments(endpoint) == ("--model", "llama", "--root-path", f"/inference/{NAME}")
    assert health_path(endpoint) == f"/inference/{NAME}/health"


@pytest.mark.behaviour("B22")
@pytest.mark.parametrize("image", ["ghcr.io/huggingface/text-generation-inference:3", "acme/postgis-x:1"])
def test_servers_without_such_a_flag_are_told_nothing(image: str) -> None:
    endpoint = an_endpoint(image=image, args=["--a"], health_check_path="/ping")

    assert arguments(endpoint) == ("--a",)
    assert health_path(endpoint) == "/ping"


@pytest.mark.behaviour("B22")
def test_nothing_is_added_to_a_command_of_the_users_own() -> None:
    endpoint = vllm(command=["python3", "-m", "server"], args=["--port", "8000"])

    assert arguments(endpoint) == ("--port", "8000")
    assert health_path(endpoint) == "/health"


@pytest.mark.behaviour("B22")
@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"args": ["--root-path", "/own"]}, "/own/health"),
        ({"args": ["--root-path=/own"]}, "/own/health"),
        ({"args": ["--root-path=/own/"]}, "/own/health"),
        ({"args": ["--root-path=own"]}, "/own/health"),
        ({"args": ["--root-path", ""]}, "/health"),
        ({"args": ["--root-path=/"]}, "/health"),
        ({"args": ["--root-path"]}, "/health"),
        ({"command": ["vllm", "serve", "--root-path", "/own"]}, "/own/health"),
        ({"command": ["vllm", "serve", "--root-path=/own"], "args": ["--port", "1"]}, "/own/health"),
        ({"args": ["--root-path-prefix=/x"]}, f"/inference/{NAME}/health"),
    ],
)
def test_the_users_own_root_path_is_honoured(spec: dict[str, list[str]], path: str) -> None:
    endpoint = vllm(**spec)

    assert health_path(endpoint) == path
    assert [arg for arg in (*endpoint.spec.command, *arguments(endpoint)) if "--root-path" in arg].count(
        "--root-path"
    ) <= 1
