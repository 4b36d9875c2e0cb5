"""The watch on our objects: what it shows wakes endpoints, and whatever ends it, it goes on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from gco_stream.core.mirror import Listed, Mirror, Reached, Shown, WatchEvent
from gco_stream.core.models import EndpointName, Kind, Manifest
from gco_stream.errors import Denied, StreamGap, Transient
from gco_stream.feeds.cluster import ClusterFeed
from gco_stream.queue import WorkQueue
from tests.builders import NAME, an_endpoint, deployment_of, manifests_of
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.line import soon

pytestmark = pytest.mark.looptime

Script = Callable[[str | None], AsyncGenerator[WatchEvent, None]]


class ScriptedCluster(FakeCluster):
    """A cluster whose watch on Deployments goes as told, one script after the other, the last one for ever."""

    def __init__(self, *scripts: Script) -> None:
        super().__init__()
        self.scripts = list(scripts)
        self.places: list[str | None] = []

    async def watch(self, kind: Kind, *, since: str | None) -> AsyncGenerator[WatchEvent, None]:
        if kind is Kind.DEPLOYMENT:
            self.places.append(since)
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            events = script(since)
        else:
            events = super().watch(kind, since=since)
        async for event in events:
            yield event


def showing(*events: WatchEvent, then: Exception | None = None, after: float = 0.0) -> Script:
    """Show some events, and end after a while, with an error or without; ``inf`` goes on for ever."""

    async def script(_since: str | None) -> AsyncGenerator[WatchEvent, None]:
        for event in events:
            yield event
        await (asyncio.Event().wait() if after == float("inf") else asyncio.sleep(after))
        if then is not None:
            raise then

    return script


@dataclass
class Watching:
    """A feed, and who takes names out of its queue."""

    cluster: FakeCluster
    mirror: Mirror = field(default_factory=Mirror)
    clock: FakeClock = field(default_factory=FakeClock)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = WorkQueue(self.clock)
        self.feed = ClusterFeed(cluster=self.cluster, mirror=self.mirror, clock=self.clock, queue=self.queue)

    async def look(self) -> None:
        while (name := await self.queue.take()) is not None:
            self.seen.append(name)
            await self.queue.done(name, None)


@asynccontextmanager
async def watching(cluster: FakeCluster, *, is_worked: bool = True) -> AsyncIterator[Watching]:
    watching = Watching(cluster)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watching.feed.run())]
        if is_worked:
            tasks.append(group.create_task(watching.look()))
        yield watching
        for task in tasks:
            task.cancel()


def a_projection(version: int = 5, *, digest: str = "d", name: str = NAME) -> Manifest:
    return {"metadata": {"name": name, "uid": "uid-1", "resourceVersion": str(version)}, "digest": digest}


def of_everything() -> list[Manifest]:
    return list(manifests_of(an_endpoint()).values())


async def test_every_kind_is_watched_from_the_beginning() -> None:
    async with watching(FakeCluster()) as watch:
        await asyncio.sleep(5)

        assert sorted(call.about for call in watch.cluster.line.calls) == sorted(kind.value for kind in Kind)
        assert all(watch.mirror.has_listed(kind) for kind in Kind)


@pytest.mark.behaviour("B14")
@pytest.mark.parametrize("manifest", of_everything(), ids=lambda manifest: manifest["kind"])
async def test_a_change_wakes_its_endpoint_within_a_second(manifest: Manifest) -> None:
    async with watching(FakeCluster()) as watch:
        await asyncio.sleep(100)
        watch.cluster.make(manifest)

        await soon(lambda: watch.seen == [NAME], within=1.1)


async def test_what_is_there_at_the_beginning_is_left_to_the_first_resync() -> None:
    cluster = FakeCluster()
    cluster.make(deployment_of(an_endpoint()))

    async with watching(cluster) as watch:
        await asyncio.sleep(3600)

        assert watch.mirror.observed(EndpointName(NAME)).deployment(EndpointName(NAME)) is not None
        assert watch.seen == []


async def test_what_happens_goes_before_what_a_later_list_showed() -> None:
    cluster = ScriptedCluster(
        showing(listed(), then=StreamGap("too old")),
        showing(listed(a_projection(20, name="old"), version=30), Shown(a_projection(31, name="fresh")), after=9e9),
    )

    async with watching(cluster, is_worked=False) as watch:
        await soon(lambda: len(watch.queue) == 2)

        assert await watch.queue.take() == "fresh"


@pytest.mark.parametrize("error", [None, Transient("gone"), Denied("no"), StreamGap("too old")], ids=repr)
async def test_a_watch_that_ends_at_once_is_not_asked_again_in_a_tight_loop(error: Exception | None) -> None:
    cluster = ScriptedCluster(showing(then=error))

    async with watching(cluster):
        await asyncio.sleep(600)

        # 0.2 s, then twice as long each time, up to 30 s.
        assert 20 <= len(cluster.places) <= 30


async def test_a_watch_that_lived_for_long_is_taken_up_at_once() -> None:
    short, long = showing(then=Transient("gone")), showing(listed(), after=400)
    cluster = ScriptedCluster(short, short, short, short, short, long, showing(after=float("inf")))

    async with watching(cluster):
        await soon(lambda: len(cluster.places) == 6, within=60)
        await asyncio.sleep(400.5)

        assert len(cluster.places) == 7


def listed(*projections: Manifest, version: int = 10) -> Listed:
    return Listed(projections, str(version))


@pytest.mark.parametrize("error", [None, Transient("gone"), Denied("no")], ids=repr)
@pytest.mark.parametrize(
    ("events", "place"),
    [
        ([listed()], "10"),
        ([listed(), Shown(a_projection(12))], "12"),
        ([listed(), Shown(a_projection(12)), Reached("40")], "40"),
        ([], None),
    ],
    ids=["list", "event", "bookmark", "nothing"],
)
async def test_a_watch_that_ended_goes_on_from_its_place(
    error: Exception | None, events: list[WatchEvent], place: str | None
) -> None:
    cluster = ScriptedCluster(showing(*events, then=error), showing(after=float("inf")))

    async with watching(cluster):
        await soon(lambda: len(cluster.places) == 2)

        assert cluster.places == [None, place]


async def test_a_watch_that_made_no_progress_keeps_its_place() -> None:
    again = showing(then=Transient("gone"))
    cluster = ScriptedCluster(showing(listed()), again, again, showing(after=float("inf")))

    async with watching(cluster):
        await soon(lambda: len(cluster.places) == 4)

        assert cluster.places == [None, "10", "10", "10"]


async def test_what_cuts_every_watch_after_some_seconds_makes_it_neither_rest_nor_list_anew() -> None:
    cluster = ScriptedCluster(showing(listed()), showing(then=Transient("gone"), after=3))

    async with watching(cluster):
        await asyncio.sleep(600)

        # 3 s of watching and 0.2 s of rest.
        assert 180 <= len(cluster.places) <= 200
        assert set(cluster.places[1:]) == {"10"}


async def test_a_server_that_asks_for_patience_is_left_alone_for_so_long() -> None:
    cluster = ScriptedCluster(showing(listed(), then=Transient("busy", retry_after=7)), showing(after=float("inf")))

    async with watching(cluster):
        await asyncio.sleep(6.9)
        assert cluster.places == [None]

        await asyncio.sleep(0.2)
        assert cluster.places == [None, "10"]


@pytest.mark.behaviour("B4")
async def test_while_nobody_is_to_be_woken_the_mirror_is_kept_all_the_same() -> None:
    cluster = FakeCluster()
    async with watching(cluster) as watch:
        watch.feed.queue = None
        await asyncio.sleep(100)
        cluster.make(deployment_of(an_endpoint()))
        await soon(lambda: watch.mirror.observed(EndpointName(NAME)).objects, within=1.1)
        assert watch.seen == []

        watch.feed.queue = watch.queue
        cluster.make(deployment_of(an_endpoint("other")))
        await soon(lambda: watch.seen == ["other"], within=1.1)


async def test_what_a_restored_database_has_lost_is_looked_at_again() -> None:
    lost, kept = a_projection(40, digest="lost"), a_projection(8)
    cluster = ScriptedCluster(
        showing(listed(kept), Shown(lost), then=StreamGap("silence")),
        showing(listed(kept, version=20), Shown(a_projection(21, digest="new")), after=float("inf")),
    )

    async with watching(cluster) as watch:
        await soon(lambda: len(watch.seen) == 2)

        there = watch.mirror.observed(EndpointName(NAME)).deployment(EndpointName(NAME))
        assert there == a_projection(21, digest="new")


async def test_after_a_gap_everything_is_listed_anew_and_what_went_is_found() -> None:
    cluster = ScriptedCluster(
        showing(listed(a_projection(), a_projection(6, name="other"))),
        showing(then=StreamGap("too old")),
        showing(listed(a_projection(), version=30), after=float("inf")),
    )

    async with watching(cluster) as watch:
        await soon(lambda: "other" in watch.seen)
        assert watch.mirror.observed(EndpointName("other")).objects == {}

        assert cluster.places == [None, "10", None]
        assert watch.seen == ["other"]


async def test_one_kind_in_trouble_leaves_the_others_alone() -> None:
    cluster = ScriptedCluster(showing(then=Transient("gone")))
    service, ingress = of_everything()[1:]

    async with watching(cluster) as watch:
        await asyncio.sleep(10)
        cluster.make(service)
        await soon(lambda: watch.seen == [NAME], within=1.1)
        cluster.make(ingress)
        await soon(lambda: watch.seen == [NAME, NAME], within=1.1)


@pytest.mark.behaviour("B5")
async def test_a_crash_ends_the_feed() -> None:
    feed = Watching(ScriptedCluster(showing(then=ZeroDivisionError("a bug")))).feed

    with pytest.raises(ExceptionGroup) as crash:
        await feed.run()

    assert crash.group_contains(ZeroDivisionError)
