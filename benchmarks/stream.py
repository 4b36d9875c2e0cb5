"""What following the stream takes, on DynamoDB Local alone: put → name in the queue, a backlog, and an idle hour.

A put is timed from before it is sent until whoever waits for work has the name; puts come at random times, so that
they meet the stream's poll at any phase. Requests are counted where the clients send them. Run by ``make bench``; exits
1 if anything promised is missed.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aioboto3

from benchmarks.figures import HEAD, percentile, row
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

PUTS = 300
PROMISED_P50, PROMISED_P99 = 0.15, 0.3

BACKLOG = 10_000
PAGE = 1000
# One page each 0.25 s, and as long again for what is done with it; the pages, and a few more for an empty one.
PROMISED_BACKLOG = BACKLOG / PAGE * 0.5
PROMISED_READS = BACKLOG // PAGE + 2
PATIENCE_SECONDS = 60.0

# All shards are listed once every 54 to 66 seconds, so once in this time.
IDLE_SECONDS = 66.0
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


async def time_puts(dynamodb: DynamoDB, table: "Table") -> list[float]:
    """Return the seconds that each put took to the queue."""
    writers, put = Writers(table, "inference"), dict[str, float]()
    # DynamoDB Local calls the first record of an empty shard trimmed for whoever reads that from LATEST.
    await asyncio.to_thread(writers.create, "the-first", a_spec())
    async with following(dynamodb, table.name) as follower:
        for number in range(PUTS):
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


async def read_backlog(dynamodb: DynamoDB, table: "Table") -> Caught:
    """Read a shard with a backlog from its beginning."""
    await asyncio.to_thread(write_backlog, table)
    async with following(dynamodb, table.name, listed=ListedLate) as follower:
        longest_turn = 0.0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(follower.seen) < BACKLOG:
                turn = time.thread_time()
                await asyncio.sleep(0)
                longest_turn = max(longest_turn, time.thread_time() - turn)
        reads = follower.requests["GetRecords"]
    return Caught(max(follower.seen.values()) - follower.first["GetRecords"], reads, longest_turn)


def write_backlog(table: "Table") -> None:
    """Put as many records as a shard may have when somebody comes late, each about another endpoint."""
    spec = a_spec()
    with table.batch_writer() as batch:
        for number in range(BACKLOG):
            name, written = f"endpoint-{number}", now()
            item = {"endpoint_name": name, "desired_state": "deploying", "target_regions": [REGION], "spec": spec}
            batch.put_item(Item={**item, "created_at": written, "updated_at": written, "region_status": {}})


async def count_idle(dynamodb: DynamoDB, table: "Table") -> dict[str, float]:
    """Return the requests in an hour on a table that nobody writes to, by operation."""
    async with following(dynamodb, table.name) as follower:
        await asyncio.sleep(IDLE_SECONDS)
        return {operation: count * 3600 / IDLE_SECONDS for operation, count in sorted(follower.requests.items())}


def usd_a_month(reads_an_hour: float) -> float:
    """Return what reading as many shards as such a table has costs in 30 days; docs/stream.md has the prices."""
    return max(0.0, reads_an_hour * HOURS * SHARDS - FREE) * USD_PER_REQUEST


def says(promise: str, *, is_held: bool) -> bool:
    """Print one promise, and hand on whether it is held."""
    print(f"promised: {promise}: {'held' if is_held else 'MISSED'}")
    return is_held


def judge_puts(seconds: Sequence[float]) -> bool:
    """Print how long puts took, and say whether that is as promised."""
    print(f"{PUTS} puts, ms{'':<9}{HEAD}")
    print(row("put → queue", seconds))
    is_held = percentile(seconds, 0.5) <= PROMISED_P50 and percentile(seconds, 0.99) <= PROMISED_P99
    return says(f"p50 ≤ {PROMISED_P50 * 1000:.0f}, p99 ≤ {PROMISED_P99 * 1000:.0f}", is_held=is_held)


def judge_backlog(caught: Caught) -> bool:
    """Print how a backlog was read, and say whether that is as promised."""
    turn = f"{caught.longest_turn * 1000:.0f} ms of processor time in one piece"
    print(f"a backlog of {BACKLOG} records: {caught.seconds:.1f} s, {caught.reads} GetRecords, {turn}")
    is_held = caught.seconds <= PROMISED_BACKLOG and caught.reads <= PROMISED_READS
    return says(f"{PROMISED_BACKLOG:.0f} s, {PROMISED_READS} GetRecords", is_held=is_held)


def judge_idle(an_hour: dict[str, float]) -> bool:
    """Print what idling asks for, and say whether that is as promised."""
    usd = usd_a_month(an_hour.get("GetRecords", 0.0))
    print("an idle hour:", ", ".join(f"{operation} {count:.0f}" for operation, count in an_hour.items()))
    print(f"with {SHARDS} shards {usd:.2f} USD a month")
    is_held = all(count <= PROMISED_IDLE.get(operation, 0.0) for operation, count in an_hour.items())
    return says(", ".join(f"{operation} ≤ {most:.0f}" for operation, most in PROMISED_IDLE.items()), is_held=is_held)


async def measure() -> list[bool]:
    """Measure, print, and say which promises are held."""
    with guarded_processes() as processes:
        dynamodb = await start_dynamodb(processes, find_parts())
        puts, late, idle = [await dynamodb.create_table(name, stream=True) for name in ("puts", "late", "idle")]
        return [
            judge_puts(await time_puts(dynamodb, puts)),
            judge_backlog(await read_backlog(dynamodb, late)),
            judge_idle(await count_idle(dynamodb, idle)),
        ]


if __name__ == "__main__":
    sys.exit(0 if all(asyncio.run(measure())) else 1)
