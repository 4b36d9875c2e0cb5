"""What Hypothesis draws from: records as writers write them, and junk as nobody should."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.builders import ELSEWHERE, NAME, REGION, a_spec, an_item

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.text(max_size=8)
    | st.sampled_from(["deploying", "deleted", "running", "0", "1e400", "\ud800", "Infinity"])
)
junk = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
"""Anything that JSON or DynamoDB can hold."""

_SPEC_FIELDS = [
    "image",
    "port",
    "replicas",
    "gpu_count",
    "accelerator",
    "health_check_path",
    "region_image_uris",
    "env",
    "resources",
    "command",
    "args",
    "model_path",
    "model_source",
    "node_selector",
    "tolerations",
    "capacity_type",
    "gpu_type",
    "autoscaling",
    "canary",
    "rollout",
]
_ITEM_FIELDS = ["desired_state", "target_regions", "namespace", "ingress_path", "updated_at", "region_status", "labels"]

_broken_specs = st.dictionaries(st.sampled_from(_SPEC_FIELDS), junk, max_size=5).map(lambda fields: a_spec() | fields)


@st.composite
def junk_items(draw: st.DrawFn) -> dict[str, Any]:
    """Records whose fields hold anything; only the key is what the table guarantees: a string."""
    item = an_item() | draw(st.dictionaries(st.sampled_from(_ITEM_FIELDS), junk, max_size=4))
    statuses = st.dictionaries(st.sampled_from([REGION, ELSEWHERE]), st.dictionaries(_status_fields, junk, max_size=4))
    item["region_status"] = draw(st.just(item["region_status"]) | statuses)
    item["spec"] = draw(_broken_specs | junk)
    item["endpoint_name"] = draw(st.just(NAME) | st.text(min_size=1, max_size=70))
    return item


_status_fields = st.sampled_from(
    [
        "state",
        "replicas_ready",
        "replicas_desired",
        "last_sync",
        "error",
        "reason",
        "published",
        "observed_spec",
        "cluster",
        "canary",
    ]
)

_images = st.sampled_from(
    ["vllm/vllm-openai:v0.8.0", "ghcr.io/huggingface/text-generation-inference:3", "acme/postgis-vllmish:1", "triton"]
)
_names = st.text("ABCDEFGH_", min_size=1, max_size=4)
_args = st.lists(st.sampled_from(["--root-path", "--root-path=/x", "/a/b/", "prefix", "--port", "8000"]), max_size=4)

_counts = st.integers(1, 20) | st.integers(1, 20).map(str) | st.integers(1, 20).map(lambda number: f"{number}.0")
autoscalings = st.fixed_dictionaries(
    {"enabled": st.just(True) | st.just("true"), "max_replicas": st.integers(20, 40) | st.just("20.0")},
    optional={
        "min_replicas": _counts,
        "metrics": st.lists(
            st.fixed_dictionaries({"type": st.sampled_from(["cpu", "memory"])}, optional={"target": _counts}),
            unique_by=lambda metric: str(metric["type"]),
        ),
    },
)
"""Autoscaling that is on and right, its numbers in every spelling."""

specs = st.fixed_dictionaries(
    {"image": _images},
    optional={
        "port": st.integers(1, 65535) | st.integers(1, 65535).map(str),
        "replicas": st.integers(0, 3).map(Decimal),
        "gpu_count": st.integers(0, 8),
        "accelerator": st.sampled_from(["nvidia", "neuron"]),
        "health_check_path": st.sampled_from(["/", "/health", "/v2/health/ready"]),
        "region_image_uris": st.dictionaries(st.sampled_from([REGION, ELSEWHERE]), _images, max_size=2),
        "env": st.dictionaries(_names, st.text("ab$()A", max_size=6) | st.integers() | st.booleans(), max_size=4),
        "resources": st.fixed_dictionaries(
            {"requests": st.dictionaries(st.sampled_from(["cpu", "memory"]), st.sampled_from(["1", "500m", "2"]))}
        ),
        "command": st.lists(st.sampled_from(["serve", "--root-path=/own"]), max_size=2),
        "args": _args,
        "model_path": st.just("/models/llama"),
        "model_source": st.just("s3://models/llama"),
        "node_selector": st.dictionaries(st.sampled_from(["zone", "pool"]), st.sampled_from(["a", "b"])),
        "tolerations": st.lists(st.fixed_dictionaries({"key": _names, "operator": st.just("Exists")}), max_size=2),
        "capacity_type": st.sampled_from(["spot", "on-demand"]),
        "gpu_type": st.just("p5.48xlarge"),
        "rollout": st.fixed_dictionaries({}, optional={"max_unavailable": st.sampled_from([0, 1, "25%"])}),
    },
)
"""Specs that are right, of every field that the objects depend on."""

labels = st.dictionaries(
    st.sampled_from(["team", "app", "gco.io/type", "example.com/cost"]), st.sampled_from(["a", "b"])
)


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    """Records that are right but for their spec now and then."""
    return an_item(
        desired_state=draw(st.sampled_from(["deploying", "running", "running", "stopped", "deleted"])),
        target_regions=draw(st.sampled_from([[REGION], [REGION, ELSEWHERE], [ELSEWHERE]])),
        spec=draw(specs | specs | st.just({"image": ""})),
        labels=draw(labels),
        ingress_path=draw(st.sampled_from([f"/inference/{NAME}", "/other"])),
    )
