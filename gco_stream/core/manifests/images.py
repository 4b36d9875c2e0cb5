"""Which image a region pulls, and what kind of server is in it."""

import re
from collections.abc import Mapping
from typing import Any


def image_for_region(image: str, copies: Mapping[str, Any], region: str) -> str:
    """Choose the region's own copy of an image where there is one, else the image itself.

    A copy counts only if it is the same repository and version in another registry: the map is written once, and
    a later change of the image leaves it behind.

    Args:
        copies: ``region_image_uris`` of the record: region to image, unchecked.
    """
    copy = copies.get(region)
    if isinstance(copy, str) and copy and is_same_version(copy, image):
        return copy
    return image


def is_same_version(image: str, other: str) -> bool:
    """Whether two images are the same repository and version, in whichever registries."""
    return _without_registry(image) == _without_registry(other)


def _without_registry(image: str) -> str:
    registry, slash, rest = image.partition("/")
    path = rest if slash and re.search(r"[.:]|^localhost$", registry) else image
    return path if re.search(r"[@:]", path.rpartition("/")[2]) else f"{path}:latest"


def repository_name(image: str) -> str:
    """Return the last part of an image's repository: ``vllm-openai`` for ``vllm/vllm-openai:v0.8.0``."""
    return re.split(r"[@:]", image.rpartition("/")[2])[0].lower()


def takes_root_path(image: str) -> bool:
    """Whether the server in an image mounts itself under a prefix by ``--root-path``: vLLM does."""
    return "vllm" in re.split(r"[^a-z0-9]+", repository_name(image))
