"""All that is asked is refused for a while, by 503 or by 429: few requests meanwhile, and all is well after."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from gco_stream.errors import Transient
from tests.builders import an_item
from tests.fakes.controller import NAMES, Controller, serving, with_records
from tests.fakes.line import soon

pytestmark = [pytest.mark.looptime, pytest.mark.behaviour("B11")]

MINUTES = 10
UNAVAILABLE = Transient("503 Service Unavailable")
TOO_MANY = Transient("429 Too Many Requests", retry_after=20.0)
OF_API_SERVER = ("observe", "apply", "delete", "watch", "pods", "count")
OF_TABLE = ("get", "scan", "write_status", "promote", "purge")
OF_STREAM = ("read", "open", "describe", "locate")
STORMS = [
    pytest.param(OF_API_SERVER, UNAVAILABLE, id="503 of the API server"),
    pytest.param(OF_API_SERVER, TOO_MANY, id="429 of the API server"),
    pytest.param(OF_TABLE, UNAVAILABLE, id="503 of the table"),
    pytest.param((*OF_TABLE, *OF_STREAM), UNAVAILABLE, id="503 of the table and its stream"),
]
# Each of four endpoints is looked at again after half a second, then twice that, and so on up to a minute.
A_PASS = 4 * 20
MOST = {
    **dict.fromkeys(("get", "observe", "apply", "delete", "write_status", "promote", "pods", "count"), A_PASS),
    "scan": 30,
    "watch": 4 * 30,
}


async def refused(controller: Controller, operations: Sequence[str], error: Transient) -> Counter[str]:
    """Refuse much for some minutes in which each endpoint is to change, and return how often it was asked."""
    controller.line.calls.clear()
    for operation in operations:
        controller.line.fail(operation, error)
    if "watch" in operations:
        controller.cluster.breaks_off = error
    for name in NAMES:
        controller.records.change(name, desired_state="stopped")
    controller.records.put(an_item("later"))
    controller.resyncs.ask("test")
    await asyncio.sleep(MINUTES * 60)
    for operation in operations:
        controller.line.mend(operation)
    controller.cluster.breaks_off = None
    return Counter(operation for operation in controller.line.operations() if operation in operations)


def states(controller: Controller) -> dict[str, object]:
    return {name: controller.records.status(name, "us-east-1").get("state") for name in controller.records.items}


@pytest.mark.parametrize(("operations", "error"), STORMS)
async def test_a_storm_of_refusals_is_waited_out_in_peace_and_nothing_is_lost(
    operations: Sequence[str], error: Transient
) -> None:
    controller = with_records()
    async with serving(controller):
        await soon(lambda: controller.states() == {"running"}, within=60)

        asked = await refused(controller, operations, error)

        await soon(lambda: states(controller) == {**dict.fromkeys(NAMES, "stopped"), "later": "running"}, within=150)
        assert not controller.serving.done()
    assert {operation: count for operation, count in asked.items() if count > MOST.get(operation, 300)} == {}
