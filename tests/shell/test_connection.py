"""What stands between us and the API server: nothing that is not used, and a proxy where the environment names one."""

import subprocess
import sys
from datetime import timedelta

import pytest

from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_api import KubernetesApi
from gco_stream.shell.kubernetes_library import Configuration
from tests.shell.servers import Server, says

_STARTED = """
import sys
import gco_stream.app
assert not [name for name in sys.modules if name.startswith("kubernetes_asyncio.client.models")]
from kubernetes_asyncio.client import ApiClient, Configuration, V1Pod
from gco_stream.shell import kubernetes_library
assert Configuration is kubernetes_library.Configuration
"""


async def ask(host: str) -> None:
    async with Connection(Configuration(host=host)) as connection:
        await KubernetesApi(connection, timeout=timedelta(seconds=5)).request("GET", "/x", query={"a": "b c"})


@pytest.mark.process
def test_a_start_loads_no_models_and_whoever_wants_them_finds_them() -> None:
    ended = subprocess.run([sys.executable, "-c", _STARTED], capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr


async def test_requests_go_through_the_proxy_that_the_environment_names(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    server.will(says({}))

    await ask("http://kubernetes.example")

    (asked,) = server.asked
    assert (asked.headers["Host"], asked.path, asked.query) == ("kubernetes.example", "/x", {"a": "b c"})


async def test_requests_pass_a_proxy_by_that_is_not_for_this_server(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.will(says({}))

    await ask(server.url)

    assert [asked.headers["User-Agent"] for asked in server.asked] == ["gco-stream"]
