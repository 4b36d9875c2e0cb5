"""What a table must be like."""

from typing import Any

import pytest

from gco_stream.core.table_shape import has_stream, is_on_demand, shape_differences, view_of


def a_description(**fields: Any) -> dict[str, Any]:
    return {
        "KeySchema": [{"AttributeName": "endpoint_name", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "endpoint_name", "AttributeType": "S"}],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        **fields,
    }


def test_the_right_table_differs_in_nothing() -> None:
    assert list(shape_differences(a_description())) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}]}, "its key is name"),
        (
            {"AttributeDefinitions": [{"AttributeName": "endpoint_name", "AttributeType": "N"}]},
            "endpoint_name (N, HASH)",
        ),
        ({"KeySchema": [*a_description()["KeySchema"], {"AttributeName": "x", "KeyType": "RANGE"}]}, "x (None, RANGE)"),
        ({"StreamSpecification": None}, "no stream"),
        ({"StreamSpecification": {"StreamEnabled": False}}, "no stream"),
        ({"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}}, "view type KEYS_ONLY"),
        ({"BillingModeSummary": {"BillingMode": "PROVISIONED"}}, "provisioned"),
        ({"BillingModeSummary": None}, "provisioned"),
    ],
)
def test_each_difference_is_a_sentence(fields: dict[str, Any], said: str) -> None:
    (difference,) = shape_differences(a_description(**fields))

    assert said in difference


def test_a_stream_that_is_off_has_no_view() -> None:
    description = a_description(StreamSpecification={"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"})

    assert not has_stream(description)
    assert view_of(description) is None


def test_a_table_on_demand_is_known_by_its_billing() -> None:
    assert is_on_demand(a_description())
