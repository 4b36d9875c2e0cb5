"""What waits for a server that was away is looked at as soon as that is back, not when its back-off is over."""

import asyncio

import pytest

from gco_stream.errors import Transient
from tests.builders import an_item
from tests.fakes.controller import Controller, serving
from tests.fakes.line import soon

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B11")]

UNREACHABLE = Transient("connection refused")
# So that who leads goes on leading through all of it.
PATIENT = {"LEASE_DURATION_SECONDS": "3600", "LEASE_RENEW_DEADLINE_SECONDS": "2700", "LEASE_RETRY_SECONDS": "2"}
OF_API_SERVER = ("observe", "apply", "delete", "watch", "pods", "count")
OF_LEASE = ("read_lease", "write_lease")
OF_TABLE = ("get", "scan", "write_status", "promote", "purge")
OF_STREAM = ("read", "open", "describe", "locate")
MANY = [f"endpoint-{number}" for number in range(12)]
LONG = 30.0
"""Seconds; a name that has failed for minutes waits for 48 at least."""


class Outage:
    """A controller of many endpoints that has all of them to look at, and cannot."""

    def __init__(self, *names: str) -> None:
        self.controller = Controller(board=None, **PATIENT)
        self.names = names
        for name in names:
            self.controller.records.put(an_item(name))

    def fail(self, *operations: str) -> None:
        for operation in operations:
            self.controller.line.fail(operation, UNREACHABLE)
            self.controller.leases.line.fail(operation, UNREACHABLE)
        self.controller.cluster.breaks_off = UNREACHABLE if "watch" in operations else None

    def mend(self, *operations: str) -> None:
        self.controller.line.calls.clear()
        for operation in operations:
            self.controller.line.mend(operation)
            self.controller.leases.line.mend(operation)
        self.controller.cluster.breaks_off = None

    async def begins(self, *operations: str) -> None:
        await soon(lambda: self.controller.states() == {"running"}, within=300)
        self.fail(*operations)
        for name in self.names:
            self.controller.records.change(name, desired_state="stopped")

    async def lasts(self, operation: str) -> None:
        """Let it last until the moment after another vain attempt, when the next is a minute away."""
        await asyncio.sleep(140)
        line = self.controller.line
        line.calls.clear()
        await soon(lambda: line.count(operation) > 0, within=90)
        await asyncio.sleep(12)

    def looked(self, operation: str) -> set[str]:
        """Return the endpoints that were looked at since the end of the outage."""
        return {call.about for call in self.controller.line.calls if call.operation == operation}


async def is_made_up_for(outage: Outage, operation: str, within: float) -> None:
    """See that every endpoint is looked at soon, and none again and again."""
    await soon(lambda: outage.looked(operation) == set(outage.names), within=within)
    assert outage.controller.line.count(operation) <= 3 * len(outage.names)
    await soon(lambda: outage.controller.states() == {"stopped"}, within=LONG)


@pytest.mark.parametrize("operations", [OF_API_SERVER, (*OF_API_SERVER, *OF_LEASE)], ids=["without lease", "all"])
async def test_an_api_server_that_is_back(operations: tuple[str, ...]) -> None:
    outage = Outage(*MANY)
    async with serving(outage.controller):
        await outage.begins(*operations)
        await outage.lasts("observe")

        outage.mend(*operations)

        # Who leads asks for its lease every 2 seconds; without that, four watches try every half minute.
        await is_made_up_for(outage, "observe", within=6 if "write_lease" in operations else LONG)


async def test_a_table_that_is_back_with_its_stream() -> None:
    outage = Outage(*MANY)
    async with serving(outage.controller):
        await outage.begins(*OF_TABLE)
        await asyncio.sleep(20)
        outage.fail(*OF_STREAM)
        await outage.lasts("get")

        outage.mend(*OF_TABLE, *OF_STREAM)

        await is_made_up_for(outage, "get", within=10)


async def test_the_first_that_is_lucky_shows_the_others_the_way() -> None:
    """Nobody tells of a table that takes requests again, while its stream was there all the time."""
    outage = Outage(*MANY)
    async with serving(outage.controller):
        await outage.begins(*OF_TABLE)
        await outage.lasts("get")
        outage.mend(*OF_TABLE)

        outage.controller.records.change(MANY[0], notes="anything")

        await is_made_up_for(outage, "get", within=10)


async def test_a_server_that_comes_and_goes_all_the_time_is_not_asked_much_more() -> None:
    outage = Outage("llama")
    async with serving(outage.controller):
        await outage.begins(*OF_API_SERVER)
        await outage.lasts("observe")
        outage.controller.line.calls.clear()

        for _ in range(60):
            outage.controller.line.mend("watch")
            outage.controller.cluster.breaks_off = None
            await asyncio.sleep(0.5)
            outage.fail("watch")
            await asyncio.sleep(0.5)

        line = outage.controller.line
    # An endpoint once in ten seconds, instead of once in a minute; a watch not more often than five times a second.
    assert 2 <= line.count("observe") <= 60 / 10 + 2
    assert line.count("watch") <= 60 * 4 * 5
