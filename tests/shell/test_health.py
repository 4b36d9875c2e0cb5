"""The health server over real HTTP; what it serves is judged elsewhere."""

import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from gco_stream.core.vitals import Vitals
from gco_stream.errors import InvalidSettings
from gco_stream.shell.clock import SystemClock
from gco_stream.shell.health import health_server
from gco_stream.shell.metrics import PrometheusMeters
from tests.core.a_reading import a_leader, a_standby

pytestmark = [pytest.mark.process, pytest.mark.behaviour("B6")]

Get = Callable[[str], "aiohttp.client._RequestContextManager"]


def a_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@asynccontextmanager
async def served(vitals: Vitals) -> AsyncIterator[Get]:
    port = a_free_port()
    async with (
        health_server(port, lambda: vitals, PrometheusMeters(), SystemClock()),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield session.get


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("vitals", [a_leader(), a_standby()], ids=["leader", "standby"])
async def test_what_is_well_is_answered_with_a_word(path: str, vitals: Vitals) -> None:
    async with served(vitals) as get, get(path) as answer:
        assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_every_check_is_told_where_somebody_asks() -> None:
    async with served(a_leader()) as get, get("/readyz?verbose") as answer:
        told = await answer.text()

    assert answer.status == 200
    assert [line.split(":")[0] for line in told.splitlines()] == [
        "[+] caches",
        "[+] events",
        "[+] scan",
        "[+] deletions",
        "ok",
    ]


async def test_what_is_wrong_is_told_without_being_asked() -> None:
    async with served(a_leader(lags=(9.0,), source=None)) as get, get("/healthz") as alive, get("/readyz") as ready:
        assert (alive.status, ready.status) == (503, 503)
        assert "[-] event loop: late by up to 9.000 s" in await alive.text()
        assert "[-] events: leading, but not yet following anything" in await ready.text()


async def test_metrics_come_as_prometheus_reads_them() -> None:
    async with served(a_leader()) as get, get("/metrics") as answer:
        page = await answer.text()

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'leader_election_master_status{name="inference-monitor-leader"} 1.0' in page.splitlines()


async def test_the_status_page_is_json() -> None:
    async with served(a_standby()) as get, get("/status") as answer:
        page = json.loads(await answer.text())

    assert answer.content_type == "application/json"
    assert (page["role"], page["leader"]) == ("standby", "other")


async def test_there_is_nothing_else() -> None:
    async with served(a_leader()) as get, get("/") as answer:
        assert answer.status == 404


async def test_port_0_serves_nothing() -> None:
    async with health_server(0, lambda: pytest.fail("nobody asks"), PrometheusMeters(), SystemClock()):
        pass


async def test_a_port_that_is_taken_is_a_problem_of_the_settings() -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(InvalidSettings, match=f"HEALTH_PORT is {port}: in use"):
            async with health_server(port, a_leader, PrometheusMeters(), SystemClock()):
                pytest.fail("it is not served")
