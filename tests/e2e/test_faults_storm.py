"""The API server, or the table, refuses all that is asked of it for a while, or a part of it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from tests.controller import running_controller
from tests.e2e.bursts import Bursts
from tests.e2e.converging import BRIEF
from tests.e2e.gateways import Gateways, gateways_before
from tests.gateway import Gateway, Refuses, nothing
from tests.world import Site, World
from tests.writers import Writers

pytestmark = pytest.mark.behaviour("B11")

SECONDS = float(os.environ.get("FAULT_SECONDS", "5"))
MOST_A_SECOND = 60
"""Requests of ten endpoints of which most have something to be done."""
# So that who leads goes on leading through all of it.
PATIENT = {"LEASE_DURATION_SECONDS": "90", "LEASE_RENEW_DEADLINE_SECONDS": "60", "LEASE_RETRY_SECONDS": "2"}


def unavailable(_request: web.Request) -> web.Response:
    """What a load balancer says that has nobody behind it."""
    return web.Response(status=503, text="upstream connect error or disconnect/reset before headers")


def too_many(request: web.Request) -> web.Response | None:
    """What the API server says when it has too much to do; leases have a lane of their own."""
    if "/leases/" in request.path:
        return None
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "TooManyRequests", "code": 429}
    return web.json_response(status, status=429, headers={"Retry-After": "1"})


def throttled(request: web.Request) -> web.Response | None:
    """What DynamoDB says of a table that is asked more than it may be; its stream is another service."""
    if "Streams" in request.headers.get("X-Amz-Target", ""):
        return None
    code = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
    error = {"__type": code, "message": "The level of configured provisioned throughput was exceeded."}
    return web.json_response(error, status=400, content_type="application/x-amz-json-1.0")


@pytest_asyncio.fixture(loop_scope="session")
async def gateways(world: World, site: Site, tmp_path: Path) -> AsyncIterator[Gateways]:
    async with gateways_before(world, site, tmp_path) as gateways:
        yield gateways


async def is_waited_out(bursts: Bursts, gateway: Gateway, *storms: Refuses) -> None:
    """Let storms come in the middle of much work, and see that all of it is done after each."""
    await bursts.begin()
    for refuses in storms:
        await bursts.blow(5)
        gateway.refuses, before = refuses, gateway.refused
        await bursts.blow(10)
        await gateway.stays_calm(SECONDS, most_a_second=MOST_A_SECOND)
        gateway.refuses = nothing
        assert gateway.refused > before
        await bursts.have_settled()


async def test_an_api_server_that_refuses_everything_for_a_while(
    site: Site, writers: Writers, gateways: Gateways
) -> None:
    async with running_controller(site, **{**BRIEF, **PATIENT, **gateways.environment}) as controller:
        await is_waited_out(Bursts(site, writers), gateways.kubernetes, unavailable, too_many)

    assert len(controller.logged("leading")) == 1


async def test_a_table_that_refuses_everything_for_a_while(site: Site, writers: Writers, gateways: Gateways) -> None:
    async with running_controller(site, **{**BRIEF, **PATIENT, **gateways.environment}) as controller:
        await is_waited_out(Bursts(site, writers, seed=2), gateways.dynamodb, throttled, unavailable)

    assert len(controller.logged("leading")) == 1
