"""The health server as probes, Prometheus and people meet it."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
import pytest_asyncio

from tests.controller import running_controller, started_controller
from tests.e2e.watching import is_promoted, reaches
from tests.pages import Pages, a_free_port
from tests.world import Site, eventually
from tests.writers import Writers, a_spec

pytestmark = pytest.mark.behaviour("B6")


@pytest_asyncio.fixture(loop_scope="session")
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def pages(stack: AsyncExitStack, port: int) -> Pages:
    return Pages(port, await stack.enter_async_context(aiohttp.ClientSession()))


async def test_a_leader_is_alive_and_ready_and_says_what_it_follows(
    site: Site, writers: Writers, stack: AsyncExitStack
) -> None:
    port = a_free_port()
    seen = await pages(stack, port)
    await stack.enter_async_context(running_controller(site, HEALTH_PORT=str(port)))
    writers.create("llama")
    await is_promoted(writers, "llama")

    assert await seen.get("/healthz") == (200, "ok\n")
    code, told = await seen.get("/readyz?verbose")
    assert code == 200
    assert "[+] caches: 3 objects" in told
    assert "[+] events: following the stream: 1 lineages" in told
    status = json.loads((await seen.get("/status"))[1])
    assert (status["role"], status["leader"]) == ("leader", status["identity"])
    assert status["endpoints"]["llama"]["state"] == "running"
    assert [lineage["waits"] for lineage in status["source"]["lineages"]] == [False]


async def test_metrics_tell_what_was_done(site: Site, writers: Writers, stack: AsyncExitStack) -> None:
    port = a_free_port()
    seen = await pages(stack, port)
    await stack.enter_async_context(running_controller(site, HEALTH_PORT=str(port)))

    writers.create("llama")
    writers.create("typo", a_spec(port="abc"))
    await is_promoted(writers, "llama")
    await reaches(writers, "typo", "error")

    assert await seen.sample('leader_election_master_status{name="inference-monitor-leader"}') == 1
    assert await seen.sample('gco_stream_endpoints{state="running"}') == 1
    assert await seen.sample('gco_stream_endpoints{state="error"}') == 1
    assert await seen.sample('gco_stream_convergence_seconds_count{until="applied"}') == 1
    assert await seen.sample('gco_stream_convergence_seconds_count{until="running"}') == 1
    assert await seen.sample("gco_stream_stream_gaps_total") == 0
    assert (await seen.sample('controller_runtime_reconcile_total{controller="endpoint",result="success"}') or 0) >= 2
    assert (await seen.sample('workqueue_adds_total{controller="endpoint",name="endpoint"}') or 0) >= 2
    _, page = await seen.get("/metrics")
    assert 'rest_client_requests_total{code="201",host="' in page


async def test_a_standby_is_ready_and_says_who_leads(site: Site, stack: AsyncExitStack) -> None:
    first, second = a_free_port(), a_free_port()
    leader, standby = await pages(stack, first), await pages(stack, second)
    await stack.enter_async_context(running_controller(site, HEALTH_PORT=str(first), HOSTNAME="pod-a"))
    environment = {**site.environment, "HEALTH_PORT": str(second), "HOSTNAME": "pod-b"}
    await stack.enter_async_context(started_controller(environment))

    await eventually(standby.is_ready, what="the standby ready")

    assert "[+] events: standing by, pod-a_" in (await standby.get("/readyz?verbose"))[1]
    assert await standby.sample('leader_election_master_status{name="inference-monitor-leader"}') == 0
    assert await leader.sample('leader_election_master_status{name="inference-monitor-leader"}') == 1
    assert await standby.sample('gco_stream_endpoints{state="running"}') is None


async def test_a_process_that_does_not_answer_is_not_alive(site: Site, stack: AsyncExitStack) -> None:
    port = a_free_port()
    seen = await pages(stack, port)
    controller = await stack.enter_async_context(running_controller(site, HEALTH_PORT=str(port)))
    await eventually(seen.is_ready, what="ready")

    controller.process.send_signal(signal.SIGSTOP)
    with pytest.raises(asyncio.TimeoutError):
        await seen.get("/healthz")
    controller.process.send_signal(signal.SIGCONT)

    async def is_alive() -> bool:
        return (await seen.get("/healthz"))[0] == 200

    await eventually(is_alive, what="alive again, once it has seen that it answers in time")


async def test_a_port_that_is_taken_is_told_at_the_start(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = {**site.environment, "HEALTH_PORT": str(port)}
        code, told = await ended_at_once(environment)

    assert code == 2
    assert told == f"gco-stream: HEALTH_PORT is {port}: in use: set another, or 0 for none\n"


async def ended_at_once(environment: dict[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gco_stream", "run"),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        _, told = await process.communicate()
    return process.returncode, told.decode()
