"""Plans are carried out in order, what was refused is not asked again, and who publishes counts the others."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from gco_stream.actor import Acted, Actor
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import EndpointName, Kind, ObjectKey, Scope
from gco_stream.core.publication import LOAD_BALANCER_FULL
from gco_stream.errors import Conflict, Refused, Transient
from tests.builders import DEPLOYMENT, INGRESS, NAME, SCOPE, SERVICE, a_request, a_spec, at
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster

pytestmark = pytest.mark.looptime

OTHER = EndpointName("mistral")
INVALID = Refused("spec.x: Invalid value", reason="Invalid")


class Stage:
    """An actor before a cluster in memory."""

    def __init__(self, scope: Scope = SCOPE) -> None:
        self.cluster = FakeCluster()
        self.mirror = Mirror()
        self.actor = Actor(self.cluster, self.mirror, FakeClock(), scope)

    async def act(self, name: str = NAME, *, updated_at: str = at(), **spec: Any) -> Acted:
        """Look, plan, and do."""
        path = f"/inference/{name}"
        request = a_request(endpoint_name=name, ingress_path=path, spec=a_spec(**spec), updated_at=updated_at)
        seen = self.cluster.model.observe(request.name)
        return await self.actor.act(request, replace(seen, pods=None), {"endpoint": name})

    async def made(self, *names: str, **spec: Any) -> None:
        """Make endpoints, and let their pods get ready; they are not published yet."""
        for name in names:
            await self.act(name, **spec)
        self.cluster.model.work()
        self.cluster.line.calls.clear()

    def sent(self) -> list[tuple[str, str]]:
        return [(call.operation, call.about) for call in self.cluster.line.calls]

    def published(self) -> set[str]:
        return {key.name for key in self.cluster.model.objects if key.kind is Kind.INGRESS}


async def test_every_action_is_done_in_order_and_what_was_answered_is_observed_and_known_to_the_mirror() -> None:
    stage = Stage()

    acted = await stage.act()

    assert stage.sent() == [("apply", "Service llama"), ("apply", "Deployment llama")]
    assert acted.observed.objects == {key: stage.cluster.model.objects[key] for key in (SERVICE, DEPLOYMENT)}
    assert stage.mirror.observed(NAME).objects.keys() == {SERVICE, DEPLOYMENT}
    assert (acted.failure, acted.trouble, dict(acted.before.objects)) == (None, None, {})


@pytest.mark.behaviour("B11")
async def test_the_first_action_that_fails_is_the_last_one() -> None:
    for trouble in (Transient("the API server is away"), Conflict("somebody was faster")):
        stage = Stage()
        stage.cluster.line.fail_next("apply", trouble)

        acted = await stage.act()

        assert stage.sent() == [("apply", "Service llama")]
        assert acted.trouble is trouble
        assert acted.failure is None


@pytest.mark.behaviour("B11")
async def test_what_was_refused_is_not_sent_again_as_long_as_nothing_about_it_changes() -> None:
    stage = Stage()
    stage.cluster.line.fail_next("apply", INVALID)

    first = await stage.act()
    again = [await stage.act() for _ in range(3)]

    assert stage.sent() == [("apply", "Service llama")]
    assert first.failure is not None
    assert first.failure.reason == "Invalid"
    assert [acted.failure for acted in again] == [first.failure] * 3


@pytest.mark.behaviour("B11")
async def test_what_was_refused_is_sent_again_when_the_record_asks_for_something_else() -> None:
    stage = Stage()
    stage.cluster.line.fail_next("apply", INVALID)
    await stage.act()

    changed = await stage.act(port=9000)
    after = await stage.act()

    assert changed.failure is after.failure is None
    assert stage.cluster.line.count("apply", "Service llama") == 3


@pytest.mark.behaviour("B11")
async def test_what_was_refused_is_sent_again_when_somebody_writes_the_record_anew() -> None:
    stage = Stage()
    stage.cluster.line.fail_next("apply", INVALID)
    await stage.act()

    touched = await stage.act(updated_at=at(60))

    assert touched.failure is None


@pytest.mark.behaviour("B11")
async def test_what_was_refused_is_tried_again_after_a_while_since_a_policy_may_have_been_mended() -> None:
    stage = Stage()
    stage.cluster.line.fail_next("apply", INVALID)
    await stage.act()

    await asyncio.sleep(590)
    before = await stage.act()
    await asyncio.sleep(20)
    after = await stage.act()

    assert before.failure is not None
    assert after.failure is None


@pytest.mark.behaviour("B11")
async def test_what_was_refused_to_one_endpoint_is_sent_for_another() -> None:
    stage = Stage()
    stage.cluster.line.fail_next("apply", INVALID)
    await stage.act()

    other = await stage.act(OTHER)

    assert other.failure is None
    assert len(other.observed.objects) == 2


@pytest.mark.behaviour("B19")
async def test_who_publishes_counts_before_it_does() -> None:
    stage = Stage()
    await stage.made(NAME)

    acted = await stage.act()

    assert stage.sent() == [("count", ""), ("apply", "Ingress inference-llama")]
    assert acted.observed.target_groups == 0


@pytest.mark.behaviour("B19")
async def test_of_two_who_publish_at_once_the_second_sees_the_first() -> None:
    stage = Stage(replace(SCOPE, target_groups=1))
    await stage.made(NAME, OTHER)
    stage.cluster.line.latency = 1.0

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(stage.act(name)) for name in (NAME, OTHER)]

    publications = [task.result().plan.publication for task in tasks]
    assert len(stage.published()) == 1
    assert sorted(str(p and p.reason) for p in publications) == [LOAD_BALANCER_FULL, "None"]


@pytest.mark.behaviour("B19")
async def test_nobody_waits_for_those_who_publish_but_those_who_publish() -> None:
    stage = Stage()
    await stage.made(NAME, OTHER)
    await stage.act(OTHER)
    stage.cluster.line.calls.clear()
    stage.cluster.line.cut("count")

    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(stage.act())
        other = await group.create_task(stage.act(OTHER, replicas=2))
        publishing.cancel()

    assert [action.key for action in other.plan.actions] == [ObjectKey(Kind.DEPLOYMENT, OTHER)]
    assert other.trouble is None
    assert INGRESS not in stage.cluster.model.objects


@pytest.mark.behaviour("B11", "B19")
async def test_who_cannot_count_publishes_nothing() -> None:
    stage = Stage()
    await stage.made(NAME)
    stage.cluster.line.fail_next("count", Transient("the API server is away"))

    failed = await stage.act()
    published = stage.published()
    again = await stage.act()

    assert (str(failed.trouble), published) == ("the API server is away", set())
    assert (again.trouble, stage.published()) == (None, {INGRESS.name})
