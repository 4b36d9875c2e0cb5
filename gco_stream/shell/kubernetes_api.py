"""The API server: where it is, and one request to it.

Of kubernetes-asyncio only the configuration, TLS and token refresh are used, with plain values: its typed models cost
twenty times the time and memory.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, StreamReader
from yaml import YAMLError

from gco_stream.errors import GcoStreamError, InvalidSettings, Problem, StreamGap, Transient
from gco_stream.meters import Meters
from gco_stream.shell.connection import Body, Connection, target_of
from gco_stream.shell.credentials import SERVICE_ACCOUNT, TokenFile
from gco_stream.shell.kubernetes_errors import Answer, error_of, says_absent
from gco_stream.shell.kubernetes_library import Configuration, config
from gco_stream.shell.retry import retrying

# What client-go calls it.
NO_ANSWER = "<error>"


async def load_configuration(*, service_account: Path = SERVICE_ACCOUNT) -> Configuration:
    """Find the API server: the pod's own service account first, then a kubeconfig file.

    Raises:
        InvalidSettings: There is neither.
    """
    configuration = Configuration()
    try:
        token, authorities = service_account / "token", service_account / "ca.crt"
        config.load_incluster_config(  # type: ignore[no-untyped-call]
            client_configuration=configuration,
            try_refresh_token=False,
            token_filename=str(token),
            cert_filename=str(authorities),
        )
        configuration.refresh_api_key_hook = TokenFile(token)
    except config.ConfigException:
        try:
            await config.load_kube_config(client_configuration=configuration)
        except (config.ConfigException, OSError, YAMLError, AttributeError, TypeError, ValueError) as error:
            # What is no kubeconfig at all is not recognised as such by those who read it.
            expected = "run in a pod with a service account, or point it at a kubeconfig file"
            raise InvalidSettings([Problem("KUBECONFIG", str(error), expected)]) from error
    return configuration


class KubernetesApi:
    """Sends requests, each with a deadline, and turns the answers into objects or errors."""

    def __init__(self, connection: Connection, *, timeout: timedelta, meters: Meters | None = None) -> None:
        self._connection = connection
        self._meters = meters or Meters()
        self._seconds = timeout.total_seconds()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        accept: str = "application/json",
    ) -> dict[str, Any] | None:
        """Send one request, again where that helps at once; None stands for an object that is not there.

        Raises:
            Conflict: 409.
            Denied: 401 or 403.
            Refused: Repeating it can never help.
            Transient: Anything else.
        """
        async for attempt in retrying():
            with attempt:
                return await self.request_once(method, path, query=query, body=body, accept=accept)
        raise AssertionError("a retried call either returns or raises")

    async def request_once(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        accept: str = "application/json",
    ) -> dict[str, Any] | None:
        """Send one request, whatever comes of it; otherwise the same as ``request``."""
        answer = await self._send(method, path, query or {}, body, accept)
        if says_absent(answer):
            return None
        if not 200 <= answer.code < 300:
            raise error_of(answer)
        return _object_in(answer)

    @asynccontextmanager
    async def stream(self, path: str, *, query: Mapping[str, str], longest: float) -> AsyncIterator[StreamReader]:
        """Open an answer that goes on, and close it in the end.

        Args:
            longest: Seconds after which it is cut off. That something comes at all is the reader's to see to.

        Raises:
            StreamGap: The place from which it should go on is too old.
            Denied, Refused, Transient: It was not opened, as for ``request``; Transient also if it breaks off.
        """
        doing = f"GET {path}"
        try:
            async with asyncio.timeout(self._seconds):
                response = await self._call(
                    "GET", target_of(path, query), None, {"Accept": "application/json"}, longest
                )
            try:
                if response.status != 200:
                    async with asyncio.timeout(self._seconds):
                        raise _stream_error(_answer(doing, response, await response.read()))
                yield response.content
            finally:
                response.close()
        except TimeoutError as error:
            raise Transient(f"{doing}: nothing came in time") from error
        except (ClientError, OSError) as error:
            raise Transient(f"{doing}: {error}") from error

    async def _send(self, method: str, path: str, query: Mapping[str, str], body: Body | None, accept: str) -> Answer:
        doing = f"{method} {path}"
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = _content_type(method, body)
        try:
            async with asyncio.timeout(self._seconds):
                response = await self._call(method, target_of(path, query), body, headers, self._seconds)
                content = await response.read()
        except TimeoutError as error:
            raise Transient(f"{doing}: no answer in time") from error
        except (ClientError, OSError) as error:
            raise Transient(f"{doing}: {error}") from error
        return _answer(doing, response, content)

    async def _call(
        self, method: str, target: str, body: Body | None, headers: Mapping[str, str], seconds: float
    ) -> ClientResponse:
        began, code = asyncio.get_running_loop().time(), NO_ANSWER
        try:
            response = await self._connection.send(method, target, body=body, headers=headers, seconds=seconds)
            code = str(response.status)
        finally:
            host = urlsplit(str(self._connection.configuration.host)).netloc
            self._meters.answered(method, code, host, asyncio.get_running_loop().time() - began)
        return response


def _content_type(method: str, body: Body) -> str:
    if method != "PATCH":
        return "application/json"
    return "application/json-patch+json" if isinstance(body, list) else "application/apply-patch+yaml"


def _answer(doing: str, response: ClientResponse, content: bytes) -> Answer:
    retry_after = response.headers.get("Retry-After")
    return Answer(doing=doing, code=response.status, body=content, retry_after=retry_after)


def _stream_error(answer: Answer) -> GcoStreamError:
    error = error_of(answer)
    return StreamGap(str(error)) if answer.code == 410 else error


def _object_in(answer: Answer) -> dict[str, Any]:
    """Read the object that a success carries; a proxy between us and the server may have made one up."""
    try:
        content = json.loads(answer.body)
    except ValueError as error:
        raise Transient(f"{answer.doing}: the answer is no JSON") from error
    if not isinstance(content, dict):
        raise Transient(f"{answer.doing}: the answer is no object")
    return content
