"""Many endpoints are published at once: they wait for nobody, and never take more than the load balancer has."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gco_stream.actor import Actor
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import Action, Apply, EndpointName, Kind, Manifest
from gco_stream.core.room import TargetGroups
from gco_stream.core.route import target_groups_of
from gco_stream.errors import Transient
from tests.builders import SCOPE, a_request, a_spec
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B19")]

ROUND_TRIP = 2.0


class SlowCluster(FakeCluster):
    """A cluster that does what it is asked at some moment between question and answer; some answers are lost.

    Attributes:
        applying: How many applies are under way.
        most: How many there ever were at once, and how many target groups.
    """

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.is_slow, self.loses = False, 0.0
        self.applying = self.most_applying = self.most_taken = 0

    def taken(self) -> int:
        ingresses = [live for key, live in self.model.objects.items() if key.kind is Kind.INGRESS]
        return sum(map(target_groups_of, ingresses))

    async def count_target_groups(self) -> TargetGroups:
        there, back = self._ways()
        await asyncio.sleep(there)
        counted = await super().count_target_groups()
        await asyncio.sleep(back)
        return counted

    async def carry_out(self, action: Action) -> Manifest | None:
        there, back = self._ways()
        self.applying += isinstance(action, Apply)
        self.most_applying = max(self.applying, self.most_applying)
        try:
            await asyncio.sleep(there)
            answer = await super().carry_out(action)
            self.most_taken = max(self.taken(), self.most_taken)
            await asyncio.sleep(back)
        finally:
            self.applying -= isinstance(action, Apply)
        if self.chance.random() < self.loses:
            raise Transient("the answer was lost")
        return answer

    def _ways(self) -> tuple[float, float]:
        there = self.chance.uniform(0.0, ROUND_TRIP) if self.is_slow else 0.0
        return there, (ROUND_TRIP - there if self.is_slow else 0.0)


class Crowd:
    """Endpoints of which all are ready and none is published, some with a canary."""

    def __init__(self, *, limit: int, canaries: Mapping[str, bool], seed: int = 1) -> None:
        self.cluster = SlowCluster(random.Random(seed))
        self.canaries = canaries
        self.actor = Actor(self.cluster, Mirror(), FakeClock(), replace(SCOPE, target_groups=limit))

    async def act(self, name: str) -> None:
        canary = (
            {"canary": {"image": "vllm/vllm-openai:v9", "weight": 10, "replicas": 1}} if self.canaries[name] else {}
        )
        request = a_request(endpoint_name=name, ingress_path=f"/inference/{name}", spec=a_spec(**canary))
        seen = self.cluster.model.observe(EndpointName(name))
        await self.actor.act(request, replace(seen, pods=None), {"endpoint": name})

    async def get_ready(self) -> None:
        for name in self.canaries:
            await self.act(name)
        self.cluster.model.work()
        self.cluster.is_slow = True

    async def act_at_once(self, *, apart: float = 0.0) -> None:
        """Let everybody do a pass, each beginning at some moment of its own."""

        async def late(name: str) -> None:
            await asyncio.sleep(self.cluster.chance.uniform(0.0, apart))
            await self.act(name)

        async with asyncio.TaskGroup() as group:
            for name in self.canaries:
                group.create_task(late(name))
        assert self.cluster.model.spoiled == []


async def test_ninety_are_published_in_the_time_of_one() -> None:
    crowd = Crowd(limit=90, canaries={f"endpoint-{number}": False for number in range(90)})
    await crowd.get_ready()
    began = asyncio.get_running_loop().time()

    await crowd.act_at_once()

    assert asyncio.get_running_loop().time() - began == pytest.approx(2 * ROUND_TRIP)
    assert (crowd.cluster.taken(), crowd.cluster.most_applying) == (90, 90)


@settings(max_examples=30, deadline=None)
@given(
    canaries=st.dictionaries(st.sampled_from("abcdef"), st.booleans(), min_size=2),
    limit=st.integers(1, 8),
    seed=st.integers(0, 2**16),
    apart=st.sampled_from([0.0, 1.0, 4.0]),
    loses=st.sampled_from([0.0, 0.3]),
)
async def test_the_limit_is_never_passed_and_what_fits_is_published(
    canaries: dict[str, bool], limit: int, seed: int, apart: float, loses: float
) -> None:
    crowd = Crowd(limit=limit, canaries=canaries, seed=seed)
    await crowd.get_ready()

    crowd.cluster.loses = loses
    for _ in range(4):
        await crowd.act_at_once(apart=apart)
    crowd.cluster.loses = 0.0
    for _ in range(4):
        await crowd.act_at_once(apart=apart)

    assert crowd.cluster.most_taken <= limit
    wanted = sum(1 + has_canary for has_canary in canaries.values())
    assert crowd.cluster.taken() == min(limit, wanted)
