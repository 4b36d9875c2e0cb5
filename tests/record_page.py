"""Writes the fields' tables of ``docs/record.md`` from the record's schema: ``python -m tests.record_page``."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from gco_stream.core.manifests.deployment import deployment
from gco_stream.core.schema import described_fields, record_schema
from tests.builders import SCOPE, an_endpoint

PAGE = Path(__file__).parents[1] / "docs" / "record.md"
FIELDS: Mapping[str, Mapping[str, Any]] = dict(described_fields(record_schema()))
NONE = "\N{EN DASH}"
_HEAD = "| field | default | rule | what it does |\n|---|---|---|---|"
# What a schema cannot say, or says in a pattern; braces name what it does say.
RULES = {
    "endpoint_name": "a DNS label of at most {maxLength} characters, so that `<name>-canary` fits into 63",
    "target_regions": "a non-empty list of names; with `deleted`, anything",
    "namespace": "the controller's",
    "spec": "a map, see below; it cannot be empty, as `image` is required",
    "ingress_path": "letters, digits and `/-_.~`, at most {maxLength} (the load balancer takes 128, and each prefix is "
    "also a rule that ends in `/*`); not `/`, `/inference`, `/api`, `/healthz` or below the latter two; no empty, `.` "
    "or `..` segment",
    "labels": "Kubernetes label keys and values",
    "region_status": "region → status, see *Status*; anything but a map counts as absent",
    "created_by": NONE,
    "spec.health_check_path": "starts with `/`, of characters that a URI may have, at most {maxLength}",
    "spec.region_image_uris": "region → image",
    "spec.env": "names valid in Kubernetes; strings, numbers or booleans",
    "spec.resources.requests": "a map of quantities",
    "spec.resources.limits": "a map of quantities",
    "spec.model_source": "`s3://bucket/prefix`",
    "spec.node_selector": "labels",
    "spec.tolerations": "Kubernetes tolerations",
    "spec.autoscaling.min_replicas": "{minimum} to {maximum}, and not above `max_replicas`",
    "spec.autoscaling.metrics": "a list, each `type` once at the most",
}
"""Rules by field, where the schema has no words for them."""


def default_of(path: str) -> str:
    """What counts where a field is left out, or that it cannot be."""
    field = FIELDS[path]
    parent, _, name = path.rpartition(".")
    required = FIELDS[parent].get("required", ()) if parent else (*record_schema()["required"], "target_regions")
    worded = {"namespace": "the controller's", "ingress_path": "`/inference/<name>`", **_rollout_defaults()}
    if path in worded or name in required:
        return worded.get(path, "required")
    if "properties" in field:
        return "below" if "default" in field else NONE
    empty = {"array": "[]", "object": "{}"}.get(field.get("type", ""))
    default = _as_yaml(field["default"]) if "default" in field else empty
    return NONE if default is None else f"`{default}`"


def _rollout_defaults() -> Mapping[str, str]:
    """Read from Deployments as they are rendered: the default is another with an accelerator and without."""
    with_one, without = _rollout(gpu_count=1), _rollout(gpu_count=0)
    return {
        f"spec.rollout.{field}": f"`{with_one[key]}`"
        + ("" if with_one[key] == without[key] else f" with an accelerator, else `{without[key]}`")
        for field, key in (
            ("max_surge", "maxSurge"),
            ("max_unavailable", "maxUnavailable"),
            ("progress_deadline_seconds", "progressDeadlineSeconds"),
        )
    }


def _rollout(*, gpu_count: int) -> Mapping[str, Any]:
    spec = deployment(an_endpoint(gpu_count=gpu_count), SCOPE, replicas=1)["spec"]
    return {**spec["strategy"]["rollingUpdate"], "progressDeadlineSeconds": spec["progressDeadlineSeconds"]}


def _as_yaml(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False).removesuffix("\n...\n").strip()


def rule_of(path: str) -> str:
    """What a field's value must be."""
    field, choices = FIELDS[path], FIELDS[path].get("anyOf", [{}])
    first = choices[0]
    if path in RULES:
        return RULES[path].format_map({**first, **field})
    if "enum" in field:
        *others, last = (f"`{word}`" for word in field["enum"])
        return f"{', '.join(others)} or {last}"
    if first.get("type") == "integer":
        return _span(first) if "%" not in choices[1]["pattern"] else "a number or a percentage"
    return _kind({**first, **field})


def _span(number: Mapping[str, Any]) -> str:
    return f"{number['minimum']} to {number['maximum']}" if "maximum" in number else f"at least {number['minimum']}"


def _kind(field: Mapping[str, Any]) -> str:
    if "properties" in field:
        return "below"
    kinds = {
        ("string", r"\S"): "a non-empty string",
        ("string", "date-time"): "ISO 8601 with a time zone",
        ("array", "string"): "a list of strings",
        ("boolean", None): "a boolean",
    }
    inner = field.get("pattern") or field.get("format") or field.get("items", {}).get("type")
    return kinds[field["type"], inner]


def tables() -> Mapping[str, str]:
    """Each table of the page by its name: of the item, of ``spec``, and of what is within fields of ``spec``."""
    depths = {"item": 0, "spec": 1}
    found: dict[str, list[str]] = {"item": [], "spec": [], "within spec": []}
    for path in FIELDS:
        if not path.startswith("spec.tolerations."):
            name = next((name for name, depth in depths.items() if path.count(".") == depth), "within spec")
            found[name].append(_row(path))
    return {name: "\n".join([_HEAD, *rows]) for name, rows in found.items()}


def _row(path: str) -> str:
    said = FIELDS[path]["description"].removesuffix(".")
    return f"| `{path.removeprefix('spec.')}` | {default_of(path)} | {rule_of(path)} | {said} |"


def page() -> str:
    """The page with its tables as they should be; its prose is its own."""
    return "".join(_pieces(PAGE.read_text()))


def _pieces(text: str) -> Iterator[str]:
    made = tables()
    before, *marked = re.split(r"^<!-- fields: ([\w ]+) -->\n.*?^<!-- end -->\n", text, flags=re.MULTILINE | re.DOTALL)
    assert sorted(marked[::2]) == sorted(made), "the page has not the marks of each table once"
    yield before
    for name, after in zip(marked[::2], marked[1::2], strict=True):
        yield f"<!-- fields: {name} -->\n{made[name]}\n<!-- end -->\n{after}"


if __name__ == "__main__":
    PAGE.write_text(page())
