import pytest

from gco_stream.core.manifests.images import image_for_region, repository_name, takes_root_path
from tests.builders import ELSEWHERE, REGION

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.behaviour("B17")
@pytest.mark.parametrize(
    ("image", "copy"),
    [
        ("vllm/vllm-openai:v0.8.0", f"{ECR}/vllm/vllm-openai:v0.8.0"),
        ("docker.io/vllm/vllm-openai:v0.8.0", f"{ECR}/vllm/vllm-openai:v0.8.0"),
        ("localhost:5000/acme/llama:v1", f"{ECR}/acme/llama:v1"),
        ("acme/llama", f"{ECR}/acme/llama:latest"),
        ("acme/llama@sha256:ab", f"{ECR}/acme/llama@sha256:ab"),
    ],
)
def test_a_region_pulls_its_own_copy_of_the_same_version(image: str, copy: str) -> None:
    assert image_for_region(image, {REGION: copy}, REGION) == copy


@pytest.mark.behaviour("B17")
@pytest.mark.parametrize(
    "copies",
    [
        {},
        {ELSEWHERE: f"{ECR}/acme/llama:v2"},
        {REGION: f"{ECR}/acme/llama:v1"},
        {REGION: f"{ECR}/acme/mistral:v2"},
        {REGION: f"{ECR}/acme/llama"},
        {REGION: f"{ECR}/acme/llama@sha256:ab"},
        {REGION: ""},
        {REGION: None},
        {REGION: ["acme/llama:v2"]},
        {REGION: 2},
    ],
    ids=str,
)
def test_a_copy_that_is_missing_or_left_behind_by_an_update_is_not_used(copies: dict[str, object]) -> None:
    assert image_for_region("acme/llama:v2", copies, REGION) == "acme/llama:v2"


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("vllm/vllm-openai:v0.8.0", "vllm-openai"),
        ("localhost:5000/llama", "llama"),
        ("nginx", "nginx"),
        ("acme/Llama@sha256:ab", "llama"),
        ("acme/llama:v1@sha256:ab", "llama"),
    ],
)
def test_the_repository_name_is_the_last_part_without_version(image: str, name: str) -> None:
    assert repository_name(image) == name


@pytest.mark.behaviour("B22")
@pytest.mark.parametrize(
    "image", ["vllm/vllm-openai:v0.8.0", f"{ECR}/vllm:1", "acme/my-vllm", "acme/vllm_rocm@sha256:ab"]
)
def test_vllm_is_known_by_its_repository_name(image: str) -> None:
    assert takes_root_path(image)


@pytest.mark.behaviour("B22")
@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/huggingface/text-generation-inference:3",
        "acme/tgi:1",
        "acme/postgis-x:1",
        "vllm/benchmark:1",
        "vllm.example.com/acme/llama:1",
        "acme/llama:vllm",
        "acme/notvllm",
    ],
)
def test_nothing_else_is_taken_for_it(image: str) -> None:
    assert not takes_root_path(image)
