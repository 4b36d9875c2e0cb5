"""Connections to one API server, and one request over them.

The library's own ``call_api`` costs as much of a processor again as the request itself, most of it for models that
nothing here has.
"""

import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp import ClientResponse, ClientSession, ClientTimeout

from gco_stream.shell.credentials import Stamp, stamp_of
from gco_stream.shell.kubernetes_library import Configuration, RESTClientObject

_AGENT = "gco-stream"
# Of an answer, before its connection is told to wait; the library's 2 MiB a watch stand still in memory.
_BUFFERED_BYTES = 2**16
Body = Mapping[str, Any] | list[Any]


class Connection:
    """Sends requests to the API server that a configuration names.

    It connects anew when the file of certificate authorities has changed. Connections that exist are left to end by
    themselves, since something may be in hand on them.

    Attributes:
        agent: What it calls itself; audit logs have that.
    """

    def __init__(self, configuration: Configuration, *, agent: str = _AGENT) -> None:
        self.configuration = configuration
        self.agent = agent
        self.line = _Line(configuration)
        self._authorities = configuration.ssl_ca_cert
        self._stamp = self._now()
        self._earlier: list[_Line] = []

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for line in (*self._earlier, self.line):
            await line.close()

    async def send(
        self, method: str, target: str, *, body: Body | None, headers: Mapping[str, str], seconds: float
    ) -> ClientResponse:
        """Send one request, and return its answer, whatever it is, as soon as its head is there.

        Args:
            target: Path and query.
            seconds: After which it is cut off, content and all.

        Raises:
            aiohttp.ClientError, OSError, TimeoutError: There is no answer.
        """
        self._renew()
        return await self.line.session.request(
            method,
            f"{self.configuration.host}{target}",
            data=None if body is None else json.dumps(body),
            headers={"User-Agent": self.agent, **headers, **await self._authorization()},
            timeout=ClientTimeout(total=seconds),
            **self.line.options,
        )

    async def _authorization(self) -> dict[str, str]:
        """Return the header that says who we are; tokens are renewed by this."""
        bearer = (await self.configuration.auth_settings()).get("BearerToken")
        return {} if bearer is None else {bearer["key"]: bearer["value"]}

    def _renew(self) -> None:
        stamp = self._now()
        if stamp is None or stamp == self._stamp:
            return
        try:
            anew = _Line(self.configuration)
        except (ssl.SSLError, OSError):
            return  # It is only half written; it is looked at again before the next request.
        self._earlier.append(self.line)
        self.line, self._stamp = anew, stamp

    def _now(self) -> Stamp | None:
        return None if self._authorities is None else stamp_of(Path(self._authorities))


class _Line:
    """Connections that trust one certificate authority.

    The library opens them, for it knows of TLS what a configuration may say. A session of our own sends over them: the
    library's asks a thread for the proxy's address and for ``.netrc`` before each request.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._rest = RESTClientObject(configuration)
        self.session = ClientSession(
            connector=self._rest.pool_manager.connector, connector_owner=False, read_bufsize=_BUFFERED_BYTES
        )
        self.options: dict[str, Any] = {
            "proxy": self._rest.proxy or _proxy_of(str(configuration.host)),
            "proxy_headers": self._rest.proxy_headers,
            "server_hostname": self._rest.server_hostname,
        }

    async def close(self) -> None:
        """Close them."""
        await self.session.close()
        await self._rest.close()


def _proxy_of(url: str) -> str | None:
    """Return the proxy that the environment names for a server, as ``HTTPS_PROXY`` and ``NO_PROXY`` do."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


def target_of(path: str, query: Mapping[str, str]) -> str:
    """Write a path and a query in one."""
    return f"{path}?{urlencode(query)}" if query else path
