"""Whole records out of the stream's answers, through the real client."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from gco_stream.core.recording import Recorded, from_line, to_line
from gco_stream.core.shards import ShardId
from gco_stream.errors import InvalidSettings, StreamGap
from gco_stream.shell.history import DynamoPast, open_past
from gco_stream.shell.recordings import told_by
from tests.shell.servers import Server, says
from tests.shell.test_aws import AMZ_JSON, ARN, an_error, session

pytestmark = [pytest.mark.process, pytest.mark.behaviour("B37")]

SHARD = ShardId("shardId-00000000000000000000-00000001")
NUMBER = "000000000000000000007"
KEYS = {"endpoint_name": {"S": "llama"}}


@asynccontextmanager
async def past(server: Server) -> AsyncIterator[DynamoPast]:
    ours = session("s")
    async with (
        ours.client("dynamodb", endpoint_url=server.url) as tables,
        ours.client("dynamodbstreams", endpoint_url=server.url) as streams,
    ):
        yield DynamoPast(tables, streams, "endpoints")


async def page_of(server: Server, **change: Any) -> Recorded:
    """Read a page with one record."""
    record = {"eventName": "MODIFY", "dynamodb": {"Keys": KEYS, "SequenceNumber": "7", **change}}
    server.will(says({"Records": [record], "NextShardIterator": "next"}, kind=AMZ_JSON))
    async with past(server) as opened:
        page = await opened.read_whole("iterator", SHARD)
    assert page.next_iterator == "next"
    (recorded,) = page.records
    return recorded


async def test_a_record_is_taken_as_it_is(server: Server) -> None:
    images = {"NewImage": {**KEYS, "n": {"N": "1.10"}, "b": {"B": "AP8="}}, "OldImage": KEYS}

    recorded = await page_of(server, ApproximateCreationDateTime=1772366400, **images)

    assert recorded == Recorded(
        shard=SHARD,
        sequence="7",
        at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        event="MODIFY",
        keys=KEYS,
        before=KEYS,
        after={**KEYS, "n": {"N": "1.10"}, "b": {"B": b"\x00\xff"}},
    )


@pytest.mark.parametrize(
    "image", [{"n": {"N": "1E+200"}}, {"n": {"N": "1" * 60}}, {"n": {"WHAT": "1"}}, {"n": {}}], ids=json.dumps
)
async def test_an_image_that_cannot_be_read_survives_a_capture_and_costs_a_look(server: Server, image: Any) -> None:
    recorded = await page_of(server, NewImage=image, OldImage=KEYS)

    again = from_line(to_line(recorded).encode())

    assert again == recorded
    told = told_by(again)
    assert (told.record.name, told.record.after, told.record.is_readable) == ("llama", None, False)


async def test_keys_alone_and_no_time_are_a_record_too(server: Server) -> None:
    recorded = await page_of(server)

    assert (recorded.before, recorded.after, recorded.at) == (None, None, None)
    assert told_by(recorded).record.is_readable


async def test_a_record_is_opened_by_its_number(server: Server) -> None:
    server.will(says({"ShardIterator": "here"}, kind=AMZ_JSON))

    async with past(server) as opened:
        assert await opened.open_at(ARN, SHARD, NUMBER) == "here"

    wanted = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": NUMBER}
    assert server.asked[0].body == {"StreamArn": ARN, "ShardId": SHARD, **wanted}


@pytest.mark.parametrize("code", ["TrimmedDataAccessException", "ResourceNotFoundException", "ValidationException"])
async def test_a_shard_that_does_not_have_a_number_says_so(server: Server, code: str) -> None:
    server.will(an_error(code))

    async with past(server) as opened:
        with pytest.raises(StreamGap):
            await opened.open_at(ARN, SHARD, NUMBER)


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        (None, "us-east-1"),
        ("arn:aws:dynamodb:eu-west-1:123456789012:table/endpoints/stream/x", "eu-west-1"),
        ("arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/endpoints/stream/x", "us-gov-west-1"),
        ("arn:aws:dynamodb:ddblocal:000000000000:table/endpoints/stream/x", "us-east-1"),
    ],
    ids=["the table's own", "another region's", "another partition's", "an emulator's"],
)
async def test_a_stream_is_asked_for_in_its_own_region(arn: str | None, region: str) -> None:
    async with open_past("endpoints", "us-east-1", arn=arn) as opened:
        assert opened.region == region


async def test_an_aws_configuration_that_cannot_be_used_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "absent")

    with pytest.raises(InvalidSettings, match="absent"):
        async with open_past("endpoints", "us-east-1"):
            pass
