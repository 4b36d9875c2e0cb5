"""What DynamoDB's answers mean for what the controller does next, through the real client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import aioboto3
import pytest

from gco_stream.core.models import EndpointName
from gco_stream.core.shards import Latest, ShardId
from gco_stream.errors import Conflict, Denied, IteratorExpired, Refused, StreamGap, Transient
from gco_stream.shell.aws import CALL_SECONDS, client_config
from gco_stream.shell.stream import DynamoStream
from gco_stream.shell.table import DynamoRecords
from tests.shell.servers import Reply, Server, breaks_off, hangs_up, says

pytestmark = pytest.mark.process

LLAMA = EndpointName("llama")
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/endpoints/stream/2026-01-01T00:00:00.000"
AMZ_JSON = "application/x-amz-json-1.0"


@cache
def session(secret: str | None) -> aioboto3.Session:
    """One for all tests, since reading the description of a service takes longer than most of them."""
    return aioboto3.Session(aws_access_key_id=secret, aws_secret_access_key=secret, region_name="us-east-1")


@asynccontextmanager
async def clients(url: str, *, secret: str | None = "s") -> AsyncIterator[tuple[DynamoRecords, DynamoStream]]:
    options: dict[str, Any] = {"config": client_config(), "endpoint_url": url}
    ours = session(secret)
    async with ours.client("dynamodb", **options) as tables, ours.client("dynamodbstreams", **options) as streams:
        yield DynamoRecords(tables, "endpoints"), DynamoStream(tables, streams, "endpoints")


def an_error(code: str, *, status: int = 400, message: str = "because") -> Reply:
    return says(
        {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}, status=status, kind=AMZ_JSON
    )


async def failure_of_get(server: Server, reply: Reply) -> Exception:
    server.will(reply)
    async with clients(server.url) as (records, _):
        with pytest.raises(Exception) as failure:  # noqa: PT011 - which one is what the tests are about
            await records.get(LLAMA)
    return failure.value


async def failure_of_read(server: Server, reply: Reply) -> Exception:
    server.will(reply)
    async with clients(server.url) as (_, stream):
        with pytest.raises(Exception) as failure:  # noqa: PT011 - which one is what the tests are about
            await stream.read("iterator")
    return failure.value


@pytest.mark.behaviour("B11")
@pytest.mark.parametrize(
    ("code", "status", "expected", "attempts"),
    [
        ("ProvisionedThroughputExceededException", 400, Transient, 3),
        ("ThrottlingException", 400, Transient, 3),
        ("RequestLimitExceeded", 400, Transient, 3),
        ("InternalServerError", 500, Transient, 3),
        ("ServiceUnavailable", 503, Transient, 3),
        ("ResourceNotFoundException", 400, Transient, 3),
        ("ConditionalCheckFailedException", 400, Conflict, 1),
        ("ValidationException", 400, Refused, 1),
        ("AccessDeniedException", 400, Denied, 1),
        ("ExpiredTokenException", 400, Denied, 1),
        ("UnrecognizedClientException", 400, Denied, 1),
        ("InvalidSignatureException", 400, Denied, 1),
        ("MissingAuthenticationTokenException", 400, Denied, 1),
    ],
)
async def test_each_answer_about_the_table_means_one_thing(
    server: Server, code: str, status: int, expected: type[Exception], attempts: int
) -> None:
    failure = await failure_of_get(server, an_error(code, status=status))

    assert type(failure) is expected
    assert "endpoints" in str(failure)
    assert len(server.asked) == attempts


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ProvisionedThroughputExceededException", 400, Transient),
        ("LimitExceededException", 400, Transient),
        ("ThrottlingException", 400, Transient),
        ("InternalServerError", 500, Transient),
        ("ExpiredIteratorException", 400, IteratorExpired),
        ("TrimmedDataAccessException", 400, StreamGap),
        ("ResourceNotFoundException", 400, StreamGap),
        ("ValidationException", 400, StreamGap),
        ("AccessDeniedException", 400, Denied),
        ("ExpiredTokenException", 400, Denied),
    ],
)
async def test_each_answer_about_the_stream_means_one_thing(
    server: Server, code: str, status: int, expected: type[Exception]
) -> None:
    failure = await failure_of_read(server, an_error(code, status=status))

    assert type(failure) is expected
    assert len(server.asked) == 1


async def test_a_table_that_is_not_there_is_named(server: Server) -> None:
    server.will(an_error("ResourceNotFoundException"))

    async with clients(server.url) as (_, stream):
        with pytest.raises(Transient, match="no table endpoints"):
            await stream.locate()


async def test_a_table_that_once_had_a_stream_has_none(server: Server) -> None:
    server.will(says({"Table": {"TableName": "endpoints", "LatestStreamArn": "arn:old"}}, kind=AMZ_JSON))

    async with clients(server.url) as (_, stream):
        assert await stream.locate() is None


@pytest.mark.parametrize(
    "reply",
    [
        says("<html>bad gateway</html>", status=502),
        says("", status=503),
        says("<html>login</html>"),
        says(""),
        breaks_off(b'{"Item": {"a'),
        hangs_up(),
    ],
    ids=["502", "503", "a page", "nothing", "broken off", "hung up"],
)
async def test_what_a_proxy_or_a_cut_line_answers_is_transient(server: Server, reply: Reply) -> None:
    assert isinstance(await failure_of_read(server, reply), Transient)


@pytest.mark.parametrize("reply", [says("<html>login</html>"), says(""), breaks_off()], ids=["page", "nothing", "cut"])
@pytest.mark.behaviour("B12")
async def test_an_answer_that_is_none_does_not_pass_for_an_absent_record(server: Server, reply: Reply) -> None:
    assert isinstance(await failure_of_get(server, reply), Transient)


@pytest.mark.parametrize("reply", [says("<html>login</html>"), says("")], ids=["page", "nothing"])
@pytest.mark.behaviour("B12")
async def test_an_answer_that_is_none_does_not_pass_for_an_empty_table(server: Server, reply: Reply) -> None:
    server.will(reply)

    async with clients(server.url) as (records, _):
        with pytest.raises(Transient):
            [page async for page in records.scan()]


async def test_a_refused_connection_is_transient() -> None:
    async with clients("http://127.0.0.1:1") as (records, stream):
        with pytest.raises(Transient):
            await records.get(LLAMA)
        with pytest.raises(Transient):
            await stream.open(ARN, ShardId("shardId-00000000000000000000-00000000"), Latest())


async def test_missing_credentials_are_denied(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(variable, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server.will(says({}))

    async with clients(server.url, secret=None) as (records, _):
        with pytest.raises(Denied, match="credentials"):
            await records.get(LLAMA)


@pytest.mark.looptime(idle_step=0.2)
@pytest.mark.parametrize("how", ["hang", "trickle"])
async def test_a_service_that_does_not_answer_is_given_up_once_at_the_deadline(server: Server, how: str) -> None:
    server.will(getattr(server, how))
    before = asyncio.get_running_loop().time()

    async with clients(server.url) as (records, _):
        with pytest.raises(Transient, match="no answer in time"):
            await records.get(LLAMA)

    assert asyncio.get_running_loop().time() - before <= CALL_SECONDS + 1
    assert len(server.asked) == 1
