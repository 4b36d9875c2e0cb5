"""What a record says about its pods, as one short name: whether that has changed is told by a label."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from gco_stream.core.manifests.images import image_for_region
from gco_stream.core.quantities import amount
from gco_stream.core.spec import EndpointSpec

# The record's template fields, and what is meant where one is missing. Not the defaults of ``EndpointSpec``: should
# those or the fields ever change, the hashes that are out there must stay what they are.
_MEANT: Mapping[str, Any] = {
    "port": 8000,
    "gpu_count": 1,
    "accelerator": "nvidia",
    "health_check_path": "/health",
    "env": {},
    "command": [],
    "args": [],
    "model_path": None,
    "model_source": None,
    "node_selector": {},
    "tolerations": [],
    "capacity_type": None,
    "gpu_type": None,
}
_MEANT_RESOURCES = {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"cpu": "4", "memory": "16Gi"}}


def template_fields_hash(spec: EndpointSpec, *, region: str) -> str:
    """Name what a record says about its pods, as the value of a label.

    Args:
        spec: As these pods run it: a canary's differs in its image.
        region: Whose copy of the image counts; another region's copy is no change here.
    """
    given = spec.model_dump(mode="json", include={*_MEANT}, exclude_unset=True)
    fields = {field: value for field, value in given.items() if value != _MEANT[field]}
    if "tolerations" in fields:
        fields["tolerations"] = [toleration.model_dump(exclude_none=True) for toleration in spec.tolerations]
    fields |= {"image": image_for_region(spec.image, spec.region_image_uris, region), "resources": _resources(spec)}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _resources(spec: EndpointSpec) -> Mapping[str, Mapping[str, str]]:
    given = spec.resources.model_dump(exclude_unset=True) if "resources" in spec.model_fields_set else {}
    return {part: _amounts(given.get(part, meant)) for part, meant in _MEANT_RESOURCES.items()}


def _amounts(quantities: Mapping[str, str]) -> Mapping[str, str]:
    known = {resource: amount(quantity) for resource, quantity in quantities.items()}
    return {resource: str(quantities[resource] if n is None else n.normalize()) for resource, n in known.items()}
