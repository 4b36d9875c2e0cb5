"""``endpoint hold``, ``release``, ``canary`` and ``promote`` as people use them, with a controller at work."""

import pytest

from tests.cli.commands import Ended
from tests.e2e.test_commands import Shell, shell
from tests.e2e.watching import is_promoted
from tests.world import Site, eventually
from tests.writers import Writers

__all__ = ["shell"]
V1, V2 = "acme/server:v1", "acme/server:v2"

pytestmark = pytest.mark.usefixtures("controller")


async def done(shell: Shell, *arguments: str) -> Ended:
    ended = await shell("endpoint", *arguments)
    assert ended.code == 0, ended.err
    return ended


@pytest.mark.behaviour("B14")
async def test_what_is_held_stays_as_it_is_until_it_is_released(shell: Shell, site: Site, writers: Writers) -> None:
    writers.create("chat", {"image": V1, "gpu_count": 0})
    await is_promoted(writers, "chat")

    held = await done(shell, "hold", "chat", "--reason", "Ada looks into it")
    await done(shell, "scale", "chat", "3")
    await eventually(lambda: writers.status("chat").get("reason") == "Held", 30, "the status says that it is held")
    explained = await shell("explain", "chat")
    deployment = await site.kubernetes.get("Deployment", "chat")

    assert held.out == "chat: held\n"
    assert "chat is held: Ada looks into it." in explained.out
    assert deployment is not None
    assert deployment["spec"]["replicas"] == 1

    assert (await done(shell, "release", "chat")).out == "chat: released\n"
    await eventually(lambda: writers.status("chat").get("replicas_ready") == 3, 30, "three replicas")
    assert (await done(shell, "release", "chat")).out == "chat: is not held\n"


@pytest.mark.behaviour("B14")
async def test_what_is_not_there_cannot_be_held(shell: Shell) -> None:
    ended = await shell("endpoint", "hold", "absent")

    assert (ended.code, ended.out) == (2, "")
    assert "must be one that the controller has made" in ended.told[0]


async def test_a_canary_is_begun_and_promoted(shell: Shell, site: Site, writers: Writers) -> None:
    writers.create("chat", {"image": V1, "gpu_count": 0})
    await is_promoted(writers, "chat")

    await done(shell, "canary", "chat", V2, "--weight", "20")
    await eventually(lambda: (writers.status("chat").get("canary") or {}).get("replicas_ready") == 1, 40, "a canary")
    await done(shell, "promote", "chat", "--wait", "--timeout", "60")

    deployment = await site.kubernetes.get("Deployment", "chat")
    assert deployment is not None
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == V2
