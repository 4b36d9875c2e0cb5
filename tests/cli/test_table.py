"""``table create|describe|enable-stream``."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.commands import Shell
from tests.world.site import Site
from tests.world.world import World

NAME = "INFERENCE_ENDPOINTS_TABLE_NAME"


@pytest.fixture
def new(site: Site, world: World) -> Iterator[str]:
    """The name of a table that does not exist yet, and does not any more afterwards."""
    name = f"{site.table_name}-new"
    yield name
    client = world.dynamodb.resource.meta.client
    if name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)


def make(world: World, name: str, **changes: Any) -> None:
    usual: dict[str, Any] = {
        "TableName": name,
        "KeySchema": [{"AttributeName": "endpoint_name", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "endpoint_name", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    world.dynamodb.resource.meta.client.create_table(**{**usual, **changes})


def described(world: World, name: str) -> Any:
    return world.dynamodb.resource.meta.client.describe_table(TableName=name)["Table"]


def test_a_table_is_made_as_a_controller_needs_it(shell: Shell, world: World, new: str) -> None:
    ended = shell("table", "create", **{NAME: new})

    table = described(world, new)
    assert (ended.code, ended.out, ended.err) == (0, f"{new} in us-east-1: created\n", "")
    assert table["KeySchema"] == [{"AttributeName": "endpoint_name", "KeyType": "HASH"}]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_table_that_is_there_and_right_is_fine(shell: Shell, site: Site) -> None:
    ended = shell("table", "create")

    assert (ended.code, ended.out) == (0, f"{site.table_name} in us-east-1: exists already\n")


def test_a_table_that_is_there_and_differs_is_left_and_the_differences_are_said(
    shell: Shell, world: World, new: str
) -> None:
    key = {"KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}]}
    make(world, new, **key, AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}])

    ended = shell("table", "create", **{NAME: new})

    assert ended.code == 1
    assert "its key is name (S, HASH)" in ended.err
    assert "it has no stream" in ended.err


def test_a_description_is_for_people_and_for_programs(shell: Shell, site: Site) -> None:
    text = shell("table", "describe")
    document = json.loads(shell("table", "describe", "-o", "json").out)

    assert text.code == 0
    assert f"table      {site.table_name}" in text.out
    assert document["table"] == site.table_name
    assert (document["view"], document["on_demand"], document["differences"]) == ("NEW_AND_OLD_IMAGES", True, [])


@pytest.mark.parametrize("command", ["describe", "enable-stream"])
def test_a_table_that_is_not_there_is_no(shell: Shell, new: str, command: str) -> None:
    ended = shell("table", command, **{NAME: new})

    assert ended.code == 1
    assert ended.told[0] == f"gco-stream: there is no table {new} in us-east-1"
    assert "gco-stream table create" in ended.told[1]


def test_a_stream_is_enabled_once(shell: Shell, world: World, new: str) -> None:
    make(world, new)

    first = shell("table", "enable-stream", **{NAME: new})
    second = shell("table", "enable-stream", **{NAME: new})

    assert (first.code, first.out) == (0, f"{new} in us-east-1: stream enabled\n")
    assert (second.code, second.out) == (0, f"{new} in us-east-1: has its stream already\n")
    assert described(world, new)["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_a_stream_of_another_view_is_left_and_what_to_do_is_said(shell: Shell, world: World, new: str) -> None:
    make(world, new, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})

    ended = shell("table", "enable-stream", **{NAME: new})

    assert ended.code == 1
    assert "KEYS_ONLY" in ended.told[0]
    assert "disable the stream" in ended.told[1]
    assert described(world, new)["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"
