import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from gco_stream.core.schema import DESCRIPTIONS, described_fields, record_schema
from gco_stream.core.writing import problems_of
from tests.builders import SCOPE, a_spec, an_item
from tests.strategies import specs

pytestmark = pytest.mark.behaviour("B53")

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.json"))
SCHEMA = record_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def written(**fields: Any) -> dict[str, Any]:
    """A record as somebody writes it in a file."""
    item: dict[str, Any] = json.loads(json.dumps(an_item(**fields), default=int))
    return item


def told(record: Any) -> list[str]:
    """Where the schema finds something."""
    return sorted({".".join(str(step) for step in error.absolute_path) for error in VALIDATOR.iter_errors(record)})


def test_it_is_a_schema_and_every_field_says_what_it_is_for() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    fields = dict(described_fields(SCHEMA))

    assert fields.keys() == DESCRIPTIONS.keys()
    assert all(field["description"].endswith(".") for field in fields.values())
    assert "$ref" not in json.dumps(SCHEMA)


@pytest.mark.parametrize("file", EXAMPLES, ids=[file.stem for file in EXAMPLES])
def test_every_example_is_as_it_says(file: Path) -> None:
    assert told(json.loads(file.read_text())) == []


@given(specs)
def test_what_is_understood_is_as_it_says(spec: dict[str, Any]) -> None:
    record = json.loads(json.dumps({**an_item(), "spec": without_nulls(spec)}, default=float))

    if not problems_of(record, SCOPE):
        assert told(record) == []


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(entry) for key, entry in value.items() if entry is not None}
    return [without_nulls(entry) for entry in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"endpoint_name": "Llama"}, "endpoint_name"),
        ({"desired_state": "dreaming"}, "desired_state"),
        ({"target_regions": []}, "target_regions"),
        ({"ingress_path": "inference"}, "ingress_path"),
        ({"ingress_path": "/" + "a" * 126}, "ingress_path"),
        ({"spec": {}}, "spec"),
        ({"spec": a_spec(port=0)}, "spec.port"),
        ({"spec": a_spec(replicas="many")}, "spec.replicas"),
        ({"spec": a_spec(health_check_path="/" + "a" * 1024)}, "spec.health_check_path"),
        ({"spec": a_spec(env={"A B": "1"})}, "spec.env"),
        ({"spec": a_spec(env={"A": [1]})}, "spec.env.A"),
        ({"spec": a_spec(args="--model")}, "spec.args"),
        ({"spec": a_spec(model_source="https://x")}, "spec.model_source"),
        ({"spec": a_spec(tolerations=[{"effect": "Sometimes"}])}, "spec.tolerations.0.effect"),
        ({"spec": a_spec(canary={"image": "a:v2", "weight": 100})}, "spec.canary.weight"),
        ({"spec": a_spec(rollout={"max_surge": "some"})}, "spec.rollout.max_surge"),
        ({"labels": {"a b": "c"}}, "labels"),
    ],
)
def test_what_is_wrong_is_found_where_the_controller_finds_it(fields: dict[str, Any], where: str) -> None:
    assert told({**written(), **fields}) == [where]
    assert problems_of({**written(), **fields}, SCOPE) != ()


def test_what_nobody_knows_is_no_mistake() -> None:
    assert told({**written(), "owner": "search", "spec": a_spec(note="kept")}) == []
