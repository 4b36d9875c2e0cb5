"""The health server: probes, metrics and a status page over HTTP; what is healthy is judged in ``core``."""

import errno
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from gco_stream.core.health import Check, is_fine, liveness, readiness, told
from gco_stream.core.readings import readings_of
from gco_stream.core.vitals import Vitals, page_of
from gco_stream.errors import InvalidSettings, Problem
from gco_stream.ports import Clock
from gco_stream.shell.metrics import CONTENT_TYPE, PrometheusMeters

_CLOSING_SECONDS = 1.0


@asynccontextmanager
async def health_server(
    port: int, examine: Callable[[], Vitals], meters: PrometheusMeters, clock: Clock
) -> AsyncIterator[None]:
    """Serve until the end of the block; port 0 serves nothing.

    Raises:
        InvalidSettings: The port cannot be had.
    """
    if port == 0:
        yield
        return
    runner = web.AppRunner(
        _application(_Pages(examine, meters, clock)), access_log=None, shutdown_timeout=_CLOSING_SECONDS
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
    except OSError as error:
        await runner.cleanup()
        why = "in use" if error.errno == errno.EADDRINUSE else str(error)
        raise InvalidSettings([Problem("HEALTH_PORT", port, f"{why}: set another, or 0 for none")]) from error
    try:
        yield
    finally:
        await runner.cleanup()


def _application(pages: "_Pages") -> web.Application:
    application = web.Application()
    application.add_routes(
        [
            web.get("/healthz", pages.healthz),
            web.get("/readyz", pages.readyz),
            web.get("/metrics", pages.metrics),
            web.get("/status", pages.status),
        ]
    )
    return application


@dataclass(frozen=True, slots=True)
class _Pages:
    examine: Callable[[], Vitals]
    meters: PrometheusMeters
    clock: Clock

    async def healthz(self, request: web.Request) -> web.Response:
        return _told(request, liveness(self.examine()))

    async def readyz(self, request: web.Request) -> web.Response:
        return _told(request, readiness(self.examine()))

    async def metrics(self, _request: web.Request) -> web.Response:
        page = self.meters.page(readings_of(self.examine()))
        return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE})

    async def status(self, _request: web.Request) -> web.Response:
        page = page_of(self.examine(), now=self.clock.monotonic())
        return web.Response(text=json.dumps(page, indent=2) + "\n", content_type="application/json")


def _told(request: web.Request, checks: tuple[Check, ...]) -> web.Response:
    """Answer with every check where somebody asks for it or something is wrong, and else with a word."""
    fine = is_fine(checks)
    text = told(checks) if "verbose" in request.query or not fine else "ok\n"
    return web.Response(status=200 if fine else 503, text=text)
