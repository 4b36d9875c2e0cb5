"""Histories of a table, its stream, and the one who reads it: whatever may happen, in any order."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

from gco_stream.errors import Denied, IteratorExpired, StreamGap, Transient
from tests.feeds.following import Following, a_change, a_following, running

NAMES = ("a", "b", "c", "d", "e")
SETTLING_SECONDS = 150.0
_PASSING: tuple[Callable[[], Exception], ...] = (
    lambda: Transient("reset"),
    lambda: Transient("later", retry_after=3.0),
    lambda: Denied("no"),
)
_LOSING: Mapping[str, tuple[Callable[[], Exception], ...]] = {
    "read": (lambda: IteratorExpired("old"), lambda: StreamGap("trimmed")),
    "describe": (lambda: StreamGap("gone"),),
    "open": (lambda: StreamGap("trimmed"),),
    "locate": (),
}
_OPERATIONS = tuple(_LOSING)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens after a while; ``pick`` chooses to whom, or how."""

    after: float
    what: str
    pick: int


@dataclass
class History:
    """A world in which events happen.

    Attributes:
        most_waiting: How many names the queue held at the most.
        most_tasks: How many tasks there were beyond the shards that there are.
    """

    following: Following = field(default_factory=a_following)
    most_waiting: int = 0
    most_tasks: int = 0
    _versions: int = 0
    _crashed: asyncio.Event = field(default_factory=asyncio.Event)

    async def play(self, events: list[Event]) -> None:
        """Let everything happen, then let all trouble end, and wait until every change has been looked at."""
        self.following.stream.by_key = True
        story = asyncio.create_task(self._tell(events))
        while not story.done():
            async with running(self.following):
                crash = asyncio.create_task(self._crashed.wait())
                await asyncio.wait([story, crash], return_when=asyncio.FIRST_COMPLETED)
                crash.cancel()
            if self._crashed.is_set():
                # A process takes its time to start.
                await asyncio.sleep(1)
                self.following = self.following.started_again()
                self._crashed.clear()
        story.result()

    async def _tell(self, events: list[Event]) -> None:
        await self._happen(events)
        self._mend()
        give_up = asyncio.get_running_loop().time() + SETTLING_SECONDS
        while asyncio.get_running_loop().time() < give_up and not self._is_quiet():
            await asyncio.sleep(1)
            self._measure()

    def _is_quiet(self) -> bool:
        return not self._crashed.is_set() and self.is_up_to_date() and self.following.feed.health().is_ready

    def is_up_to_date(self) -> bool:
        """Whether every change was looked at after it was written.

        A removal that fell into a blind spot is in no scan: it is found by comparing the scan with the cluster.
        """
        following = self.following
        if following.scans() == 1:
            return following.is_up_to_date()
        return all(following.versions.get(name) == item["version"] for name, item in following.records.items.items())

    async def _happen(self, events: list[Event]) -> None:
        for event in events:
            await asyncio.sleep(event.after)
            _EVENTS[event.what](self, event.pick)
            self._measure()

    def _measure(self) -> None:
        shards = sum(len(shards) for shards in self.following.stream.streams.values())
        self.most_waiting = max(self.most_waiting, len(self.following.queue))
        self.most_tasks = max(self.most_tasks, len(asyncio.all_tasks()) - shards)

    def _mend(self) -> None:
        stream = self.following.stream
        for operation in _OPERATIONS:
            self.following.line.mend(operation)
        stream.omitted = stream.throttled = 0.0
        if stream.arn is None:
            stream.enable()
        stream.list_again(*stream.shards)
        self.following.stops_looking = False

    # Events.

    def write(self, pick: int) -> None:
        self._versions += 1
        self.following.records.put(a_change(self._versions, NAMES[pick % len(NAMES)]))

    def write_many(self, pick: int) -> None:
        for number in range(20):
            self.write(pick + number)

    def remove(self, pick: int) -> None:
        self.following.records.remove(NAMES[pick % len(NAMES)])

    def roll(self, pick: int) -> None:
        stream = self.following.stream
        if stream.open_shards:
            stream.hide_seconds = (0.0, 0.5, 8.0)[pick % 3]
            stream.roll(stream.open_shards[pick % len(stream.open_shards)], into=1 + pick % 2)
            stream.hide_seconds = 0.0

    def roll_while_busy(self, pick: int) -> None:
        self.following.stream.page_size = 2
        for number in range(3):
            self.write_many(pick + number)
            self.roll(pick + number)
        self.write_many(pick)

    def roll_thrice(self, pick: int) -> None:
        for _ in range(3):
            self.roll(3 * pick)

    def grow(self, pick: int) -> None:
        if self.following.stream.arn is not None:
            self.following.stream.grow()

    def look_open(self, pick: int) -> None:
        for shard in self.following.stream.shards.values():
            shard.looks_open = pick % 2 == 0

    def omit(self, pick: int) -> None:
        self.following.stream.omitted = (0.0, 0.3, 0.6)[pick % 3]

    def page(self, pick: int) -> None:
        stream = self.following.stream
        stream.page_size, stream.shards_per_page = 1 + pick % 4, 1 + pick % 3

    def empty(self, pick: int) -> None:
        self.following.stream.empty_pages = pick % 6

    def slack(self, pick: int) -> None:
        self.following.stream.latest_slack = pick % 4

    def throttle(self, pick: int) -> None:
        self.following.stream.throttled = (0.0, 0.7)[pick % 2]

    def trim(self, pick: int) -> None:
        """Let records be too old that were read; whatever was not is there for 24 hours."""
        stream = self.following.stream
        since = max(stream.lives, default=0)
        read = sorted({shard for shard, records in stream.served[since:] if records and shard in stream.shards})
        if read:
            stream.trim(read[pick % len(read)])

    def replace_stream(self, pick: int) -> None:
        self.following.stream.enable(roots=1 + pick % 3)

    def disable_stream(self, _pick: int) -> None:
        self.following.stream.disable()

    def trouble(self, pick: int) -> None:
        operation = _OPERATIONS[pick % 4]
        kinds = (*_PASSING, *_LOSING[operation])
        errors = [kinds[(pick // 4) % len(kinds)]() for _ in range(1 + pick % 3)]
        self.following.line.fail_next(operation, *errors)

    def outage(self, pick: int) -> None:
        self.following.line.fail(_OPERATIONS[pick % 4], _PASSING[(pick // 4) % 3]())

    def mend(self, _pick: int) -> None:
        for operation in _OPERATIONS:
            self.following.line.mend(operation)

    def slow(self, pick: int) -> None:
        self.following.line.latency = (0.0, 0.05, 0.4)[pick % 3]

    def crash(self, _pick: int) -> None:
        self._crashed.set()

    def stop_looking(self, pick: int) -> None:
        self.following.stops_looking = pick % 2 == 0


_EVENTS: Mapping[str, Callable[[History, int], None]] = {
    name: function
    for name, function in vars(History).items()
    if not name.startswith("_") and name not in ("play", "is_up_to_date", "following", "most_waiting", "most_tasks")
}

_often = st.sampled_from(["write", "write", "write_many", "roll", "roll_while_busy", "remove"])
events = st.lists(
    st.builds(
        Event,
        after=st.sampled_from([0.0, 0.1, 0.3, 1.0, 4.0]),
        what=_often | st.sampled_from(sorted(_EVENTS)),
        pick=st.integers(0, 59),
    ),
    min_size=1,
    max_size=40,
)
