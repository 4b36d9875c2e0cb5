"""Reading a stream through its port, as its contract's tests do."""

from typing import Any

from gco_stream.core.changes import StreamRecord
from gco_stream.core.shards import Latest, Position, ShardId
from gco_stream.ports import EventStream, StreamPlace
from tests.contracts.benches import Bench
from tests.world.eventually import eventually

MOST_EMPTY_PAGES = 5


def an_item(**fields: Any) -> dict[str, Any]:
    return {"endpoint_name": "llama", "spec": {"image": "vllm:v1"}, **fields}


async def its_place(stream: EventStream) -> StreamPlace:
    place = await stream.locate()
    assert place is not None
    return place


async def all_leaves(bench: Bench) -> dict[ShardId, str]:
    """Every shard's iterator from here on."""
    place = await its_place(bench.stream)
    shards = await bench.stream.describe(place.arn)
    return {shard.id: await bench.stream.open(place.arn, shard.id, Latest()) for shard in shards}


async def all_from(bench: Bench, position: Position) -> list[StreamRecord]:
    place = await its_place(bench.stream)
    shards = await bench.stream.describe(place.arn)
    iterators = [await bench.stream.open(place.arn, shard.id, position) for shard in shards]
    return [record for iterator in iterators for record in await read_all(bench.stream, iterator)]


async def read_all(stream: EventStream, iterator: str | None) -> list[StreamRecord]:
    """Read until the shard ends, or nothing comes for several pages: one empty page does not mean much."""
    records: list[StreamRecord] = []
    empty = 0
    while iterator is not None and empty < MOST_EMPTY_PAGES:
        page = await stream.read(iterator)
        records += page.records
        empty = 0 if page.records else empty + 1
        iterator = page.next_iterator
    return records


async def collected(bench: Bench, iterators: dict[ShardId, str], count: int) -> list[StreamRecord]:
    """Read on from these iterators until so many records have come."""
    records: list[StreamRecord] = []

    async def enough() -> bool:
        for shard, iterator in list(iterators.items()):
            page = await bench.stream.read(iterator)
            records.extend(page.records)
            if page.next_iterator is None:
                del iterators[shard]
            else:
                iterators[shard] = page.next_iterator
        return len(records) >= count

    await eventually(enough, what=f"{count} records")
    return records
