"""Tokens and certificate authorities that are replaced under a running process."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from gco_stream.errors import Transient
from gco_stream.shell.connection import Connection
from gco_stream.shell.credentials import TokenFile
from gco_stream.shell.kubernetes_api import KubernetesApi, load_configuration
from gco_stream.shell.kubernetes_library import Configuration
from tests.certificates import self_signed
from tests.shell.servers import Server, says

pytestmark = pytest.mark.process


@asynccontextmanager
async def an_api(configuration: Configuration) -> AsyncIterator[KubernetesApi]:
    async with Connection(configuration) as client:
        yield KubernetesApi(client, timeout=timedelta(seconds=5))


def replaced(path: Path, text: str) -> None:
    """Replace a file as a kubelet does: at once, and by another one."""
    another = path.with_suffix(".new")
    another.write_text(text)
    another.replace(path)


def with_token(server: Server, token: Path) -> Configuration:
    configuration = Configuration(host=server.url)
    configuration.api_key["BearerToken"] = "what is found at the start"
    configuration.refresh_api_key_hook = TokenFile(token)
    return configuration


class TestToken:
    async def test_a_token_that_is_replaced_is_used_from_the_next_request_on(
        self, server: Server, tmp_path: Path
    ) -> None:
        server.will(says({}))
        token = tmp_path / "token"
        replaced(token, "first\n")
        configuration = with_token(server, token)

        async with an_api(configuration) as api:
            await api.request("GET", "/x")
            replaced(token, "second")
            await api.request("GET", "/x")
            await api.request("GET", "/x")

        assert [asked.headers["Authorization"] for asked in server.asked] == [
            "Bearer first",
            "Bearer second",
            "Bearer second",
        ]

    @pytest.mark.parametrize("trouble", ["empty", "gone", "unreadable"])
    async def test_without_a_new_one_the_old_one_is_used(self, server: Server, tmp_path: Path, trouble: str) -> None:
        server.will(says({}))
        token = tmp_path / "token"
        replaced(token, "first")
        configuration = with_token(server, token)

        async with an_api(configuration) as api:
            await api.request("GET", "/x")
            token.unlink()
            if trouble == "empty":
                token.write_text("")
            if trouble == "unreadable":
                token.mkdir()
            await api.request("GET", "/x")

        assert {asked.headers["Authorization"] for asked in server.asked} == {"Bearer first"}

    @pytest.mark.behaviour("B3")
    async def test_a_pods_own_token_is_used_and_renewed(
        self, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        certificate, _ = self_signed(tmp_path, "a")
        (tmp_path / "ca.crt").write_text(certificate.read_text())
        replaced(tmp_path / "token", "first")
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

        configuration = await load_configuration(service_account=tmp_path)
        assert configuration.host == "https://10.0.0.1:443"
        assert configuration.ssl_ca_cert == str(tmp_path / "ca.crt")
        server.will(says({}))
        configuration.host = server.url
        replaced(tmp_path / "token", "second")
        async with an_api(configuration) as api:
            await api.request("GET", "/x")

        assert [asked.headers["Authorization"] for asked in server.asked] == ["Bearer second"]


@asynccontextmanager
async def secured(certificate: Path, key: Path, *, port: int = 0) -> AsyncIterator[int]:
    """Serve an empty object over TLS, and return the port."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response({})

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context, reuse_address=True)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


class TestAuthority:
    async def test_a_server_with_another_certificate_is_trusted_as_soon_as_the_file_says_so(
        self, tmp_path: Path
    ) -> None:
        first, second = self_signed(tmp_path, "first"), self_signed(tmp_path, "second")
        authorities = tmp_path / "ca.crt"
        replaced(authorities, first[0].read_text())
        async with secured(*first) as port:
            configuration = Configuration(host=f"https://127.0.0.1:{port}")
            configuration.ssl_ca_cert = str(authorities)
            async with an_api(configuration) as api:
                await api.request("GET", "/x")
                async with secured(*second) as other:
                    configuration.host = f"https://127.0.0.1:{other}"
                    with pytest.raises(Transient):
                        await api.request("GET", "/x")
                    replaced(authorities, "half a certif")
                    with pytest.raises(Transient):
                        await api.request("GET", "/x")

                    replaced(authorities, second[0].read_text())

                    assert await api.request("GET", "/x") == {}

    async def test_a_file_that_stays_keeps_its_connections(self, tmp_path: Path) -> None:
        certificate, _ = self_signed(tmp_path, "first")
        configuration = Configuration(host="https://127.0.0.1:1")
        configuration.ssl_ca_cert = str(certificate)
        async with Connection(configuration) as client:
            api, connections = KubernetesApi(client, timeout=timedelta(seconds=5)), client.line

            for _ in range(2):
                with pytest.raises(Transient):
                    await api.request("GET", "/x")

            assert client.line is connections
