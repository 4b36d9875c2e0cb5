"""A process that dies in the middle of a deletion: the next one takes the rest away in order, whatever it believes."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, combinations

import pytest

from gco_stream.core.claims import Claims
from gco_stream.core.mirror import Listed, Mirror
from gco_stream.core.models import Action, Delete, Kind, Manifest, ObjectKey, is_leaving
from gco_stream.core.projection import project
from gco_stream.queue import WorkQueue
from gco_stream.reconciler import Reconciler
from tests.builders import DEPLOYMENT, INGRESS, NAME, SCOPE, SERVICE, an_endpoint, an_item, manifests_of
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.records import FakeRecords

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B26")]

AUTOSCALER = ObjectKey(Kind.AUTOSCALER, NAME)
ORDER = (INGRESS, SERVICE, DEPLOYMENT)
ALL = (AUTOSCALER, *ORDER)
PASSES = 50


class Killed(BaseException):
    """The process is no more."""


class DyingCluster(FakeCluster):
    """A cluster that remembers what was deleted too early, and kills whoever deletes once too often.

    Attributes:
        left: How many deletions are done before that; None: all.
        is_last_done: Whether the deletion that kills is done all the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None
        self.is_last_done = False
        self.too_early: list[str] = []

    async def carry_out(self, action: Action) -> Manifest | None:
        assert isinstance(action, Delete)
        dies = self.left == 0
        if not dies or self.is_last_done:
            self._note(action)
            await super().carry_out(action)
        if dies:
            raise Killed
        self.left = None if self.left is None else self.left - 1
        live = self.model.objects.get(action.key)
        return None if live is None else dict(live)

    def _note(self, action: Delete) -> None:
        earlier = ORDER[: ORDER.index(action.key)] if action.key in ORDER else ()
        there = [key for key in earlier if key in self.model.objects and not is_leaving(self.model.objects[key])]
        self.too_early += [f"{action.key} before {key}" for key in there]


def a_process(records: FakeRecords, cluster: FakeCluster, mirror: Mirror) -> Reconciler:
    return Reconciler(
        records=records,
        cluster=cluster,
        mirror=mirror,
        clock=FakeClock(),
        scope=SCOPE,
        pass_deadline=timedelta(seconds=60),
        claims=Claims(SCOPE.region),
    )


async def look(process: Reconciler) -> bool:
    return await process._attempt(NAME, WorkQueue(process.clock)) is not None


def pictures() -> Iterator[tuple[ObjectKey, ...]]:
    """Everything that a mirror can show of the endpoint: of each object that it is there, or that it is not."""
    return chain.from_iterable(combinations(ALL, count) for count in range(len(ALL) + 1))


def mirror_of(shown: tuple[ObjectKey, ...], before: dict[ObjectKey, Manifest]) -> Mirror:
    mirror = Mirror()
    for kind in Kind:
        projections = [project(before[key]) for key in shown if key.kind is kind]
        mirror.take(kind, Listed(tuple(projections), "1"))
    return mirror


@pytest.mark.parametrize("is_last_done", [False, True], ids=["not done", "done, and nobody heard of it"])
@pytest.mark.parametrize("deletions", range(len(ALL)))
@pytest.mark.parametrize("is_finalized", [False, True], ids=["no finalizer", "a finalizer"])
async def test_the_next_process_deletes_the_rest_in_order_whatever_its_watch_shows(
    deletions: int, is_last_done: bool, is_finalized: bool
) -> None:
    for shown in pictures():
        records, cluster = FakeRecords(), DyingCluster()
        cluster.model.finalized = is_finalized
        for kind in (Kind.DEPLOYMENT, Kind.SERVICE, Kind.INGRESS, Kind.AUTOSCALER):
            cluster.make(manifests_of(an_endpoint(autoscaling={"enabled": True}))[kind], manager="gco-stream")
        before: dict[ObjectKey, Manifest] = dict(cluster.model.objects)
        records.put(an_item(desired_state="deleted"))
        cluster.left, cluster.is_last_done = deletions, is_last_done
        with pytest.raises(Killed):
            await look(a_process(records, cluster, mirror_of(ALL, before)))

        cluster.left = None
        following = a_process(records, cluster, mirror_of(shown, before))
        for _ in range(PASSES):
            if not await look(following):
                break
            cluster.model.work()

        assert cluster.too_early + cluster.model.spoiled == [], shown
        assert cluster.model.objects == {}, shown
        assert records.items == {}, shown
