"""The contract of the ``Events`` port, on the real API server and on the fake."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import pytest
import pytest_asyncio

from gco_stream.core.events import LONGEST_NOTE, Announcement
from gco_stream.core.models import EndpointName
from gco_stream.ports import Events
from gco_stream.shell.connection import Connection
from gco_stream.shell.events import KubernetesEvents
from gco_stream.shell.kubernetes_library import Configuration, config
from tests.fakes.events import FakeEvents
from tests.world import Site, World

pytestmark = pytest.mark.behaviour("B39")

LLAMA = EndpointName("llama")


class Read(NamedTuple):
    """An Event as people read it."""

    reason: str
    note: str
    is_warning: bool
    uid: str | None
    at: datetime


class Desk(Protocol):
    """Events as the controller writes them, and as people read them."""

    @property
    def events(self) -> Events: ...
    async def read(self) -> list[Read]: ...


def an_announcement(**fields: Any) -> Announcement:
    plain = {"about": LLAMA, "reason": "Withdrawn", "note": "no replica is ready", "at": datetime.now(UTC)}
    return Announcement(**{**plain, **fields})


class EventsContract:
    async def test_what_is_written_is_read(self, desk: Desk) -> None:
        announcement = an_announcement(uid="a-uid", is_warning=True)

        await desk.events.write(announcement)

        assert await desk.read() == [Read("Withdrawn", "no replica is ready", True, "a-uid", announcement.at)]

    async def test_without_a_deployment_it_says_which_endpoint_is_meant(self, desk: Desk) -> None:
        await desk.events.write(an_announcement())

        (read,) = await desk.read()
        assert (read.note, read.uid) == ("llama: no replica is ready", None)

    async def test_about_all_endpoints_it_names_none(self, desk: Desk) -> None:
        await desk.events.write(an_announcement(about=None))

        assert [read.note for read in await desk.read()] == ["no replica is ready"]

    async def test_the_same_twice_is_told_twice(self, desk: Desk) -> None:
        for _ in range(2):
            await desk.events.write(an_announcement())

        assert len(await desk.read()) == 2

    @pytest.mark.parametrize("note", ["x" * 5000, "é" * 5000], ids=["long", "long in bytes"])
    async def test_a_note_of_any_length_is_taken_as_far_as_it_goes(self, desk: Desk, note: str) -> None:
        await desk.events.write(an_announcement(note=note))

        (read,) = await desk.read()
        assert LONGEST_NOTE - 3 <= len(read.note.encode()) <= LONGEST_NOTE
        assert read.note.endswith("…")

    async def test_a_note_of_many_lines_is_one_sentence(self, desk: Desk) -> None:
        await desk.events.write(an_announcement(note="no\n  replica\tis ready "))

        assert [read.note for read in await desk.read()] == ["llama: no replica is ready"]


class FakeDesk:
    def __init__(self) -> None:
        self.events = FakeEvents()

    async def read(self) -> list[Read]:
        return [Read(one.reason, one.text, one.is_warning, one.uid, one.at) for one in self.events.written]


class TestFakeEvents(EventsContract):
    @pytest.fixture
    def desk(self) -> FakeDesk:
        return FakeDesk()


class RealDesk:
    def __init__(self, events: KubernetesEvents, site: Site) -> None:
        self.events = events
        self.site = site

    async def read(self) -> list[Read]:
        return [
            Read(
                event["reason"],
                event["note"],
                event["type"] == "Warning",
                event["regarding"].get("uid"),
                datetime.fromisoformat(event["eventTime"]),
            )
            for event in await self.site.kubernetes.list("Event")
            if event["reportingController"] == "gco-stream"
        ]


class TestKubernetesEvents(EventsContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def desk(self, world: World, site: Site) -> AsyncIterator[RealDesk]:
        configuration = Configuration()
        await config.load_kube_config(config_file=str(world.kubeconfig), client_configuration=configuration)
        async with Connection(configuration) as api:
            yield RealDesk(KubernetesEvents(api, namespace=site.namespace, instance="pod-a"), site)
