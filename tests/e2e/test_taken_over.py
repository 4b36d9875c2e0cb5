"""Once what the poller left is taken over, it is an endpoint like any other."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.controller import running_controller
from tests.e2e.after_the_poller import ADOPTED, CANARY, FLEET, SCALED, SETTINGS, leaves, pods, versions
from tests.e2e.watching import container_of, is_promoted, is_purged, reaches
from tests.world import Site
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B35")


@pytest.fixture
def left(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = getattr(request, "param", FLEET["plain"])
    return found


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def taken_over(site: Site, writers: Writers, left: dict[str, Any]) -> AsyncIterator[None]:
    await leaves(site, writers, "llama", **left)
    async with running_controller(site, **SETTINGS):
        await reaches(writers, "llama", "running", reason=ADOPTED, published=True)
        yield


@pytest.mark.parametrize("left", [FLEET["edited"]], indirect=True, ids=["edited"])
async def test_the_next_edit_applies_everything(site: Site, writers: Writers) -> None:
    assert "env" not in await container_of(site, "llama")

    writers.change("llama", env={"A": "1"})
    await is_promoted(writers, "llama")

    container, service = await container_of(site, "llama"), await site.kubernetes.get("Service", "llama")
    assert container["env"] == [{"name": "A", "value": "1"}]
    assert (container["args"], container["ports"][0]["containerPort"]) == (["--fast"], 9000)
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert container["resources"]["requests"]["cpu"] == "2"
    assert service is not None
    assert service["spec"]["ports"][0]["targetPort"] == 9000
    assert "reason" not in writers.status("llama")


@pytest.mark.parametrize("left", [{"env": {"A": "1", "B": "2"}, "args": ["--x"]}], indirect=True, ids=["env"])
async def test_what_an_edit_takes_away_is_really_gone(site: Site, writers: Writers) -> None:
    writers.change("llama", env={"A": "1"}, args=None)
    await is_promoted(writers, "llama")

    container = await container_of(site, "llama")
    assert container["env"] == [{"name": "A", "value": "1"}]
    assert "args" not in container


async def test_scaling_replaces_nobody(site: Site, writers: Writers) -> None:
    before = await pods(site)

    writers.scale("llama", 3)
    await reaches(writers, "llama", "running", replicas_ready=3, reason=ADOPTED)

    assert before < await pods(site)


async def test_it_stops_and_starts(site: Site, writers: Writers) -> None:
    writers.say("llama", "stopped")
    await reaches(writers, "llama", "stopped", published=False)
    assert await pods(site) == set()

    writers.say("llama", "running")
    status = await reaches(writers, "llama", "running", replicas_ready=2, published=True)
    assert "reason" not in status, "pods that are made anew are made as the record says"


@pytest.mark.parametrize(
    "left",
    [{"canary": CANARY, "gpu_count": 0}, {"replicas": 3, "autoscaling": SCALED, "gpu_count": 0}],
    indirect=True,
    ids=["canary", "autoscaled"],
)
@pytest.mark.behaviour("B26")
async def test_deleting_takes_everything_away(site: Site, writers: Writers) -> None:
    writers.say("llama", "deleted")
    await is_purged(writers, "llama")

    assert await versions(site) == {}
