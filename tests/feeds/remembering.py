"""A reader of a stream's past on fakes, and what it has handed over."""

from collections.abc import Sequence

from gco_stream.core.models import EndpointName
from gco_stream.core.recording import Recorded
from gco_stream.core.shards import ShardId
from gco_stream.feeds.history import HistoryReader
from tests.builders import an_item
from tests.fakes.clock import FakeClock
from tests.fakes.past import FakePast


class Reading:
    """A reader, and what it has handed over and said."""

    def __init__(self, past: FakePast) -> None:
        self.past = past
        self.records: list[Recorded] = []
        self.said: list[str] = []
        assert past.arn is not None
        self.reader = HistoryReader(past, FakeClock(), past.arn, self.keep, self.said.append)

    def keep(self, records: Sequence[Recorded]) -> None:
        assert records, "nothing is not handed over"
        self.records += records

    def numbers(self) -> list[int]:
        return [int(record.sequence) for record in self.records]

    def fastest(self) -> int:
        """How often a shard was read within a second at the most."""
        reads = [(call.about, call.at) for call in self.past.line.calls if call.operation == "read"]
        return max(sum(1 for s, t in reads if s == shard and at <= t < at + 1) for shard, at in reads)


def tell(past: FakePast, count: int = 1, *, name: str = "llama", shard: ShardId | None = None) -> list[int]:
    """Write some records, and return their numbers."""
    told = [past.tell(EndpointName(name), before=an_item(name), after=an_item(name), shard=shard) for _ in range(count)]
    return [int(record.sequence) for record in told if record is not None]
