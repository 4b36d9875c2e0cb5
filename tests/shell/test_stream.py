"""What is read out of the stream's answers."""

import json
from typing import Any

import pytest

from gco_stream.core.shards import Shard, ShardId
from tests.shell.servers import Server, says
from tests.shell.test_aws import AMZ_JSON, ARN, clients

ROOT = "shardId-00000000000000000000-00000001"
CHILD = "shardId-00000000000000000000-00000002"


def a_page(*shards: dict[str, Any], last: str | None = None) -> dict[str, Any]:
    return {"StreamDescription": {"Shards": list(shards), **({"LastEvaluatedShardId": last} if last else {})}}


def a_shard(shard_id: str, *, parent: str | None = None, ended: bool = False) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": "1", **({"EndingSequenceNumber": "2"} if ended else {})}
    return {"ShardId": shard_id, "SequenceNumberRange": numbers, **({"ParentShardId": parent} if parent else {})}


def a_record(**images: Any) -> dict[str, Any]:
    change = {"Keys": {"endpoint_name": {"S": "llama"}}, "SequenceNumber": "7", **images}
    return {"eventName": "MODIFY", "dynamodb": change}


async def test_every_page_of_shards_is_asked_for(server: Server) -> None:
    server.will(
        says(a_page(a_shard(ROOT, ended=True), last=ROOT), kind=AMZ_JSON),
        says(a_page(a_shard(CHILD, parent=ROOT)), kind=AMZ_JSON),
    )

    async with clients(server.url) as (_, stream):
        shards = await stream.describe(ARN)

    assert list(shards) == [
        Shard(id=ShardId(ROOT), parent=None, closed=True),
        Shard(id=ShardId(CHILD), parent=ShardId(ROOT), closed=False),
    ]
    assert server.asked[1].body["ExclusiveStartShardId"] == ROOT


@pytest.mark.hazard("H29")
async def test_a_service_that_does_not_know_the_filter_cannot_pass_a_shard_for_its_own_child(server: Server) -> None:
    server.will(says(a_page(a_shard(ROOT), a_shard(CHILD, parent=ROOT)), kind=AMZ_JSON))

    async with clients(server.url) as (_, stream):
        children = await stream.describe(ARN, parent=ShardId(ROOT))

    assert [child.id for child in children] == [CHILD]
    assert server.asked[0].body["ShardFilter"] == {"Type": "CHILD_SHARDS", "ShardId": ROOT}


@pytest.mark.hazard("H2")
@pytest.mark.hazard("H29")
@pytest.mark.parametrize("next_iterator", [{}, {"NextShardIterator": ""}], ids=["missing", "empty"])
async def test_the_last_page_may_carry_records(server: Server, next_iterator: dict[str, str]) -> None:
    server.will(says({"Records": [a_record()], **next_iterator}, kind=AMZ_JSON))

    async with clients(server.url) as (_, stream):
        page = await stream.read("iterator")

    assert [(record.name, record.sequence) for record in page.records] == [("llama", "7")]
    assert page.next_iterator is None


@pytest.mark.hazard("H20")
@pytest.mark.parametrize(
    "image",
    [{"n": {"N": "1E+200"}}, {"n": {"N": "1" * 60}}, {"n": {"WHAT": "1"}}, {"n": {}}],
    ids=json.dumps,
)
async def test_an_image_that_cannot_be_read_counts_as_none_and_stops_nothing(server: Server, image: Any) -> None:
    readable = {"endpoint_name": {"S": "llama"}}
    server.will(says({"Records": [a_record(NewImage=image, OldImage=readable), a_record()]}, kind=AMZ_JSON))

    async with clients(server.url) as (_, stream):
        first, second = (await stream.read("iterator")).records

    assert (first.before, first.after, first.is_readable) == ({"endpoint_name": "llama"}, None, False)
    assert (second.name, second.is_readable) == ("llama", True)
