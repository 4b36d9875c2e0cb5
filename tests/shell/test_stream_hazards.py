"""What a network and a busy service do to the port on DynamoDB Streams, with the real client on the fake service."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aioboto3
import pytest
import pytest_asyncio

from gco_stream.core.models import EndpointName
from gco_stream.core.shards import After, Latest, TrimHorizon
from gco_stream.errors import Denied, IteratorExpired, StreamGap, Transient
from gco_stream.shell.aws import client_config
from gco_stream.shell.stream import ANSWER_SECONDS, DESCRIPTIONS_PER_SECOND, DynamoStream
from tests.shell.servers import Reply, Server, breaks_off, hangs_up, says
from tests.streams_service.model import TABLE
from tests.streams_service.server import JSON, StreamsService, an_error, real_stream, streams_service

pytestmark = pytest.mark.process

LLAMA = EndpointName("llama")


@pytest_asyncio.fixture
async def service() -> AsyncIterator[StreamsService]:
    async with streams_service() as running:
        yield running


@pytest_asyncio.fixture
async def stream(service: StreamsService) -> AsyncIterator[DynamoStream]:
    async with real_stream(service) as opened:
        yield opened


async def at_start(service: StreamsService, stream: DynamoStream) -> str:
    """An iterator at the beginning of the newest shard."""
    assert service.model.arn is not None
    return await stream.open(service.model.arn, service.model.leaf, TrimHorizon())


@pytest.mark.hazard("H2")
async def test_the_last_page_carries_records_and_no_iterator(service: StreamsService, stream: DynamoStream) -> None:
    for _ in range(3):
        service.model.tell(LLAMA)
    iterator = await at_start(service, stream)
    service.model.roll(service.model.leaf)

    page = await stream.read(iterator)

    assert len(page.records) == 3
    assert page.next_iterator is None


@pytest.mark.hazard("H7")
async def test_an_iterator_that_expired_is_told_from_lost_records(
    service: StreamsService, stream: DynamoStream
) -> None:
    record = service.model.tell(LLAMA)
    assert record is not None
    assert service.model.arn is not None
    iterator = await at_start(service, stream)
    service.model.tell(EndpointName("later"))

    service.clock.ahead = 16 * 60
    with pytest.raises(IteratorExpired):
        await stream.read(iterator)

    anew = await stream.open(service.model.arn, service.model.leaf, After(record.sequence))
    assert [one.name for one in (await stream.read(anew)).records] == ["later"]


@pytest.mark.hazard("H8")
async def test_records_older_than_24_hours_are_a_gap(service: StreamsService, stream: DynamoStream) -> None:
    service.model.tell(LLAMA)
    assert service.model.arn is not None
    record = service.model.tell(LLAMA)
    assert record is not None

    service.clock.ahead = 25 * 3600

    with pytest.raises(StreamGap):
        await stream.open(service.model.arn, service.model.leaf, After(record.sequence))


@pytest.mark.hazard("H9")
@pytest.mark.parametrize(
    "code", ["LimitExceededException", "ThrottlingException", "ProvisionedThroughputExceededException"]
)
async def test_throttling_is_one_request_and_may_pass(service: StreamsService, stream: DynamoStream, code: str) -> None:
    service.model.tell(LLAMA)
    iterator = await at_start(service, stream)
    service.fail_next("GetRecords", an_error(code))

    with pytest.raises(Transient):
        await stream.read(iterator)
    assert service.count("GetRecords") == 1

    assert len((await stream.read(iterator)).records) == 1


@pytest.mark.hazard("H10")
async def test_a_stream_that_was_enabled_anew_is_found_by_its_table(
    service: StreamsService, stream: DynamoStream
) -> None:
    before = await stream.locate()

    service.model.disable()
    assert await stream.locate() is None
    service.model.enable()

    after = await stream.locate()
    assert before is not None
    assert after is not None
    assert (after.arn, after.arn != before.arn) == (service.model.arn, True)
    assert service.count("ListStreams") == 0


BAD = {"endpoint_name": {"S": "llama"}, "image": {"B": "abc"}}


def a_page(change: dict[str, Any]) -> Reply:
    record = {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "7" * 21, **change}}
    return says({"Records": [record], "NextShardIterator": "next"}, kind=JSON)


@pytest.mark.hazard("H20")
@pytest.mark.parametrize(
    "change",
    [{"Keys": {"endpoint_name": {"S": "llama"}}, "NewImage": BAD}, {"Keys": {"other": {"S": "x"}}}, {"Keys": {}}, {}],
    ids=["bytes that are none", "another key", "no key", "no keys"],
)
async def test_a_page_that_does_not_say_what_changed_is_a_gap(
    service: StreamsService, stream: DynamoStream, change: dict[str, Any]
) -> None:
    iterator = await at_start(service, stream)
    service.fail_next("GetRecords", a_page(change))

    with pytest.raises(StreamGap):
        await stream.read(iterator)


@pytest.mark.hazard("H22")
@pytest.mark.looptime(idle_step=0.2)
@pytest.mark.parametrize("how", ["hang", "trickle"])
@pytest.mark.parametrize("operation", ["GetRecords", "DescribeStream", "GetShardIterator", "DescribeTable"])
async def test_a_service_that_stalls_is_given_up_at_the_deadline_and_asked_again(
    service: StreamsService, stream: DynamoStream, operation: str, how: str
) -> None:
    service.model.tell(LLAMA)
    iterator = await at_start(service, stream)
    service.fail_next(operation, getattr(service.server, how))
    before = asyncio.get_running_loop().time()

    with pytest.raises(Transient, match="no answer in time"):
        await whole_round(service, stream, iterator)

    assert asyncio.get_running_loop().time() - before <= ANSWER_SECONDS + 1
    assert await whole_round(service, stream, iterator) == 1


async def whole_round(service: StreamsService, stream: DynamoStream, iterator: str) -> int:
    """Ask everything that can be asked, and return how many records there were."""
    place = await stream.locate()
    assert place is not None
    (shard,) = await stream.describe(place.arn)
    await stream.open(place.arn, shard.id, Latest())
    return len((await stream.read(iterator)).records)


@pytest.mark.parametrize("fault", [breaks_off(b'{"Records": ['), hangs_up()], ids=["half a body", "reset"])
async def test_a_line_that_breaks_costs_an_attempt(service: StreamsService, stream: DynamoStream, fault: Reply) -> None:
    service.model.tell(LLAMA)
    iterator = await at_start(service, stream)
    service.fail_next("GetRecords", fault)

    with pytest.raises(Transient):
        await stream.read(iterator)

    assert len((await stream.read(iterator)).records) == 1


@pytest.mark.hazard("H23")
async def test_credentials_that_expired_cost_attempts_and_no_records(
    service: StreamsService, stream: DynamoStream
) -> None:
    service.model.tell(LLAMA)
    iterator = await at_start(service, stream)
    service.fail_next("GetRecords", *[an_error("ExpiredTokenException", message="The security token expired")] * 3)

    for _ in range(3):
        with pytest.raises(Denied, match="expired"):
            await stream.read(iterator)

    assert len((await stream.read(iterator)).records) == 1


@pytest.mark.hazard("H23")
async def test_credentials_are_renewed_while_the_client_is_open(
    service: StreamsService, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    token = tmp_path / "token"
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url.replace("127.0.0.1", "localhost") + "/creds")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
    server.will(*[the_credentials(f"KEY{number}") for number in range(20)])
    session = aioboto3.Session(region_name="us-east-1")
    options: dict[str, Any] = {"config": client_config(), "endpoint_url": service.server.url}

    token.write_text("first")
    async with session.client("dynamodb", **options) as tables, session.client("dynamodbstreams", **options) as streams:
        stream = DynamoStream(tables, streams, TABLE)
        await stream.locate()
        token.write_text("second")
        await stream.locate()

    keys = [asked.headers["Authorization"].split("Credential=")[1].split("/")[0] for asked in service.server.asked]
    assert len(set(keys)) == 2
    assert [asked.headers["Authorization"] for asked in server.asked][-1] == "second"


def the_credentials(key: str) -> Reply:
    """Credentials that are to be renewed at once, as they end within ten minutes."""
    return says({"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": in_seconds(300)})


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@pytest.mark.hazard("H25")
@pytest.mark.looptime
async def test_pages_of_a_long_description_are_asked_for_at_a_pace(
    service: StreamsService, stream: DynamoStream
) -> None:
    for _ in range(1999):
        service.model.grow()
    assert service.model.arn is not None

    shards = await stream.describe(service.model.arn)

    times = [request.at for request in service.requests if request.operation == "DescribeStream"]
    assert (len(shards), len(times)) == (2000, 20)
    spans = zip(times, times[DESCRIPTIONS_PER_SECOND:], strict=False)
    assert all(later - earlier >= 0.99 for earlier, later in spans)


@pytest.mark.hazard("H26")
async def test_pages_that_go_round_in_a_circle_are_given_up(service: StreamsService, stream: DynamoStream) -> None:
    service.model.repeats_cursor = True
    assert service.model.arn is not None

    with pytest.raises(Transient, match="circle"):
        await stream.describe(service.model.arn)

    assert service.count("DescribeStream") == 2


@pytest.mark.hazard("H29")
async def test_a_service_that_ignores_the_filter_costs_nothing_but_the_rest(
    service: StreamsService, stream: DynamoStream
) -> None:
    service.model.ignores_filter = True
    root = service.model.leaf
    (child,) = service.model.roll(root)
    service.model.roll(child)
    assert service.model.arn is not None

    children = await stream.describe(service.model.arn, parent=root)

    assert [one.id for one in children] == [child]
