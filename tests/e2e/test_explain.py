"""``explain`` where there is something to explain: a controller at work, and one that is away."""

import json
from typing import Any

import pytest

from tests.controller import running_controller
from tests.e2e.test_commands import Shell, shell
from tests.e2e.watching import asked, is_promoted
from tests.world import Site, World, eventually
from tests.writers import IMAGE, Writers, a_spec

pytestmark = pytest.mark.behaviour("B50")
__all__ = ["shell"]


async def explained(shell: Shell, name: str) -> dict[str, Any]:
    ended = await shell("explain", name, "-o", "json")
    assert ended.code == 0, ended.err
    told: dict[str, Any] = json.loads(ended.out)
    return told


async def test_it_says_what_is_there_what_happened_and_why_not_more(
    shell: Shell, world: World, site: Site, writers: Writers
) -> None:
    async with running_controller(site):
        writers.create("chat", a_spec(replicas=2))
        await is_promoted(writers, "chat")
        before = len(asked(world, site))

        text = await shell("explain", "chat")
        told = await explained(shell, "chat")

        assert told["answer"] == "chat runs as asked, 2 of 2 replicas ready, published at /inference/chat."
        assert told["answer"] in text.out
        assert any(": Published: a replica is ready" in line for line in told["reasons"]["events"])
        assert any(" leads, last sign of life at " in line for line in told["reasons"]["controller"])
        assert [line.partition(": ")[2][:5] for line in told["reasons"]["pods"]] == ["ready", "ready"]
        by_hand = [ask for ask in asked(world, site)[before:] if ask[0] not in ("get", "list", "watch")]
        assert [ask for ask in by_hand if ask[1] != "leases"] == []

        writers.change("chat", image="acme/server:no-pull")

        async def has_its_reason() -> bool:
            return "cannot be pulled" in (await explained(shell, "chat"))["answer"]

        await eventually(has_its_reason, 30, "the reason in the answer")


async def test_without_a_controller_it_says_so_and_who_changed_what(shell: Shell, site: Site, writers: Writers) -> None:
    writers.create("chat", {"image": IMAGE})
    async with running_controller(site):
        await is_promoted(writers, "chat")
    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "chat"}, "spec": {"replicas": 3}}
    await site.kubernetes.apply(scaled, field_manager="somebody")

    told = await explained(shell, "chat")

    assert "Somebody else changed it: spec.replicas of Deployment chat, last written by somebody." in told["answer"]
    assert "No controller is at work in this cluster" in told["answer"]
    assert told["reasons"]["plan"] == ["change Deployment chat: spec.replicas: 3 → 1"]
    assert told["led"] is False


async def test_an_endpoint_of_which_there_is_nothing_is_told_as_such(shell: Shell) -> None:
    ended = await shell("explain", "chta")

    assert (ended.code, ended.out) == (1, "")
    assert "there is no endpoint 'chta' in table " in ended.told[0]
    assert "hint: `gco-stream endpoint list` shows all" in ended.told[1]
