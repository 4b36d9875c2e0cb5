"""docs/record.md, held to the code: every field, its default, every state."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from gco_stream.core.epoch import EPOCH
from gco_stream.core.schema import described_fields, record_schema
from gco_stream.core.spec import Autoscaling, Canary, EndpointSpec, Resources, Rollout
from gco_stream.core.status import _OURS, State

NO_DEFAULT = ("\N{EN DASH}", "required", "below")
PAGE = (Path(__file__).parents[1] / "docs" / "record.md").read_text()


def rows(title: str) -> list[list[str]]:
    """The tables under a heading, without their heads: a list of cells for each row."""
    (section,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for line in section.splitlines() if re.match(r"\| `", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def defaults(prefix: str = "") -> dict[str, Any]:
    """Each key of the ``spec`` tables with its default, read as YAML; None stands for none."""
    found: dict[str, Any] = {}
    for names, default, *_ in rows("`spec`"):
        keys = re.findall(r"`([\w.]+)`", names)
        parent = keys[0].rpartition(".")[0]
        keys = [f"{parent}{key}" if key.startswith(".") else key for key in keys]
        values = re.findall(r"`([^`]*)`", default) or [default] * len(keys)
        found |= {key: _read(value) for key, value in zip(keys, values, strict=False)}
    inner = {key.removeprefix(prefix): value for key, value in found.items() if key.startswith(prefix)}
    return {key: value for key, value in inner.items() if "." not in key}


def _read(text: str) -> Any:
    if text in NO_DEFAULT:
        return None
    return yaml.safe_load(f"{{{text}}}" if re.match(r"\w+: ", text) else text)


@pytest.mark.parametrize(
    ("prefix", "part"),
    [
        ("", EndpointSpec(image="vllm")),
        ("resources.", Resources()),
        ("autoscaling.", Autoscaling()),
        ("canary.", Canary(image="vllm")),
    ],
    ids=["spec", "resources", "autoscaling", "canary"],
)
def test_every_key_stands_there_with_its_default(prefix: str, part: BaseModel) -> None:
    written = defaults(prefix)

    spelled_out = {key: value for key, value in written.items() if value is not None}
    same = type(part).model_validate({"image": "vllm", **spelled_out})

    without = {key for key in type(part).model_fields if getattr(part, key) is None}
    assert written.keys() == type(part).model_fields.keys()
    assert written.keys() - spelled_out.keys() == without | (written.keys() & {"image", "resources"})
    assert same == part


def test_every_key_of_a_rollout_stands_there() -> None:
    assert defaults("rollout.").keys() == Rollout.model_fields.keys()


def test_every_field_and_every_state_of_a_status_stands_there() -> None:
    names = {name for first, *_ in rows("Status: `region_status.<region>`") for name in re.findall(r"`(\w+)`", first)}

    assert names == {*_OURS, EPOCH, "last_sync", *State}


def test_the_bounds_that_stand_there_are_those_of_the_schema() -> None:
    fields, found = dict(described_fields(record_schema())), set()
    for names, _, rule, *_ in rows("`spec`"):
        span = re.match(r"(\d+) to (\d+)", rule)
        keys = re.findall(r"`([\w.]+)`", names) if span else []
        for key in keys:
            path = f"spec.{keys[0].rpartition('.')[0]}{key}" if key.startswith(".") else f"spec.{key}"
            bounds = [(choice.get("minimum"), choice.get("maximum")) for choice in fields[path]["anyOf"]]
            assert span is not None
            assert bounds[0] == (int(span[1]), int(span[2])), path
            found.add(path)

    assert len(found) >= 7
