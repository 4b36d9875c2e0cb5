"""Credentials that change while we run: the service account's token, and the authority that vouches for the API server.

Both are files that are replaced under a running process.
They are looked at before each request, which costs a ``stat``.
"""

import ssl
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.client.rest import RESTClientObject

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_Stamp = tuple[int, int, int]


class TokenFile:
    """Puts the token that a file has into the configuration, as its hook before each request.

    A file that cannot be read, or is empty, has no new one: the one we have is good for a while.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: _Stamp | None = None
        self._token = ""

    def __call__(self, configuration: Configuration) -> None:
        """Renew the token."""
        stamp = _stamp(self._path)
        if stamp is not None and stamp != self._stamp:
            try:
                self._token, self._stamp = self._path.read_text().strip() or self._token, stamp
            except (OSError, ValueError):
                return
        if self._token:
            configuration.api_key["BearerToken"] = f"Bearer {self._token}"


class RenewingClient(ApiClient):
    """Connects anew when the file of certificate authorities has changed.

    Connections that exist are left to end by themselves, since something may be in hand on them.
    """

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self._authorities = configuration.ssl_ca_cert
        self._stamp = self._now()
        self._earlier: list[RESTClientObject] = []

    def call_api(self, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """Send one request."""
        stamp = self._now()
        if stamp is not None and stamp != self._stamp:
            self._connect_anew(stamp)
        call: Awaitable[Any] = super().call_api(*args, **kwargs)
        return call

    async def close(self) -> None:
        """Close every connection."""
        for earlier in self._earlier:
            await earlier.close()
        await super().close()

    def _connect_anew(self, stamp: _Stamp) -> None:
        try:
            anew = RESTClientObject(self.configuration)
        except (ssl.SSLError, OSError):
            return  # It is only half written; it is looked at again before the next request.
        self._earlier.append(self.rest_client)
        self.rest_client, self._stamp = anew, stamp

    def _now(self) -> _Stamp | None:
        return None if self._authorities is None else _stamp(Path(self._authorities))


def _stamp(path: Path) -> _Stamp | None:
    """Return what tells one version of a file from the next; None if there is none to be read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
