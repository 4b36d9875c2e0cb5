"""What following the stream takes, on DynamoDB Local alone: put → name in the queue, a backlog, and an idle hour.

A put is timed from before it is sent until whoever waits for work has the name; puts come at random times, so that
they meet the stream's poll at any phase. Requests are counted where the clients send them.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aioboto3

from benchmarks.bare import POLL_SECONDS
from benchmarks.figures import Figure, milliseconds
from benchmarks.sizes import Sizes
from gco_stream.core.shards import Shard, ShardId
from gco_stream.feeds.resync import ResyncRequests
from gco_stream.feeds.stream import StreamFeed
from gco_stream.ports import EventStream
from gco_stream.queue import WorkQueue
from gco_stream.settings import Settings
from gco_stream.shell.aws import client_config
from gco_stream.shell.clock import SystemClock
from gco_stream.shell.stream import DynamoStream
from tests.world import eventually
from tests.world.dynamodb import CREDENTIAL, REGION, DynamoDB, start_dynamodb
from tests.world.parts import find_parts
from tests.world.processes import guarded_processes
from tests.writers import Writers, a_spec, now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PAGE = 1000
PATIENCE_SECONDS = 60.0
PROMISED_IDLE = {"GetRecords": 14_400.0, "DescribeTable": 67.0, "DescribeStream": 67.0}
SHARDS, HOURS = 4, 30 * 24
FREE, USD_PER_REQUEST = 2_500_000, 0.02 / 100_000


@dataclass(slots=True)
class Follower:
    """What a feed has asked, and when each name first came out of its queue.

    Attributes:
        requests: By operation, since it has its place.
        first: When each operation was asked for first.
    """

    requests: Counter[str] = field(default_factory=Counter)
    first: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)

    def note(self, operation_name: str, **_: Any) -> None:
        """Count a request that a client is about to send."""
        self.requests[operation_name] += 1
        self.first.setdefault(operation_name, time.perf_counter())

    async def look(self, queue: WorkQueue) -> None:
        """Take names out as a worker would."""
        while (name := await queue.take()) is not None:
            self.seen.setdefault(name, time.perf_counter())
            await queue.done(name, None)


class ListedLate:
    """A stream whose first listing leaves everything out, so that what is there already is read from its beginning."""

    def __init__(self, stream: EventStream) -> None:
        self.locate, self.open, self.read = stream.locate, stream.open, stream.read
        self._stream, self._listings = stream, 0

    async def describe(self, arn: str, *, parent: ShardId | None = None) -> Sequence[Shard]:
        """List shards, from the second time on."""
        self._listings += 1
        return () if self._listings == 1 else await self._stream.describe(arn, parent=parent)


def as_it_is(stream: EventStream) -> EventStream:
    """Listed from the beginning, as streams are nearly always."""
    return stream


@asynccontextmanager
async def following(
    dynamodb: DynamoDB, table: str, *, listed: Callable[[EventStream], EventStream] = as_it_is
) -> AsyncIterator[Follower]:
    """Follow a table's stream as the controller does with its defaults, from when it has its place."""
    follower, clock = Follower(), SystemClock()
    queue = WorkQueue(clock)
    session = aioboto3.Session(aws_access_key_id=CREDENTIAL, aws_secret_access_key=CREDENTIAL, region_name=REGION)
    options: dict[str, Any] = {"config": client_config(), "endpoint_url": dynamodb.endpoint}
    async with session.client("dynamodb", **options) as tables, session.client("dynamodbstreams", **options) as streams:
        for client in (tables, streams):
            client.meta.events.register("request-created", follower.note)
        feed = StreamFeed(
            stream=listed(DynamoStream(tables, streams, table)),
            queue=queue,
            resyncs=ResyncRequests(),
            clock=clock,
            region=REGION,
            poll_interval=Settings.model_fields["stream_poll_interval"].default,
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(feed.run()), group.create_task(follower.look(queue))]
            await eventually(lambda: feed.health().is_ready, 30, "a place in the stream")
            follower.requests.clear()
            yield follower
            for task in tasks:
                task.cancel()


async def time_puts(dynamodb: DynamoDB, table: "Table", puts: int) -> list[float]:
    """Return the seconds that each put took to the queue."""
    writers, put = Writers(table, "inference"), dict[str, float]()
    # DynamoDB Local calls the first record of an empty shard trimmed for whoever reads that from LATEST.
    await asyncio.to_thread(writers.create, "the-first", a_spec())
    async with following(dynamodb, table.name) as follower:
        for number in range(puts):
            await asyncio.sleep(random.uniform(0.0, 0.3))
            name = f"endpoint-{number}"
            put[name] = time.perf_counter()
            await asyncio.to_thread(writers.create, name, a_spec())
        await eventually(lambda: put.keys() <= follower.seen.keys(), 10, "every name in the queue")
    return [follower.seen[name] - put[name] for name in put]


@dataclass(frozen=True, slots=True)
class Caught:
    """How a backlog was read.

    Attributes:
        seconds: From the first request for records to the last name.
        longest_turn: For how long nothing else could be done at the most, in seconds of processor time.
    """

    seconds: float
    reads: int
    longest_turn: float


async def read_backlog(dynamodb: DynamoDB, table: "Table", backlog: int) -> Caught:
    """Read a shard with a backlog from its beginning."""
    await asyncio.to_thread(write_backlog, table, backlog)
    async with following(dynamodb, table.name, listed=ListedLate) as follower:
        longest_turn = 0.0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(follower.seen) < backlog:
                turn = time.thread_time()
                await asyncio.sleep(0)
                longest_turn = max(longest_turn, time.thread_time() - turn)
        reads = follower.requests["GetRecords"]
    return Caught(max(follower.seen.values()) - follower.first["GetRecords"], reads, longest_turn)


def write_backlog(table: "Table", backlog: int) -> None:
    """Put as many records as a shard may have when somebody comes late, each about another endpoint."""
    spec = a_spec()
    with table.batch_writer() as batch:
        for number in range(backlog):
            name, written = f"endpoint-{number}", now()
            item = {"endpoint_name": name, "desired_state": "deploying", "target_regions": [REGION], "spec": spec}
            batch.put_item(Item={**item, "created_at": written, "updated_at": written, "region_status": {}})


async def count_idle(dynamodb: DynamoDB, table: "Table", seconds: float) -> dict[str, float]:
    """Return the requests in an hour on a table that nobody writes to, by operation.

    All shards are listed once every 54 to 66 seconds.
    """
    async with following(dynamodb, table.name) as follower:
        await asyncio.sleep(seconds)
        return {operation: count * 3600 / seconds for operation, count in sorted(follower.requests.items())}


def usd_a_month(reads_an_hour: float) -> float:
    """Return what reading as many shards as such a table has costs in 30 days; docs/stream.md has the prices."""
    return max(0.0, reads_an_hour * HOURS * SHARDS - FREE) * USD_PER_REQUEST


def _of_backlog(caught: Caught, backlog: int) -> list[Figure]:
    what, reads = f"a backlog of {backlog} records", -(-backlog // PAGE)
    # One page each 0.25 s, and as long again for what is done with it; the pages, and a few more for an empty one.
    return [
        Figure(what=what, value=caught.seconds, unit="s", at_most=reads * 0.5),
        Figure(what=f"{what}, GetRecords", value=caught.reads, unit="requests", at_most=reads + 2),
        Figure(what=f"{what}, longest turn", value=caught.longest_turn * 1000, unit="ms"),
    ]


def _of_idling(an_hour: dict[str, float]) -> list[Figure]:
    of = [
        Figure(what=f"an idle hour, {operation}", value=an_hour.get(operation, 0.0), unit="requests", at_most=most)
        for operation, most in PROMISED_IDLE.items()
    ]
    usd = usd_a_month(an_hour.get("GetRecords", 0.0))
    return [*of, Figure(what=f"an idle month with {SHARDS} shards", value=usd, unit="USD")]


async def measure(sizes: Sizes) -> list[Figure]:
    """Measure all three on tables of their own."""
    with guarded_processes() as processes:
        dynamodb = await start_dynamodb(processes, find_parts())
        puts, late, idle = [await dynamodb.create_table(name, stream=True) for name in ("puts", "late", "idle")]
        seconds = await time_puts(dynamodb, puts, sizes.puts)
        caught = await read_backlog(dynamodb, late, sizes.backlog)
        an_hour = await count_idle(dynamodb, idle, sizes.shard_seconds)
    # Any phase of the poll is as likely as any other.
    half, whole = POLL_SECONDS * 500, POLL_SECONDS * 1000
    return [
        milliseconds("put → queue", seconds, 0.5, beside=half, beside_is="half a poll", at_most=150),
        milliseconds("put → queue", seconds, 0.99, beside=whole, beside_is="a poll", at_most=300),
        *_of_backlog(caught, sizes.backlog),
        *_of_idling(an_hour),
    ]
