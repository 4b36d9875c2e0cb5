"""How a table is waited for."""

import asyncio
from typing import Any

import pytest

from gco_stream.errors import Conflict, Denied, Transient
from gco_stream.shell.aws import client_config
from gco_stream.shell.tables import Tables
from tests.fakes.clock import FakeClock
from tests.shell.servers import Server, says
from tests.shell.test_aws import AMZ_JSON, an_error, session

CREATING, ACTIVE = (
    says({"Table": {"TableName": "t", "TableStatus": status}}, kind=AMZ_JSON) for status in ("CREATING", "ACTIVE")
)
MADE = says({"TableDescription": {"TableName": "t", "TableStatus": "CREATING"}}, kind=AMZ_JSON)


class Impatient(FakeClock):
    """A clock on which nobody waits."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def create(server: Server) -> Any:
    async with session("s").client("dynamodb", config=client_config(), endpoint_url=server.url) as client:
        return await Tables(client, Impatient()).create("t")


async def test_a_table_is_there_when_it_can_be_used(server: Server) -> None:
    server.will(MADE, CREATING, an_error("ResourceNotFoundException"), CREATING, ACTIVE)

    assert (await create(server))["TableStatus"] == "ACTIVE"


async def test_a_table_that_never_becomes_active_is_given_up(server: Server) -> None:
    server.will(MADE, CREATING)

    with pytest.raises(Transient, match="not active yet"):
        await create(server)


@pytest.mark.parametrize(
    ("code", "expected"), [("ResourceInUseException", Conflict), ("AccessDeniedException", Denied)]
)
async def test_a_table_that_cannot_be_made_says_why(server: Server, code: str, expected: type[Exception]) -> None:
    server.will(an_error(code))

    with pytest.raises(expected):
        await create(server)
