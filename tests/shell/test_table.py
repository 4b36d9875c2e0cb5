"""How the table is asked."""

import pytest

from gco_stream.core.models import EndpointName
from tests.shell.servers import Server, says
from tests.shell.test_aws import AMZ_JSON, clients


async def test_a_record_is_read_strongly_consistent(server: Server) -> None:
    server.will(says({"Item": {"endpoint_name": {"S": "llama"}}}, kind=AMZ_JSON))

    async with clients(server.url) as (records, _):
        assert await records.get(EndpointName("llama")) == {"endpoint_name": "llama"}

    assert server.asked[0].body["ConsistentRead"] is True


@pytest.mark.hazard("H12")
@pytest.mark.behaviour("B12")
async def test_every_page_of_a_scan_is_read_strongly_consistent(server: Server) -> None:
    key = {"endpoint_name": {"S": "a"}}
    server.will(
        says({"Items": [key], "LastEvaluatedKey": key}, kind=AMZ_JSON),
        # A page may be empty and still not be the last.
        says({"Items": [], "LastEvaluatedKey": key}, kind=AMZ_JSON),
        says({"Items": [{"endpoint_name": {"S": "b"}}]}, kind=AMZ_JSON),
    )

    async with clients(server.url) as (records, _):
        pages = [list(page) async for page in records.scan()]

    assert pages == [[{"endpoint_name": "a"}], [], [{"endpoint_name": "b"}]]
    assert [asked.body["ConsistentRead"] for asked in server.asked] == [True] * 3
    assert [asked.body.get("ExclusiveStartKey") for asked in server.asked] == [None, key, key]
